//! Devices of a test: enrolled over HTTP, calling over mutual TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use rcgen::{CertificateParams, KeyPair};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::json;
use swarm::content::DeviceId;
use swarm::wire::{PROTOCOL, Sharing, ToDms, ToPeer};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::{PATIENCE, Server, text};
use crate::device::identity::ORIGIN_NAME;

/// An enrolled device.
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    pub(crate) key: KeyPair,
    pub(crate) certificate_pem: String,
    pub(crate) ca_pem: String,
    pub(crate) addr: SocketAddr,
}

/// A signing request for the key that asks for nothing.
pub(crate) fn csr(key: &KeyPair) -> String {
    let params = CertificateParams::default();
    params
        .serialize_request(key)
        .expect("a request")
        .pem()
        .expect("PEM")
}

impl Device {
    /// Enrols a fresh key with a fresh token.
    pub(crate) async fn enroll(server: &Server, name: &str) -> Self {
        let token = server.post("/api/v1/enrollment-tokens", json!({})).await;
        let key = KeyPair::generate().expect("a key");
        let body = json!({
            "token": token["token"], "csr_pem": csr(&key), "name": name, "kind": "edge_peer",
        });
        let enrolled = super::json(
            server
                .anonymous(http::Method::POST, "/api/v1/devices/enroll")
                .json(&body),
        )
        .await;
        Self {
            id: text(&enrolled["device_id"]).parse().expect("an id"),
            certificate_pem: text(&enrolled["certificate_pem"]),
            ca_pem: text(&enrolled["ca_pem"]),
            key,
            addr: server.addresses.device,
        }
    }

    /// A client of the device listener with this device's certificate.
    pub(crate) fn client(&self) -> reqwest::Client {
        let pem = format!("{}{}", self.key.serialize_pem(), self.certificate_pem);
        reqwest::Client::builder()
            .tls_certs_only([reqwest::Certificate::from_pem(self.ca_pem.as_bytes()).expect("PEM")])
            .identity(reqwest::Identity::from_pem(pem.as_bytes()).expect("PEM"))
            .resolve(ORIGIN_NAME, self.addr)
            .timeout(PATIENCE)
            .build()
            .expect("a client")
    }

    /// A URL on the device listener.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{ORIGIN_NAME}:{}{path}", self.addr.port())
    }

    /// A TLS connection from an address of this machine.
    pub(crate) async fn connect_from(&self, from: &str) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_slice(self.ca_pem.as_bytes()).expect("PEM");
        roots.add(ca).expect("an authority");
        let chain = CertificateDer::pem_slice_iter(self.certificate_pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .expect("PEM");
        let key = PrivateKeyDer::from_pem_slice(self.key.serialize_pem().as_bytes()).expect("PEM");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3")
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .expect("key and certificate");
        let socket = TcpSocket::new_v4().expect("a socket");
        socket
            .bind(format!("{from}:0").parse().expect("an address"))
            .expect("bound");
        let stream = socket.connect(self.addr).await.expect("connected");
        let name = ServerName::try_from(ORIGIN_NAME).expect("a name");
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .expect("a TLS session")
    }

    /// Opens the control connection from an address and says hello.
    pub(crate) async fn control(&self, from: &str) -> Control {
        let stream = self.connect_from(from).await;
        let url = format!("ws://{ORIGIN_NAME}/v1/control");
        let (socket, _) = client_async(url, stream).await.expect("upgraded");
        let mut control = Control { socket };
        let listen = format!("{from}:7745");
        let hello = ToDms::Hello {
            protocol: PROTOCOL,
            agent: "test".into(),
            listen,
            weight: 100,
            sharing: Sharing::On,
        };
        control.send(&hello).await;
        control
    }
}

/// An open control connection.
pub(crate) struct Control {
    socket: WebSocketStream<TlsStream<TcpStream>>,
}

impl Control {
    /// Sends a message.
    pub(crate) async fn send(&mut self, message: &ToDms) {
        self.socket
            .send(Message::binary(message.encode()))
            .await
            .expect("sent");
    }

    /// Sends a raw frame.
    pub(crate) async fn send_frame(&mut self, frame: Vec<u8>) {
        self.socket
            .send(Message::binary(frame))
            .await
            .expect("sent");
    }

    /// The next message; `None` when the server closed the connection.
    pub(crate) async fn next(&mut self) -> Option<ToPeer> {
        loop {
            let frame = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            match frame.expect("a frame in time")? {
                Ok(Message::Binary(frame)) => {
                    return Some(ToPeer::decode(&frame).expect("a message"));
                }
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The next message, which must come.
    pub(crate) async fn expect(&mut self) -> ToPeer {
        self.next().await.expect("the connection is open")
    }

    /// Why the server closed the connection, after everything it still sent.
    pub(crate) async fn closed(&mut self) -> String {
        loop {
            let frame = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            match frame.expect("a frame in time") {
                Some(Ok(Message::Close(Some(close)))) => return close.reason.to_string(),
                Some(Ok(Message::Close(None)) | Err(_)) | None => return String::new(),
                Some(Ok(_)) => {}
            }
        }
    }
}
