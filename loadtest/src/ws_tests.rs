//! The client against tungstenite's server, and against nonsense.

use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocket};
use tokio_tungstenite::tungstenite::{Message, accept};

use super::*;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A blocking server that answers one connection with `talk`.
fn server(
    talk: impl FnOnce(WebSocket<std::net::TcpStream>) + Send + 'static,
) -> (SocketAddr, std::thread::JoinHandle<()>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || talk(accept(listener.accept().unwrap().0).unwrap()));
    (address, thread)
}

#[test]
fn messages_of_every_length_come_back_as_they_were() {
    let (address, thread) = server(|mut socket| {
        while let Ok(message @ Message::Text(_)) = socket.read() {
            socket.send(Message::Ping(vec![1, 2, 3].into())).unwrap();
            socket.send(message).unwrap();
            assert_eq!(socket.read().unwrap(), Message::Pong(vec![1, 2, 3].into()));
        }
    });
    runtime().block_on(async {
        let mut socket = Socket::connect(address, source(0), Some("token")).await.unwrap();
        for size in [0, 1, 125, 126, 127, 4096, 65_535, 65_536, 300_000] {
            let text = "x".repeat(size);
            socket.send(&text).await.unwrap();
            assert_eq!(socket.next().await.unwrap(), text.as_bytes(), "{size}");
        }
    });
    thread.join().unwrap();
}

#[test]
fn several_frames_in_one_read_are_told_apart() {
    let (address, thread) = server(|mut socket| {
        socket.read().unwrap();
        for i in 0..100 {
            socket.write(Message::text("y".repeat(i))).unwrap();
        }
        socket.flush().unwrap();
    });
    runtime().block_on(async {
        let mut socket = Socket::connect(address, source(0), None).await.unwrap();
        let (frame, at) = text_frame("hello");
        assert_eq!(&frame[at..], b"hello");
        socket.send_frame(&frame).await.unwrap();
        for i in 0..100 {
            assert_eq!(socket.next().await.unwrap().len(), i);
        }
        assert!(matches!(socket.next().await, Err(Broken::Gone(_))));
    });
    thread.join().unwrap();
}

#[test]
fn a_close_frame_is_told_with_its_code() {
    let (address, thread) = server(|mut socket| {
        socket.read().unwrap();
        let reason = "slow_reader".into();
        socket.close(Some(CloseFrame { code: CloseCode::from(4001), reason })).unwrap();
        let _ = socket.flush();
    });
    runtime().block_on(async {
        let mut socket = Socket::connect(address, source(0), None).await.unwrap();
        socket.send("hello").await.unwrap();
        let told = socket.next().await.unwrap_err();
        assert_eq!(told, Broken::Closed(4001, "slow_reader".into()));
    });
    thread.join().unwrap();
}

#[test]
fn a_refused_handshake_tells_the_status_and_the_body() {
    runtime().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await.unwrap();
            let text = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 5\r\n\r\nnope!";
            stream.write_all(text).await.unwrap();
            stream
        };
        let (told, _stream) = tokio::join!(Socket::connect(address, source(0), None), answer);
        assert!(matches!(told.err().unwrap(), Broken::Status(401, _)));
    });
}

#[test]
fn nonsense_from_the_server_is_an_error() {
    let huge = &[0x81, 127, 1, 0, 0, 0, 0, 0, 0, 0][..];
    for bytes in [&[0x81, 0x80][..], &[0xf1, 0x00], &[0x82, 0x00], &[0x01, 0x00], huge] {
        let bytes = bytes.to_vec();
        let (address, thread) = server(move |mut socket| {
            use std::io::Write;
            socket.read().unwrap();
            socket.get_ref().write_all(&bytes).unwrap();
            let _ = socket.read();
        });
        runtime().block_on(async {
            let mut socket = Socket::connect(address, source(0), None).await.unwrap();
            socket.send("hello").await.unwrap();
            let told = socket.next().await.unwrap_err();
            assert!(matches!(told, Broken::Protocol(_)), "{told:?}");
        });
        thread.join().unwrap();
    }
}

#[test]
fn sources_spread_over_addresses() {
    assert_eq!(source(0), Ipv4Addr::new(127, 0, 0, 2));
    assert_eq!(source(3999), Ipv4Addr::new(127, 0, 0, 2));
    assert_eq!(source(4000), Ipv4Addr::new(127, 0, 0, 3));
    assert_eq!(source(usize::MAX), Ipv4Addr::new(127, 0, 0, 250));
}
