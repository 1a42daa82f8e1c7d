//! Small servers on the loopback, each on a thread that ends with the tests.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Hands each connection to `serve`; its port.
pub(crate) fn server(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            std::thread::spawn(move || serve(stream));
        }
    });
    port
}

/// Reads a request's head and answers with what `answer` makes of it.
pub(crate) fn web(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> u16 {
    server(move |stream| talk(stream, &answer))
}

/// The same over TLS.
pub(crate) fn private_web(config: Arc<ServerConfig>, answer: &'static str) -> u16 {
    server(move |stream| {
        let connection = ServerConnection::new(config.clone()).unwrap();
        talk(StreamOwned::new(connection, stream), &|_| answer.into());
    })
}

/// Makes the connection private and says something.
pub(crate) fn private_banner(config: Arc<ServerConfig>, banner: &'static str) -> u16 {
    server(move |stream| {
        let connection = ServerConnection::new(config.clone()).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        let _ = stream.write_all(banner.as_bytes()).and_then(|()| stream.flush());
        let _ = stream.read_to_end(&mut vec![]);
    })
}

/// A port nobody listens on.
pub(crate) fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn talk(mut stream: impl Read + Write, answer: &(impl Fn(&str) -> Vec<u8> + ?Sized)) {
    let mut head = vec![];
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
        head.push(byte[0]);
    }
    let _ = stream.write_all(&answer(&String::from_utf8_lossy(&head))).and_then(|()| stream.flush());
    let _ = stream.read_to_end(&mut vec![]);
}

/// An answer with its length.
pub(crate) fn answer(status: &str, more: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{more}\r\n{body}", body.len()).into_bytes()
}
