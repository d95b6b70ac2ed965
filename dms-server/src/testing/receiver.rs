//! Servers that answer as a test says, and canaries that nobody may call.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// The request line.
    pub(crate) line: String,
    /// The fields, with lower-case names.
    pub(crate) fields: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Received {
    /// The one value of a field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} came once");
        value
    }
}

/// What is sent back, piece by piece; then the connection ends.
pub(crate) enum Part {
    /// These bytes.
    Bytes(Vec<u8>),
    /// Nothing for so long.
    Wait(Duration),
}

/// An answer with a length.
pub(crate) fn reply(status: u16, fields: &str, body: &[u8]) -> Vec<Part> {
    let head = format!(
        "HTTP/1.1 {status} x\r\n{fields}content-length: {}\r\n\r\n",
        body.len()
    );
    vec![Part::Bytes([head.as_bytes(), body].concat())]
}

/// An answer that leads elsewhere.
pub(crate) fn redirect(status: u16, location: &str) -> Vec<Part> {
    reply(status, &format!("location: {location}\r\n"), b"")
}

type Answers = dyn Fn(usize, &Received) -> Vec<Part> + Send + Sync;

/// A server; it ends when it is dropped.
pub(crate) struct Receiver {
    /// Where it listens.
    pub(crate) addr: SocketAddr,
    shared: Arc<Shared>,
    _accepting: AbortOnDropHandle<()>,
}

struct Shared {
    connections: AtomicUsize,
    requests: Mutex<Vec<Received>>,
    answers: Box<Answers>,
    tls: Option<TlsAcceptor>,
}

impl Receiver {
    /// Answers the requests, which are counted from 0, in plain HTTP.
    pub(crate) async fn http(
        at: &str,
        answers: impl Fn(usize, &Received) -> Vec<Part> + Send + Sync + 'static,
    ) -> Self {
        Self::start(at, None, Box::new(answers)).await
    }

    /// The same over TLS with a certificate for `name`; answers the certificate too.
    pub(crate) async fn https(
        at: &str,
        name: &str,
        answers: impl Fn(usize, &Received) -> Vec<Part> + Send + Sync + 'static,
    ) -> (Self, CertificateDer<'static>) {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
        let certificate = made.cert.der().clone();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key.into())
            .expect("they fit together");
        let tls = TlsAcceptor::from(Arc::new(config));
        let receiver = Self::start(at, Some(tls), Box::new(answers)).await;
        (receiver, certificate)
    }

    /// A canary on every address of this machine: it answers 200 and counts.
    pub(crate) async fn canary() -> Self {
        Self::http("[::]:0", |_, _| reply(200, "", b"the canary answers")).await
    }

    async fn start(at: &str, tls: Option<TlsAcceptor>, answers: Box<Answers>) -> Self {
        let listener = TcpListener::bind(at).await.expect("a listener");
        let addr = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared {
            connections: AtomicUsize::new(0),
            requests: Mutex::default(),
            answers,
            tls,
        });
        let serving = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(Arc::clone(&serving), stream));
            }
        });
        Self {
            addr,
            shared,
            _accepting: AbortOnDropHandle::new(accepting),
        }
    }

    /// Its URL by address, in plain HTTP.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Its address.
    pub(crate) fn ip(&self) -> IpAddr {
        self.addr.ip()
    }

    /// Connections that were accepted.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Received> {
        self.shared.requests.lock().expect("not poisoned").clone()
    }

    /// Waits until there were so many requests; answers them.
    pub(crate) async fn wait(&self, count: usize) -> Vec<Received> {
        let wait = async {
            while self.requests().len() < count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let waited = tokio::time::timeout(super::PATIENCE, wait).await;
        waited.unwrap_or_else(|_| panic!("{count} requests come: {:?}", self.requests()));
        self.requests()
    }
}

async fn serve(shared: Arc<Shared>, stream: TcpStream) {
    match &shared.tls {
        None => answer(&shared, stream).await,
        Some(tls) => {
            if let Ok(stream) = tls.clone().accept(stream).await {
                answer(&shared, stream).await;
            }
        }
    }
}

async fn answer(shared: &Shared, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let Some(received) = read(&mut stream).await else {
        return;
    };
    let number = {
        let mut requests = shared.requests.lock().expect("not poisoned");
        requests.push(received.clone());
        requests.len() - 1
    };
    for part in (shared.answers)(number, &received) {
        match part {
            Part::Bytes(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
                let _ = stream.flush().await;
            }
            Part::Wait(length) => tokio::time::sleep(length).await,
        }
    }
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Received> {
    let mut bytes = Vec::new();
    let head_len = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        // A TLS handshake is no request.
        if stream.read_buf(&mut bytes).await.ok()? == 0 || bytes.first() == Some(&0x16) {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_len].to_vec()).expect("text");
    let mut lines = head.split("\r\n");
    let line = lines.next().expect("a request line").to_owned();
    let fields: Vec<(String, String)> = lines
        .map(|line| {
            let (name, value) = line.split_once(':').expect("a field");
            (name.to_ascii_lowercase(), value.trim().to_owned())
        })
        .collect();
    let mut body = bytes.split_off(head_len + 4);
    let length = fields.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse().expect("a length"));
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Received { line, fields, body })
}
