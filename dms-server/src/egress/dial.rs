//! One hop: from addresses that passed to the head of an answer.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

use super::error::EgressError;
use super::target::{Place, Target};

/// How many addresses of a name are tried.
const ATTEMPTS_MAX: usize = 3;

/// How long connecting to one address may take: three tries fit into an exchange.
const CONNECT_MAX: Duration = Duration::from_millis(1_500);

/// The most header fields of an answer.
const HEADERS_MAX: usize = 100;

/// The largest head of an answer, bytes.
const HEAD_MAX: usize = 16 << 10;

/// Bytes read ahead of the body's reader.
const BUFFER: usize = 32 << 10;

/// An answer whose body is still on its way. Dropping it ends the connection.
pub(super) struct Arriving {
    pub(super) response: Response<Incoming>,
    pub(super) connection: AbortOnDropHandle<()>,
}

/// What is done once a connection stands and before the first byte of the request is written; false: nothing is
/// written.
pub type Leave<'a> = Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

/// Sends a request to one of the addresses, which the caller has judged, and to nothing else.
pub(super) async fn ask(
    target: &Target,
    addresses: &[IpAddr],
    tls: Option<Arc<ClientConfig>>,
    request: Request<Full<Bytes>>,
    leave: Option<Leave<'_>>,
) -> Result<Arriving, EgressError> {
    let stream = connect(addresses, target.port()).await?;
    let Some(tls) = tls else {
        return speak(stream, request, leave).await;
    };
    let stream = TlsConnector::from(tls)
        .connect(server_name(target)?, stream)
        .await
        .map_err(|error| tls_error(&error))?;
    speak(stream, request, leave).await
}

async fn connect(addresses: &[IpAddr], port: u16) -> Result<TcpStream, EgressError> {
    for address in attempts(addresses) {
        let connecting = TcpStream::connect(SocketAddr::new(address, port));
        if let Ok(Ok(stream)) = timeout(CONNECT_MAX, connecting).await {
            return Ok(stream);
        }
    }
    Err(EgressError::Unreachable)
}

/// The addresses to try, in order: the second is of the other family, if there is one, because a whole
/// family may be cut off.
pub(super) fn attempts(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let mut order: Vec<IpAddr> = addresses.to_vec();
    let other = order
        .first()
        .and_then(|first| order.iter().position(|a| a.is_ipv4() != first.is_ipv4()));
    if let Some(other) = other {
        let second = order.remove(other);
        order.insert(1, second);
    }
    order.truncate(ATTEMPTS_MAX);
    order
}

fn server_name(target: &Target) -> Result<ServerName<'static>, EgressError> {
    match target.host() {
        Place::Address(address) => Ok(ServerName::from(*address)),
        Place::Name(name) => {
            ServerName::try_from(name.clone()).map_err(|_| super::target::TargetError::Host.into())
        }
    }
}

fn tls_error(error: &io::Error) -> EgressError {
    let cause = error
        .get_ref()
        .and_then(|cause| cause.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(_)) => EgressError::Certificate,
        _ => EgressError::Tls,
    }
}

async fn speak<S>(
    stream: S,
    request: Request<Full<Bytes>>,
    leave: Option<Leave<'_>>,
) -> Result<Arriving, EgressError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_headers(HEADERS_MAX)
        .max_header_size(HEAD_MAX)
        .max_buf_size(BUFFER)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| EgressError::Protocol)?;
    let connection = AbortOnDropHandle::new(tokio::spawn(async move {
        // What goes wrong here reaches whoever waits for the answer.
        let _ = connection.await;
    }));
    if let Some(leave) = leave {
        sender.ready().await.map_err(|_| EgressError::Unsent)?;
        if !leave.await {
            return Err(EgressError::Withdrawn);
        }
    }
    // A request that comes back was never begun to be written.
    let response = sender.try_send_request(request).await;
    let response = response.map_err(|mut error| match error.take_message() {
        Some(_) => EgressError::Unsent,
        None => EgressError::Protocol,
    });
    Ok(Arriving {
        response: response?,
        connection,
    })
}
