// Opens every mail in frames of a phone's and a desk's width, and says what is wrong with it, one fault a line.
// A mail's own scripts may not run and nothing may be loaded: what is asked for is a violation of the frame's policy and named.
const POLICY = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-look'">
<script nonce="look">addEventListener('securitypolicyviolation', event =>
  parent.postMessage(event.violatedDirective + ' ' + event.blockedURI, '*'));<\/script>`;

/** The parts of a colour as the browser computed it, each 0 to 1. */
function parts(colour) {
  const [red, green, blue, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
  return [red / 255, green / 255, blue / 255, alpha];
}

/** Relative luminance (WCAG 2.2). */
function luminance([red, green, blue]) {
  const linear = part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

/** The background an element is read on: the nearest that is not transparent. */
function background(view, element) {
  for (let at = element; at; at = at.parentElement) {
    const colour = parts(view.getComputedStyle(at).backgroundColor);
    if (colour[3] > 0) return colour;
  }
  return [1, 1, 1, 1];
}

function contrast(view, element) {
  const [a, b] = [parts(view.getComputedStyle(element).color), background(view, element)].map(luminance);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

function faults(view, width) {
  const found = [];
  const root = view.document.documentElement;
  if (root.scrollWidth > width) found.push(`is ${root.scrollWidth} px wide`);
  for (const element of view.document.body.querySelectorAll('*')) {
    if (element.getClientRects().length === 0) continue;
    const name = `${element.localName} "${element.textContent.trim().slice(0, 40)}"`;
    if (element.getBoundingClientRect().right > width + 0.5) found.push(`${name} ends beyond the edge`);
    if (element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1) found.push(`${name} is cut off`);
    const speaks = [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const ratio = contrast(view, element);
    if (speaks && ratio < 4.5) found.push(`${name} is hard to read: contrast ${ratio.toFixed(1)}`);
  }
  return found;
}

function look(mail, width) {
  return new Promise(done => {
    const frame = document.createElement('iframe');
    const asked = [];
    const hear = event => { if (event.source === frame.contentWindow) asked.push(`asks for ${event.data}`); };
    addEventListener('message', hear);
    frame.style.cssText = `width:${width}px;height:1200px;border:0`;
    frame.srcdoc = mail.html.replace('<head>', '<head>' + POLICY);
    // Violations come as messages, so after the frame is loaded they get their turn.
    frame.onload = () => setTimeout(() => {
      const said = [...asked, ...faults(frame.contentWindow, width)];
      removeEventListener('message', hear);
      frame.remove();
      done(said.map(fault => `${mail.name} at ${width} px: ${fault}`));
    }, 50);
    document.body.append(frame);
  });
}

async function lookAtAll(mails) {
  const said = [];
  for (const mail of mails) {
    for (const width of [360, 1200]) said.push(...await look(mail, width));
  }
  const scheme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  said.push(`looked at ${mails.length} in ${scheme}`);
  document.getElementById('said').textContent = said.join('\n');
}
lookAtAll(JSON.parse(document.getElementById('mails').textContent));
