//! The bare echo without actix: tokio's sockets and a codec of its own (RFC 6455, unfragmented
//! text frames of up to 64 KiB, which is all that `rush` sends). It answers one question: how much
//! of a registration's cost is the WebSocket layer's, that another layer could save.

use std::future::pending;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{FILLING, asked, asked_ticks};

/// Longest request head and longest frame.
const BYTES_MAX: usize = 64 * 1024;

/// Serves until the process is killed.
pub fn run(listen: SocketAddr, workers: usize) -> io::Result<()> {
    let listener = TcpListener::bind(listen)?;
    listener.set_nonblocking(true)?;
    let workers: Vec<_> =
        (0..workers).map(|_| Ok((listener.try_clone()?, runtime()?))).collect::<io::Result<_>>()?;
    std::thread::scope(|scope| {
        for (listener, runtime) in workers {
            scope.spawn(move || runtime.block_on(accept(listener)));
        }
    });
    Ok(())
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

async fn accept(listener: TcpListener) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let ticker = Arc::new(Ticker::default());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let ticker = Arc::clone(&ticker);
        // A connection that ends or breaks concerns nobody else.
        tokio::spawn(async move { serve(stream, &ticker).await.ok() });
    }
}

/// The clock of one worker, started by the first who asks for frames at its ticks.
#[derive(Default)]
struct Ticker(OnceLock<watch::Sender<usize>>);

impl Ticker {
    fn join(&self, length: usize, every: Duration) -> watch::Receiver<usize> {
        let start = || {
            let (sender, _) = watch::channel(length);
            let clock = sender.clone();
            tokio::spawn(async move {
                let mut ticks = interval(every);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
                loop {
                    ticks.tick().await;
                    clock.send_replace(length);
                }
            });
            sender
        };
        self.0.get_or_init(start).subscribe()
    }
}

/// The length of the text to send at the next tick, if this socket asked for any.
async fn tick(ticks: &mut Option<watch::Receiver<usize>>) -> usize {
    let Some(ticks) = ticks else { return pending().await };
    match ticks.changed().await {
        Ok(()) => *ticks.borrow_and_update(),
        Err(_) => pending().await,
    }
}

async fn serve(mut stream: TcpStream, ticker: &Ticker) -> io::Result<()> {
    let mut input = Vec::with_capacity(1024);
    let mut output = Vec::with_capacity(1024);
    while !input.ends_with(b"\r\n\r\n") {
        read(&mut stream, &mut input).await?;
    }
    stream.write_all(accepted(&input)?.as_bytes()).await?;
    input.clear();
    let mut ticks = None;
    loop {
        tokio::select! {
            read = read(&mut stream, &mut input) => read?,
            length = tick(&mut ticks) => answer(length, &mut output),
        }
        let mut used = 0;
        while let Some((text, length)) = frame(&mut input[used..]) {
            let text = String::from_utf8_lossy(text);
            match asked_ticks(&text) {
                Some(every) => ticks = Some(ticker.join(asked(&text), every)),
                None => answer(asked(&text), &mut output),
            }
            used += length;
        }
        input.drain(..used);
        stream.write_all(&output).await?;
        output.clear();
    }
}

async fn read(stream: &mut TcpStream, input: &mut Vec<u8>) -> io::Result<()> {
    if input.len() > BYTES_MAX || stream.read_buf(input).await? == 0 {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    Ok(())
}

fn accepted(head: &[u8]) -> io::Result<String> {
    let head = String::from_utf8_lossy(head);
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim().to_owned())
    });
    let key = key.ok_or(io::ErrorKind::InvalidData)?;
    Ok(format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-accept: {}\r\n\r\n",
        derive_accept_key(key.as_bytes())
    ))
}

/// The first frame's payload, unmasked, and the frame's length, once it is whole.
fn frame(bytes: &mut [u8]) -> Option<(&[u8], usize)> {
    let (mask_at, length) = match *bytes.get(1)? & 0x7f {
        126 => (4, usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]))),
        length => (2, usize::from(length)),
    };
    let mask: [u8; 4] = bytes.get(mask_at..mask_at + 4)?.try_into().ok()?;
    let start = mask_at + 4;
    let payload = bytes.get_mut(start..start + length)?;
    for (byte, key) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
    Some((payload, start + length))
}

fn answer(wanted: usize, output: &mut Vec<u8>) {
    match u8::try_from(wanted) {
        Ok(short @ ..126) => output.extend_from_slice(&[0x81, short]),
        _ => {
            output.extend_from_slice(&[0x81, 126]);
            output.extend_from_slice(&(wanted as u16).to_be_bytes());
        }
    }
    output.extend_from_slice(&FILLING.as_bytes()[..wanted]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ws::text_frame;

    #[test]
    fn frames_are_read_whole_and_answered_with_the_length_asked_for() {
        for (text, wanted) in [("00005", 5), ("00300 and more", 300)] {
            let (whole, _) = text_frame(text);
            for cut in 0..whole.len() {
                assert_eq!(frame(&mut whole[..cut].to_vec()), None);
            }
            let mut bytes = whole.clone();
            let (payload, length) = frame(&mut bytes).unwrap();
            assert_eq!((payload, length), (text.as_bytes(), whole.len()));
            let mut output = Vec::new();
            answer(asked(text), &mut output);
            assert_eq!(output.len(), wanted + if wanted < 126 { 2 } else { 4 });
        }
    }

    #[test]
    fn the_key_is_answered() {
        let head = b"GET /ws HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        // The example of RFC 6455, section 1.3.
        assert!(accepted(head).unwrap().contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        assert!(accepted(b"GET / HTTP/1.1\r\n\r\n").is_err());
    }
}
