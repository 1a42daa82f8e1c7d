//! The templates of what people read. Both programs keep theirs in `templates/` and build them in.
//!
//! Text from outside is only ever a value, never a template. HTML is escaped, plain text is not. Strict: a name that a
//! template uses and the values lack is an error, so that a mail with a hole is never sent.

use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, Renderable as _, no_escape,
};
use serde::Serialize;

use crate::text;

/// Longest line of plain text that is folded, in characters: fits a terminal of 80 columns with a mark of quotation.
const COLUMNS: usize = 78;

/// A template that failed, which is a fault in the program.
#[derive(Debug, thiserror::Error)]
#[error("a template does not fit its values: {0}")]
pub struct RenderError(#[from] handlebars::RenderError);

/// The templates of one program in one language.
#[derive(Debug)]
pub struct Templates {
    text: Handlebars<'static>,
    html: Handlebars<'static>,
}

impl Templates {
    /// Reads templates by their file names: `NAME.html.hbs` is a page, anything else plain text; a `NAME.hbs` may be part of both.
    ///
    /// # Panics
    /// If one is none: the templates are part of the program, and a test reads them all.
    #[must_use]
    pub fn new(files: &[(&'static str, &'static str)]) -> Self {
        let (mut text, mut html) = (Handlebars::new(), Handlebars::new());
        for registry in [&mut text, &mut html] {
            registry.set_strict_mode(true);
            registry.register_helper("fold", Box::new(Fold));
        }
        text.register_escape_fn(no_escape);
        let register = |registry: &mut Handlebars<'static>, name: &str, source: &str| {
            let name = name.split('.').next().unwrap_or(name);
            registry.register_template_string(name, source).expect("a built-in template is read by a test");
        };
        for (name, source) in files {
            let is_page = name.ends_with(".html.hbs");
            if is_page || !name.ends_with(".txt.hbs") {
                register(&mut html, name, source);
            }
            if !is_page {
                register(&mut text, name, source);
            }
        }
        Self { text, html }
    }

    /// Plain text from the template of that name.
    ///
    /// # Errors
    /// [`RenderError`]: no such template, or it uses a name that `values` lacks.
    pub fn text<T: Serialize>(&self, name: &str, values: &T) -> Result<String, RenderError> {
        Ok(self.text.render(name, values)?)
    }

    /// One line from the template of that name: all white space becomes single spaces.
    ///
    /// # Errors
    /// As [`Templates::text`].
    pub fn one_line<T: Serialize>(&self, name: &str, values: &T) -> Result<String, RenderError> {
        Ok(self.text(name, values)?.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// HTML from the template of that name; every value is escaped.
    ///
    /// # Errors
    /// As [`Templates::text`].
    pub fn html<T: Serialize>(&self, name: &str, values: &T) -> Result<String, RenderError> {
        Ok(self.html.render(name, values)?)
    }
}

/// `{{#fold 2}}...{{/fold}}`: plain text in lines that fit a terminal, the further ones indented by so many columns.
struct Fold;

impl HelperDef for Fold {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let indent = helper.param(0).and_then(|param| param.value().as_u64()).unwrap_or_default();
        if let Some(block) = helper.template() {
            let inside = block.renders(registry, context, render)?;
            out.write(&text::fold(&inside, COLUMNS, usize::try_from(indent).unwrap_or_default()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FILES: &[(&str, &str)] = &[
        ("letter.txt.hbs", "{{#each items}}\n{{#fold 2}}- {{this}}{{/fold}}\n{{/each}}\n{{> part}}\n"),
        ("letter.html.hbs", "<ul>{{#each items}}<li>{{this}}</li>{{/each}}</ul>{{> part}}"),
        ("part.hbs", "by {{by}}"),
    ];

    #[test]
    fn values_are_escaped_in_pages_and_folded_in_text_and_are_never_templates() {
        let templates = Templates::new(FILES);
        let values = json!({ "items": ["word ".repeat(20).trim(), "{{by}} <b>"], "by": "Eva & Co" });
        let text = templates.text("letter", &values).unwrap();
        assert!(text.contains("word\n  word") && text.contains("- {{by}} <b>\n"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS), "{text}");
        let html = templates.html("letter", &values).unwrap();
        assert!(html.ends_with("<li>{{by}} &lt;b&gt;</li></ul>by Eva &amp; Co"), "{html}");
        assert_eq!(templates.one_line("part", &json!({ "by": "a\n b" })).unwrap(), "by a b");
    }

    #[test]
    fn a_value_that_is_missing_is_an_error_and_not_a_hole_in_a_mail() {
        let error = Templates::new(FILES).text("part", &json!({})).unwrap_err().to_string();
        assert!(error.contains("\"by\""), "{error}");
    }
}
