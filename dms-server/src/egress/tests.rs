//! Real exchanges with servers on loopback. Only 127.77.0.0/16 is opened, so the rest of loopback is as
//! forbidden as any private network, and a canary listens on all of it.

mod limits;
mod namespace;
mod tricks;

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Method, header};
use rustls_pki_types::CertificateDer;

use super::address::{Class, Policy};
use super::dial::attempts;
use super::resolve::Resolve;
use super::target::TargetError;
use super::trust::Trust;
use super::*;
use crate::config;
use crate::testing::receiver::{Receiver, redirect, reply};

/// The part of loopback that the tests' operator opened.
const OPENED: &str = "127.77.0.0/16";

/// Where a good server listens.
const GOOD: &str = "127.77.0.1:0";

/// The answers for one name, in order; the last one is repeated.
type Script = Vec<Vec<IpAddr>>;

/// A resolver that answers a name differently from time to time.
#[derive(Clone, Debug, Default)]
struct Fickle {
    names: Arc<Mutex<BTreeMap<String, Script>>>,
    asked: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Fickle {
    fn with(names: &[(&str, &[&[&str]])]) -> Self {
        let fickle = Self::default();
        for (name, answers) in names {
            let parse = |text: &&str| text.parse().expect("an address");
            let answers = answers.iter().map(|a| a.iter().map(parse).collect());
            let mut known = fickle.names.lock().expect("not poisoned");
            known.insert((*name).to_owned(), answers.collect());
        }
        fickle
    }

    fn asked(&self, name: &str) -> usize {
        let asked = self.asked.lock().expect("not poisoned");
        asked.get(name).copied().unwrap_or(0)
    }
}

impl Resolve for Fickle {
    fn resolve(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let mut asked = self.asked.lock().expect("not poisoned");
        let count = asked.entry(name.to_owned()).or_default();
        let names = self.names.lock().expect("not poisoned");
        let answer = names.get(name).and_then(|script| {
            let at = (*count).min(script.len().checked_sub(1)?);
            script.get(at).cloned()
        });
        *count += 1;
        let answer = answer.ok_or_else(|| io::Error::other("no such name"));
        Box::pin(async move { answer })
    }
}

fn egress(resolver: &Fickle, trusted: &[CertificateDer<'static>]) -> Egress {
    let policy = Policy::parse(&[OPENED.to_owned()]).expect("a subnet");
    let trust = Trust::new(trusted.to_vec());
    Egress::with(policy, Box::new(resolver.clone()), trust)
}

fn plain() -> Egress {
    egress(&Fickle::default(), &[])
}

async fn get(egress: &Egress, url: &str) -> Result<Answer, EgressError> {
    egress.send(Outgoing::get(url)).await
}

#[tokio::test]
async fn an_address_that_the_operator_opened_is_asked_over_both_schemes() {
    let good = Receiver::http(GOOD, |_, _| reply(200, "x-a: b\r\n", b"hello")).await;
    let answer = get(&plain(), &good.url("/a?b=c#d"))
        .await
        .expect("an answer");
    assert_eq!(
        (answer.status.as_u16(), &answer.body[..]),
        (200, &b"hello"[..])
    );
    assert_eq!(answer.headers["x-a"], "b");
    let request = &good.requests()[0];
    assert_eq!(request.line, "GET /a?b=c HTTP/1.1");
    assert_eq!(request.field("host"), Some(good.addr.to_string().as_str()));
    assert_eq!(request.field("accept-encoding"), Some("identity"));
    assert_eq!(request.field("cookie"), None);

    let (secure, certificate) =
        Receiver::https(GOOD, "hooks.example", |_, _| reply(204, "", b"")).await;
    let names = Fickle::with(&[
        ("hooks.example", &[&["127.77.0.1"]]),
        ("other.example", &[&["127.77.0.1"]]),
    ]);
    let egress = egress(&names, &[certificate]);
    let url = |name: &str| format!("https://{name}:{}/", secure.addr.port());
    let answer = get(&egress, &url("hooks.example"))
        .await
        .expect("an answer");
    assert_eq!(answer.status.as_u16(), 204);
    assert_eq!(names.asked("hooks.example"), 1, "a name is asked for once");
    // The certificate is for the name and not for the address.
    let other = get(&egress, &url("other.example"))
        .await
        .expect_err("another name");
    assert_eq!(other, EgressError::Certificate);
    let stranger = get(&self::egress(&names, &[]), &url("hooks.example")).await;
    let stranger = stranger.expect_err("an unknown authority");
    assert!(
        matches!(
            stranger,
            EgressError::Certificate | EgressError::NoAuthorities
        ),
        "{stranger:?}"
    );
    let plain_port = good.url("/").replace("http:", "https:");
    assert_eq!(
        get(&egress, &plain_port).await.expect_err("no TLS"),
        EgressError::Tls
    );
}

#[tokio::test]
async fn a_private_authority_is_read_from_its_file() {
    let (secure, certificate) =
        Receiver::https(GOOD, "127.77.0.1", |_, _| reply(200, "", b"in the company")).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        STANDARD.encode(&certificate)
    );
    let config = |ca_file| config::Egress {
        allow: vec![OPENED.to_owned()],
        ca_file,
    };
    let opened = Egress::open(&config(file("ca.pem", pem))).expect("readable");
    let url = format!("https://{}/", secure.addr);
    let answer = get(&opened, &url).await.expect("an answer");
    assert_eq!(answer.body, "in the company");
    for wrong in [
        folder.path().join("missing.pem"),
        file("empty.pem", String::new()),
        file("no.pem", "-----BEGIN CERTIFICATE-----\nno".to_owned()),
    ] {
        let said = Egress::open(&config(wrong)).expect_err("unreadable");
        assert!(said.to_string().contains("egress.ca_file"), "{said}");
    }
}

#[tokio::test]
async fn a_body_is_posted_and_the_redirect_it_gets_is_not_followed() {
    let canary = Receiver::canary().await;
    let location = canary.url("/").replace("[::]", "127.0.0.1");
    let good = Receiver::http(GOOD, move |n, _| match n {
        0 => reply(200, "", b"taken"),
        _ => redirect(307, &location),
    })
    .await;
    let post = |body: &'static [u8]| Outgoing {
        method: Method::POST,
        body: body.into(),
        headers: HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("a/b"))]),
        ..Outgoing::get("")
    };
    let (egress, url) = (plain(), good.url("/hook"));
    for (body, status) in [(&b"one"[..], 200), (&b"two"[..], 307)] {
        let answer = egress
            .send(Outgoing {
                url: &url,
                ..post(body)
            })
            .await;
        assert_eq!(answer.expect("an answer").status.as_u16(), status);
    }
    let requests = good.requests();
    assert_eq!(
        (&requests[0].body[..], &requests[1].body[..]),
        (&b"one"[..], &b"two"[..])
    );
    assert_eq!(requests[0].field("content-type"), Some("a/b"));
    assert_eq!(requests[0].field("content-length"), Some("3"));
    assert_eq!((good.connections(), canary.connections()), (2, 0));
}

#[tokio::test]
async fn five_redirects_are_followed_and_six_are_not() {
    let good = Receiver::http(GOOD, |_, request| {
        let path = request.line.split(' ').nth(1).expect("a path");
        match path.trim_start_matches('/').parse::<u32>() {
            Ok(0) => reply(200, "", b"the end"),
            Ok(n) => redirect(
                [301, 302, 303, 307, 308][n as usize % 5],
                &format!("/{}", n - 1),
            ),
            Err(_) => reply(404, "", b""),
        }
    })
    .await;
    let five = get(&plain(), &good.url("/5")).await.expect("an answer");
    assert_eq!(
        (&five.body[..], five.url),
        (&b"the end"[..], good.url("/0"))
    );
    assert_eq!(good.requests().len(), 6);
    let six = get(&plain(), &good.url("/6")).await;
    assert_eq!(six.expect_err("too many"), EgressError::TooManyRedirects);
}

#[tokio::test]
async fn what_is_sent_along_stays_at_its_origin() {
    let other = Receiver::http("127.77.0.2:0", |_, _| reply(200, "", b"")).await;
    let location = other.url("/there");
    let good = Receiver::http(GOOD, move |n, _| match n {
        0 => redirect(302, "/same"),
        _ => redirect(302, &location),
    })
    .await;
    let url = good.url("/");
    let secret = [(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"))];
    let request = Outgoing {
        headers: HeaderMap::from_iter(secret),
        ..Outgoing::get(&url)
    };
    plain().send(request).await.expect("an answer");
    for request in good.requests() {
        assert_eq!(
            request.field("authorization"),
            Some("Bearer x"),
            "{}",
            request.line
        );
    }
    assert_eq!(other.requests()[0].field("authorization"), None);
}

#[tokio::test]
async fn a_redirect_never_leads_from_tls_to_plain_http_nor_nowhere() {
    let good = Receiver::http(GOOD, |_, _| reply(200, "", b"")).await;
    let location = good.url("/");
    let (secure, certificate) = Receiver::https(GOOD, "hooks.example", move |_, request| {
        match request.line.split(' ').nth(1) {
            Some("/down") => redirect(302, &location),
            Some("/two") => reply(302, "location: /a\r\nlocation: /b\r\n", b""),
            Some("/bytes") => redirect(302, "/\u{e9}"),
            _ => reply(302, "", b""),
        }
    })
    .await;
    let names = Fickle::with(&[("hooks.example", &[&["127.77.0.1"]])]);
    let egress = egress(&names, &[certificate]);
    for (path, expected) in [
        ("/down", EgressError::Downgrade),
        ("/none", EgressError::NoLocation),
        ("/two", EgressError::NoLocation),
        ("/bytes", EgressError::NoLocation),
    ] {
        let url = format!("https://hooks.example:{}{path}", secure.addr.port());
        assert_eq!(
            get(&egress, &url).await.expect_err(path),
            expected,
            "{path}"
        );
    }
    assert_eq!(good.connections(), 0);
}

/// Parts of this crate that call out by themselves: the command line calls the server it is told to, the
/// tests call what they started.
const CALLERS: [&str; 4] = ["egress", "cli", "admin", "testing"];

#[test]
fn nothing_else_of_the_server_calls_out() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let (mut seen, mut findings) = (0, Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let place = path.strip_prefix(&root).expect("below the root");
            let is_test = place
                .iter()
                .any(|part| part == "tests" || part == "tests.rs");
            if CALLERS.iter().any(|caller| place.starts_with(caller)) || is_test {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            seen += 1;
            let text = std::fs::read_to_string(&path).expect("text");
            let words = [
                "reqwest",
                "TcpStream::connect",
                "hyper::client",
                "UdpSocket",
            ];
            if words.iter().any(|word| text.contains(word)) {
                findings.push(place.display().to_string());
            }
        }
    }
    assert!(seen > 50, "the folders were read: {seen}");
    assert!(findings.is_empty(), "use crate::egress: {findings:?}");
}

#[test]
fn the_second_address_tried_is_of_the_other_family() {
    let order = |addresses: &[&str]| -> Vec<String> {
        let parse = |text: &&str| text.parse().expect("an address");
        let addresses: Vec<IpAddr> = addresses.iter().map(parse).collect();
        attempts(&addresses)
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    assert_eq!(
        order(&["2a00::1", "2a00::2", "2a00::3", "1.1.1.1"]),
        ["2a00::1", "1.1.1.1", "2a00::2"]
    );
    assert_eq!(order(&["1.1.1.1", "1.1.1.2"]), ["1.1.1.1", "1.1.1.2"]);
    assert!(order(&[]).is_empty());
}

#[tokio::test]
async fn a_url_can_be_checked_without_being_called() {
    let canary = Receiver::canary().await;
    let names = Fickle::with(&[
        ("hooks.example", &[&["127.77.0.1"]]),
        ("inside.example", &[&["10.0.0.1"]]),
        ("public.example", &[&["93.184.216.34", "2606:4700::1"]]),
    ]);
    let egress = egress(&names, &[]);
    let port = canary.addr.port();
    for (url, expected) in [
        (
            format!("http://HOOKS.example:{port}#x"),
            Ok(format!("http://hooks.example:{port}/")),
        ),
        (
            "https://public.example".to_owned(),
            Ok("https://public.example/".to_owned()),
        ),
        (
            "http://public.example".to_owned(),
            Err(EgressError::PlainHttp),
        ),
        (
            "https://inside.example".to_owned(),
            Err(EgressError::Address(Class::Private)),
        ),
        (
            "https://nobody.example".to_owned(),
            Err(EgressError::Unresolved),
        ),
        (
            format!("https://127.0.0.1:{port}"),
            Err(EgressError::Address(Class::Loopback)),
        ),
        (
            "https://hooks.example:22".to_owned(),
            Err(TargetError::Port(22).into()),
        ),
    ] {
        assert_eq!(egress.check(&url).await, expected, "{url}");
    }
    assert_eq!(canary.connections(), 0);
}
