//! A FAKE web server on loopback: gives scripted answers in order and remembers what it was asked. It stands for OAuth
//! providers and Microsoft Graph in what the real ones cannot be made to do on cue; stories over a real OAuth server are in
//! the workspace's `tests/flow`, and no test speaks to Microsoft.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Asked {
    /// A field of the form, as it was encoded.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let pairs = self.body.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).next()
    }
}

pub(crate) struct Web {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    answers: Arc<Mutex<Vec<String>>>,
}

/// An answer with JSON.
pub(crate) fn json(status: u16, body: &str) -> String {
    with(status, "Content-Type: application/json\r\n", body)
}

/// An answer with more fields in its head.
pub(crate) fn with(status: u16, head: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} x\r\n{head}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

impl Web {
    /// Gives these answers one after the other, and then nothing but 500.
    pub(crate) async fn serve(answers: impl IntoIterator<Item = String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut answers: Vec<String> = answers.into_iter().collect();
        answers.reverse();
        let (asked, answers) = (Arc::new(Mutex::new(vec![])), Arc::new(Mutex::new(answers)));
        let (noted, left) = (asked.clone(), answers.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (noted, left) = (noted.clone(), left.clone());
                tokio::spawn(async move { answer(stream, &noted, &left).await });
            }
        });
        Self { url, asked, answers }
    }

    /// More answers, after those that are left.
    pub(crate) fn then(&self, answer: String) {
        self.answers.lock().unwrap().insert(0, answer);
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(mut stream: TcpStream, noted: &Mutex<Vec<Asked>>, left: &Mutex<Vec<String>>) {
    let mut head = vec![];
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    noted.lock().unwrap().push(Asked { head, body: String::from_utf8(body).unwrap() });
    let said = left.lock().unwrap().pop().unwrap_or_else(|| with(500, "", "no answer is left"));
    let _ = stream.write_all(said.as_bytes()).await;
    let _ = stream.shutdown().await;
}
