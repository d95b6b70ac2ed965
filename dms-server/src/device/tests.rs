//! Enrolment, certificates and revocation, against hostile devices too.

mod csrs;

use std::collections::BTreeSet;

use http::Method;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    PKCS_ECDSA_P384_SHA384, PKCS_ED25519, SanType,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::json;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::ca::{CaError, Request};
use super::*;
use crate::audit::testing::note;
use crate::auth::Secret;
use crate::db::testing::engines;
use crate::testing::device::{Device, csr};
use crate::testing::{Server, refusal, text};

fn enroll_body(token: &str, csr_pem: &str) -> serde_json::Value {
    json!({"token": token, "csr_pem": csr_pem, "name": "pc", "kind": "edge_peer"})
}

async fn new_token(server: &Server, uses: u32) -> String {
    text(
        &server
            .post("/api/v1/enrollment-tokens", json!({"uses": uses}))
            .await["token"],
    )
}

fn enroll(server: &Server, token: &str, csr_pem: &str) -> reqwest::RequestBuilder {
    let request = server.anonymous(Method::POST, "/api/v1/devices/enroll");
    request.json(&enroll_body(token, csr_pem))
}

/// A request that asks for everything a device must not get.
fn greedy_csr(key: &KeyPair) -> String {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(DnType::CommonName, "origin.dms.internal");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
    params.subject_alt_names = vec![
        SanType::DnsName("origin.dms.internal".try_into().expect("a name")),
        SanType::URI(
            format!("urn:dms:device:{}", Uuid::nil())
                .try_into()
                .expect("a name"),
        ),
        SanType::IpAddress("127.0.0.1".parse().expect("an address")),
    ];
    params
        .serialize_request(key)
        .expect("a request")
        .pem()
        .expect("PEM")
}

#[tokio::test]
async fn a_certificate_has_the_servers_names_and_no_others() {
    let server = Server::start().await;
    let key = KeyPair::generate().expect("a key");
    let token = new_token(&server, 1).await;
    let enrolled = crate::testing::json(enroll(&server, &token, &greedy_csr(&key))).await;
    let id = text(&enrolled["device_id"]);
    let der = CertificateDer::from_pem_slice(text(&enrolled["certificate_pem"]).as_bytes());
    let der = der.expect("PEM");
    let (_, certificate) = X509Certificate::from_der(&der).expect("a certificate");

    let names = certificate
        .subject_alternative_name()
        .expect("readable")
        .expect("there");
    let uri = format!("urn:dms:device:{id}");
    let dns = format!("{id}.peer.dms.internal");
    assert_eq!(
        names.value.general_names,
        [GeneralName::URI(&uri), GeneralName::DNSName(&dns)]
    );
    assert_eq!(identity::device_of(&der), id.parse().ok());
    assert!(!certificate.is_ca());
    assert_ne!(certificate.subject(), certificate.issuer());
    let usage = certificate
        .extended_key_usage()
        .expect("readable")
        .expect("there")
        .value;
    assert!(usage.client_auth && usage.server_auth && !usage.any);
    let validity = certificate.validity();
    let life = validity.not_after.timestamp() - validity.not_before.timestamp();
    assert_eq!(
        life,
        24 * 3600 + 300,
        "a day, and five minutes for slow clocks"
    );
    server.stop().await;
}

#[tokio::test]
async fn requests_without_proof_or_for_other_keys_are_refused_and_spend_no_use() {
    let server = Server::start().await;
    let token = new_token(&server, 1).await;
    let key = KeyPair::generate().expect("a key");
    let good = csr(&key);
    let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).expect("a key");
    let ed25519 = KeyPair::generate_for(&PKCS_ED25519).expect("a key");
    let hostile = [
        String::new(),
        "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----".into(),
        stolen_key(&good),
        csr(&p384),
        csr(&ed25519),
        key.serialize_pem(),
        format!("{good}{}", "x".repeat(ca::CSR_MAX)),
    ];
    for request in hostile {
        let (status, problem) = refusal(enroll(&server, &token, &request)).await;
        assert_eq!(
            (status, problem.code.as_str()),
            (400, "invalid_csr"),
            "{request}"
        );
        assert_eq!(problem.errors[0].pointer, "/csr_pem");
    }
    crate::testing::json(enroll(&server, &token, &good)).await;
    server.stop().await;
}

/// The request with a bit of its signature changed: its sender does not hold the key.
fn stolen_key(csr_pem: &str) -> String {
    let mut der =
        rustls_pki_types::CertificateSigningRequestDer::from_pem_slice(csr_pem.as_bytes())
            .expect("PEM")
            .to_vec();
    let last = der.last_mut().expect("bytes");
    *last ^= 1;
    assert!(matches!(Request::check(&pem(&der)), Err(CaError::Request)));
    pem(&der)
}

fn pem(der: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let body = STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE REQUEST-----\n{body}\n-----END CERTIFICATE REQUEST-----\n")
}

#[tokio::test]
async fn a_token_enrols_as_many_keys_as_it_has_uses() {
    for server in Server::both().await {
        let token = new_token(&server, 2).await;
        let keys: Vec<_> = (0..3)
            .map(|_| KeyPair::generate().expect("a key"))
            .collect();
        let first = crate::testing::json(enroll(&server, &token, &csr(&keys[0]))).await;
        let again = crate::testing::json(enroll(&server, &token, &csr(&keys[0]))).await;
        assert_eq!(
            first["device_id"], again["device_id"],
            "a lost answer can be asked for again"
        );
        crate::testing::json(enroll(&server, &token, &csr(&keys[1]))).await;
        for wrong in [token.as_str(), "dms_enroll_wrong"] {
            let (status, problem) = refusal(enroll(&server, wrong, &csr(&keys[2]))).await;
            assert_eq!((status, problem.code.as_str()), (403, "enrollment_refused"));
        }
        let late = new_token(&server, 1).await;
        server.app.clock.advance_ms(900_000);
        assert_eq!(refusal(enroll(&server, &late, &csr(&keys[2]))).await.0, 403);
        server.stop().await;
    }
}

#[tokio::test]
async fn of_many_redeems_at_once_exactly_as_many_win_as_there_are_uses() {
    const REDEEMS: u8 = 200;
    const USES: i64 = 7;
    for test in engines().await {
        let secret = Secret::draw("");
        let token = db::NewToken {
            id: Uuid::now_v7(),
            hash: secret.hash(),
            uses: USES,
            created_by: "owner",
            expires_ms: 1_000,
        };
        db::add_token(&test.db, &token, &note(0))
            .await
            .expect("added");
        let redeems = (0..REDEEMS).map(|n| {
            let (db, hash) = (test.db.clone(), secret.hash());
            tokio::spawn(async move {
                let device = db::NewDevice {
                    id: Uuid::now_v7(),
                    name: "pc".into(),
                    kind: DeviceKind::EdgePeer,
                    key_hash: [n; 32],
                    expires_ms: 1_000,
                    key_level: None,
                };
                db::redeem(&db, hash, &device, &note(500))
                    .await
                    .expect("the database")
            })
        });
        let mut won = BTreeSet::new();
        for redeem in redeems.collect::<Vec<_>>() {
            if let db::Redeemed::Device(id) = redeem.await.expect("ended") {
                won.insert(id);
            }
        }
        assert_eq!(won.len(), 7, "{}", test.name);
        let devices = db::list(&test.db, None, false, 500).await.expect("listed");
        assert_eq!(devices.len(), 7, "{}", test.name);
    }
}

#[tokio::test]
async fn of_a_thousand_redeems_of_a_single_use_token_one_wins_on_both_databases() {
    for server in Server::both().await {
        let token = new_token(&server, 1).await;
        let requests: Vec<_> = (0..1_000)
            .map(|_| csr(&KeyPair::generate().expect("a key")))
            .collect();
        let redeems: Vec<_> = requests
            .iter()
            .map(|request| tokio::spawn(enroll(&server, &token, request).send()))
            .collect();
        let mut answers = std::collections::BTreeMap::new();
        for redeem in redeems {
            let answer = redeem.await.expect("ended").expect("an answer");
            *answers.entry(answer.status().as_u16()).or_insert(0) += 1;
        }
        println!("{answers:?}");
        assert_eq!(answers, [(200, 1), (403, 999)].into());
        let devices = server.get("/api/v1/devices").await;
        assert_eq!(devices["items"].as_array().map(Vec::len), Some(1));
        server.stop().await;
    }
}

#[tokio::test]
async fn how_well_a_device_keeps_its_key_is_shown_on_both_databases() {
    for server in Server::both().await {
        let device = Device::enroll(&server, "pc").await;
        let level = async || server.get("/api/v1/devices").await["items"][0]["key_level"].clone();
        assert!(level().await.is_null(), "it does not say");
        let body = json!({"csr_pem": csr(&device.key), "key_level": "software"});
        let asked = device.client().post(device.url("/v1/renew")).json(&body);
        crate::testing::json(asked).await;
        assert_eq!(level().await, "software");
        let key = KeyPair::generate().expect("a key");
        let mut body = enroll_body(&new_token(&server, 1).await, &csr(&key));
        body["key_level"] = json!("software");
        let asked = server.anonymous(Method::POST, "/api/v1/devices/enroll");
        crate::testing::json(asked.json(&body)).await;
        assert_eq!(level().await, "software", "the newest");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_device_renews_also_for_a_new_key_until_it_is_revoked() {
    for server in Server::both().await {
        let mut device = Device::enroll(&server, "pc").await;
        device.key = {
            let next = KeyPair::generate().expect("a key");
            let renewed = renew(&device, &csr(&next)).await;
            device.certificate_pem = text(&renewed["certificate_pem"]);
            next
        };
        let (status, problem) = {
            let bad = json!({"csr_pem": "none"});
            refusal(device.client().post(device.url("/v1/renew")).json(&bad)).await
        };
        assert_eq!((status, problem.code.as_str()), (400, "invalid_csr"));

        let path = format!("/api/v1/devices/{}", device.id);
        let revoked = server
            .request(Method::DELETE, &path)
            .send()
            .await
            .expect("an answer");
        assert_eq!(revoked.status(), 204);
        let body = json!({"csr_pem": csr(&device.key)});
        let asked = device.client().post(device.url("/v1/renew")).json(&body);
        assert_eq!(refusal(asked).await.1.code, "device_revoked");
        let list = server.get("/api/v1/devices").await;
        assert_eq!(list["items"][0]["state"], "revoked");
        assert_eq!(list["items"][0]["name"], "pc");
        server.stop().await;
    }
}

async fn renew(device: &Device, csr_pem: &str) -> serde_json::Value {
    let body = json!({"csr_pem": csr_pem});
    crate::testing::json(device.client().post(device.url("/v1/renew")).json(&body)).await
}

#[tokio::test]
async fn the_device_listener_takes_only_certificates_of_its_own_authority() {
    let server = Server::start().await;
    let other = Server::start().await;
    let device = Device::enroll(&server, "pc").await;
    let mut foreign = Device::enroll(&other, "pc").await;
    let path = format!("/v1/chunks/{}", "0".repeat(64));
    assert_eq!(refusal(device.client().get(device.url(&path))).await.0, 404);

    let url = device.url(&path);
    foreign.ca_pem.clone_from(&device.ca_pem);
    let with_foreign = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(device.ca_pem.as_bytes()).expect("PEM")])
        .identity(
            reqwest::Identity::from_pem(
                format!("{}{}", foreign.key.serialize_pem(), foreign.certificate_pem).as_bytes(),
            )
            .expect("PEM"),
        )
        .resolve(identity::ORIGIN_NAME, server.addresses.device)
        .build()
        .expect("a client");
    assert!(
        with_foreign.get(&url).send().await.is_err(),
        "another authority's certificate"
    );
    let without = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(device.ca_pem.as_bytes()).expect("PEM")])
        .resolve(identity::ORIGIN_NAME, server.addresses.device)
        .build()
        .expect("a client");
    assert!(without.get(&url).send().await.is_err(), "no certificate");
    let plain = reqwest::get(format!("http://{}{path}", server.addresses.device)).await;
    assert!(plain.is_err(), "plain HTTP");
    other.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn the_authority_survives_a_restart() {
    let server = Server::start().await;
    let device = Device::enroll(&server, "pc").await;
    let server = server.restart().await;
    let again = Device::enroll(&server, "pc 2").await;
    assert_eq!(device.ca_pem, again.ca_pem);
    let trust = server.get("/api/v1/trust").await;
    assert_eq!(trust["tenant"], "default");
    assert_eq!(text(&trust["manifest_keys"][0]).len(), 64);
    assert_eq!(text(&trust["license_keys"][0]).len(), 64);
    server.stop().await;
}

#[tokio::test]
async fn enrolment_tokens_have_sensible_bounds() {
    let server = Server::start().await;
    for (body, pointer) in [
        (json!({"uses": 0}), "/uses"),
        (json!({"uses": 1_000_000}), "/uses"),
        (json!({"ttl_seconds": 0}), "/ttl_seconds"),
        (json!({"ttl_seconds": 99_999_999}), "/ttl_seconds"),
        (json!({"ttl_seconds": 901}), "/ttl_seconds"),
        (
            json!({"ttl_seconds": 604_801, "long_lived": true}),
            "/ttl_seconds",
        ),
    ] {
        let asked = server
            .request(Method::POST, "/api/v1/enrollment-tokens")
            .json(&body);
        let (status, problem) = refusal(asked).await;
        assert_eq!(
            (status, problem.errors[0].pointer.as_str()),
            (400, pointer),
            "{body}"
        );
    }
    let key = KeyPair::generate().expect("a key");
    let (week, usual) = (
        json!({"ttl_seconds": 604_800, "long_lived": true}),
        json!({}),
    );
    let made = server.post("/api/v1/enrollment-tokens", week).await;
    assert!(text(&made["warning"]).contains("until it ends"), "{made}");
    let made = server.post("/api/v1/enrollment-tokens", usual).await;
    assert!(made["warning"].is_null(), "{made}");
    let log = server
        .get("/api/v1/audit?action=enrollment_token.made")
        .await;
    let said = |row: usize| log["items"][row]["detail"]["long_lived"].clone();
    assert_eq!((said(0), said(1)), (json!(false), json!(true)));
    let mut nameless = enroll_body(&new_token(&server, 1).await, &csr(&key));
    for wrong in [
        "",
        " ",
        "\u{7}",
        "pc\0",
        "\u{202e}cp",
        "p\u{200b}c",
        "\u{feff}pc",
    ] {
        nameless["name"] = json!(wrong);
        let asked = server.anonymous(Method::POST, "/api/v1/devices/enroll");
        let refused = refusal(asked.json(&nameless)).await.1;
        assert_eq!(refused.errors[0].pointer, "/name", "{wrong:?}");
    }
    for wrong in ["", "Software", "soft ware", "x\u{0}", &"x".repeat(33)] {
        let mut body = enroll_body(&new_token(&server, 1).await, &csr(&key));
        body["key_level"] = json!(wrong);
        let asked = server.anonymous(Method::POST, "/api/v1/devices/enroll");
        let refused = refusal(asked.json(&body)).await.1;
        assert_eq!(refused.errors[0].pointer, "/key_level", "{wrong:?}");
    }
    server.stop().await;
}
