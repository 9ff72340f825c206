//! A lean WebSocket client. The handshake is tungstenite's; after it, frames are read and written
//! here, in buffers that are used again, because this client shares its cores with the gateway
//! that it measures. Frames are masked with the key 0: the server's work is the same, ours is
//! none.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, handshake::client::Request};

/// Largest frame accepted from the server, in bytes.
const FRAME_BYTES_MAX: usize = 1024 * 1024;
/// First size of a socket's read buffer, in bytes.
const READ_BYTES: usize = 2048;

/// Why a socket gave no frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Broken {
    /// The connection ended without a close frame.
    Gone(String),
    /// The server closed it.
    Closed(u16, String),
    /// The handshake was answered with this HTTP status.
    Status(u16, String),
    /// What the server sent is no WebSocket, or nothing that this client understands.
    Protocol(String),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone(what) => write!(f, "connection lost ({what})"),
            Self::Closed(code, reason) => write!(f, "closed by the server: {code} {reason}"),
            Self::Status(status, body) => write!(f, "sign-in refused: HTTP {status} {body}"),
            Self::Protocol(what) => f.write_str(what),
        }
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Gone(error.to_string())
    }
}

/// The source address of the n-th connection: a few thousand each, from 127.0.0.2 on, so that the
/// ports of one address never run out.
pub fn source(n: usize) -> Ipv4Addr {
    const PER_ADDRESS: usize = 4000;
    Ipv4Addr::new(127, 0, 0, 2 + (n / PER_ADDRESS).min(248) as u8)
}

/// One connection.
pub struct Socket {
    stream: TcpStream,
    input: Vec<u8>,
    /// Bytes of `input` that were received and not used yet.
    pending: Range<usize>,
    output: Vec<u8>,
}

/// A frame's head, once enough bytes are there.
struct Head {
    opcode: u8,
    last: bool,
    payload: Range<usize>,
}

impl Socket {
    /// Connects from an address of our own and shakes hands, with a sign-in token where needed.
    pub async fn connect(
        server: SocketAddr,
        source: Ipv4Addr,
        token: Option<&str>,
    ) -> Result<Self, Broken> {
        let socket = TcpSocket::new_v4()?;
        if server.ip().is_loopback() {
            socket.bind(SocketAddr::new(IpAddr::V4(source), 0))?;
        }
        let stream = socket.connect(server).await?;
        stream.set_nodelay(true)?;
        let request = request(server, token)?;
        let config = WebSocketConfig::default().read_buffer_size(1024).write_buffer_size(0);
        let shaken =
            tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await;
        let (stream, _response) = shaken.map_err(refused)?;
        // Nothing can be lost here: the server speaks only after the client's first message.
        let stream = stream.into_inner();
        Ok(Self { stream, input: Vec::new(), pending: 0..0, output: Vec::new() })
    }

    /// Sends one text message.
    pub async fn send(&mut self, text: &str) -> Result<(), Broken> {
        let mut output = std::mem::take(&mut self.output);
        output.clear();
        frame(0x1, text.as_bytes(), &mut output);
        let sent = self.send_frame(&output).await;
        self.output = output;
        sent
    }

    /// Sends a frame that [`text_frame`] built.
    pub async fn send_frame(&mut self, frame: &[u8]) -> Result<(), Broken> {
        match self.stream.try_write(frame) {
            Ok(n) if n == frame.len() => Ok(()),
            Ok(n) => Ok(self.stream.write_all(&frame[n..]).await?),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                Ok(self.stream.write_all(frame).await?)
            }
            Err(e) => Err(e.into()),
        }
    }

    /// The next text message. Pings are answered. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<&[u8], Broken> {
        loop {
            let Some(head) = self.head()? else {
                self.fill().await?;
                continue;
            };
            self.pending.start = head.payload.end;
            match (head.opcode, head.last) {
                (0x1, true) => return Ok(&self.input[head.payload]),
                (0x8, _) => return Err(closed(&self.input[head.payload])),
                (0x9, true) => {
                    let mut pong = Vec::new();
                    frame(0xA, &self.input[head.payload], &mut pong);
                    self.send_frame(&pong).await?;
                }
                (0xA, true) => {}
                (opcode, _) => {
                    return Err(Broken::Protocol(format!(
                        "the server sent a frame with opcode {opcode:#x}, whole or in fragments, \
                         that this client does not know"
                    )));
                }
            }
        }
    }

    /// Reads what there is, after making room.
    async fn fill(&mut self) -> Result<(), Broken> {
        if self.pending.is_empty() {
            self.pending = 0..0;
        } else if self.pending.start > 0 {
            self.input.copy_within(self.pending.clone(), 0);
            self.pending = 0..self.pending.len();
        }
        if self.pending.end == self.input.len() {
            let size = (self.input.len() * 2).max(READ_BYTES);
            self.input.resize(size, 0);
        }
        loop {
            match self.stream.try_read(&mut self.input[self.pending.end..]) {
                Ok(0) => return Err(Broken::Gone("end of stream".into())),
                Ok(n) => {
                    self.pending.end += n;
                    return Ok(());
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.stream.readable().await?,
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// The first frame's head, if the frame is there whole.
    fn head(&self) -> Result<Option<Head>, Broken> {
        let bytes = &self.input[self.pending.clone()];
        let [first, second, ..] = *bytes else {
            return Ok(None);
        };
        if second & 0x80 != 0 || first & 0x70 != 0 {
            return Err(Broken::Protocol("the server sent a masked or extended frame".into()));
        }
        let (size, at) = match second & 0x7f {
            126 if bytes.len() < 4 => return Ok(None),
            126 => (usize::from(u16::from_be_bytes([bytes[2], bytes[3]])), 4),
            127 if bytes.len() < 10 => return Ok(None),
            127 => {
                let size = bytes[2..10].iter().fold(0_u64, |sum, b| sum << 8 | u64::from(*b));
                (usize::try_from(size).unwrap_or(usize::MAX), 10)
            }
            size => (usize::from(size), 2),
        };
        if size > FRAME_BYTES_MAX {
            return Err(Broken::Protocol(format!("the server sent a frame of {size} bytes")));
        }
        let start = self.pending.start + at;
        let payload = start..start + size;
        let (opcode, last) = (first & 0x0f, first & 0x80 != 0);
        Ok((payload.end <= self.pending.end).then_some(Head { opcode, last, payload }))
    }
}

fn request(server: SocketAddr, token: Option<&str>) -> Result<Request, Broken> {
    let wrong = |what: &dyn fmt::Display| Broken::Protocol(format!("cannot ask: {what}"));
    let mut request = format!("ws://{server}/ws").into_client_request().map_err(|e| wrong(&e))?;
    if let Some(token) = token {
        let value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|e| wrong(&e))?;
        request.headers_mut().insert("authorization", value);
    }
    Ok(request)
}

fn refused(error: tungstenite::Error) -> Broken {
    match error {
        tungstenite::Error::Http(response) => {
            let body = response.body().as_deref().unwrap_or_default();
            let body = String::from_utf8_lossy(&body[..body.len().min(300)]).replace('\n', " ");
            Broken::Status(response.status().as_u16(), body)
        }
        tungstenite::Error::Io(error) => error.into(),
        other => Broken::Gone(other.to_string()),
    }
}

fn closed(payload: &[u8]) -> Broken {
    match payload {
        [a, b, reason @ ..] => Broken::Closed(
            u16::from_be_bytes([*a, *b]),
            String::from_utf8_lossy(reason).into_owned(),
        ),
        _ => Broken::Closed(1005, String::new()),
    }
}

/// Appends one whole client frame.
fn frame(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(0x80 | opcode);
    match payload.len() {
        size @ 0..126 => out.push(0x80 | size as u8),
        size @ 126..0x1_0000 => {
            out.push(0xfe);
            out.extend_from_slice(&(size as u16).to_be_bytes());
        }
        size => {
            out.push(0xff);
            out.extend_from_slice(&(size as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(payload);
}

/// A whole text frame, and where its payload begins: it may be changed in place and sent again.
pub fn text_frame(text: &str) -> (Vec<u8>, usize) {
    let mut out = Vec::with_capacity(text.len() + 14);
    frame(0x1, text.as_bytes(), &mut out);
    let at = out.len() - text.len();
    (out, at)
}

#[cfg(test)]
#[path = "ws_tests.rs"]
mod tests;
