//! One light peer's control connection: TLS, the WebSocket's opening, frames.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use rcgen::KeyPair;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The name of the device listener.
pub const ORIGIN: &str = "origin.dms.internal";

/// What every frame is masked with; which bytes, is all the same to the load.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A WebSocket frame's kinds.
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

pub type Stream = TlsStream<TcpStream>;

/// The TLS configuration of a device.
pub fn tls(key: &KeyPair, certificate: &str, ca: &str) -> anyhow::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes())?)?;
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes())?];
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes())?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)?;
    config.resumption = rustls::client::Resumption::disabled();
    Ok(Arc::new(config))
}

/// A TLS connection from an address of this machine.
pub async fn connect(
    config: &Arc<ClientConfig>,
    name: &str,
    from: IpAddr,
    to: SocketAddr,
) -> anyhow::Result<Stream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(from, 0))?;
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    let connector = TlsConnector::from(Arc::clone(config));
    Ok(connector
        .connect(ServerName::try_from(name.to_owned())?, stream)
        .await?)
}

/// Opens the WebSocket on a connection. Answers both halves and what was read too much.
pub async fn open(
    mut stream: Stream,
) -> anyhow::Result<(ReadHalf<Stream>, WriteHalf<Stream>, Vec<u8>)> {
    let request = format!(
        "GET /v1/control HTTP/1.1\r\nhost: {ORIGIN}\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::with_capacity(512);
    let end = loop {
        ensure!(
            stream.read_buf(&mut head).await? > 0,
            "closed while opening"
        );
        if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let rest = head.split_off(end);
    let head = String::from_utf8_lossy(&head);
    ensure!(head.starts_with("HTTP/1.1 101"), "refused: {head}");
    let (read, write) = tokio::io::split(stream);
    Ok((read, write, rest))
}

/// A client's frame. The load sends none that is longer than 125 bytes.
pub fn frame(kind: u8, payload: &[u8]) -> anyhow::Result<Vec<u8>> {
    let len = u8::try_from(payload.len()).ok().filter(|len| *len <= 125);
    let mut frame = Vec::with_capacity(payload.len() + 6);
    frame.extend([0x80 | kind, 0x80 | len.context("a short payload")?]);
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(a, b)| a ^ b));
    Ok(frame)
}

/// The server's frames of one connection.
pub struct Frames {
    read: ReadHalf<Stream>,
    buffer: Vec<u8>,
}

impl Frames {
    pub fn new(read: ReadHalf<Stream>, rest: Vec<u8>) -> Self {
        Self { read, buffer: rest }
    }

    /// The next frame's kind and payload.
    pub async fn next(&mut self) -> anyhow::Result<(u8, Vec<u8>)> {
        loop {
            if let Some(frame) = self.take() {
                return Ok(frame);
            }
            if self.read.read_buf(&mut self.buffer).await? == 0 {
                bail!("closed");
            }
        }
    }

    fn take(&mut self) -> Option<(u8, Vec<u8>)> {
        let [kind, short, rest @ ..] = self.buffer.as_slice() else {
            return None;
        };
        let (len, head) = match short {
            126 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 4),
            127 => (u64::from_be_bytes(*rest.first_chunk()?), 10),
            len => (u64::from(*len), 2),
        };
        let kind = kind & 0x0f;
        let end = head + usize::try_from(len).ok()?;
        let payload = self.buffer.get(head..end)?.to_vec();
        self.buffer.drain(..end);
        if self.buffer.is_empty() && self.buffer.capacity() > 4096 {
            self.buffer = Vec::new();
        }
        Some((kind, payload))
    }
}
