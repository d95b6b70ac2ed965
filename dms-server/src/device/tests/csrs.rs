//! Hostile signing requests, generated: none gets another identity, a longer life or another kind of key.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{
    DistinguishedName, DnValue, PKCS_ECDSA_P521_SHA512, PKCS_RSA_SHA256, PublicKeyData, SigningKey,
};

use super::*;

/// An EC P-256 public key's algorithm, DER.
const P256: [u8; 21] = [
    0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
    0xce, 0x3d, 0x03, 0x01, 0x07,
];
/// secp256k1's.
const K256: [u8; 18] = [
    0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04,
    0x00, 0x0a,
];
/// rsaEncryption's.
const RSA: [u8; 15] = [
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
/// ECDSA with SHA-256.
const ECDSA: [u8; 12] = [
    0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
];
/// The attribute that asks for extensions.
const EXTENSION_REQUEST: [u8; 11] = [
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e,
];
/// The attribute with a password.
const CHALLENGE: [u8; 11] = [
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x07,
];

/// A DER value.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut out = vec![tag];
    match u32::try_from(body.len()).expect("a short value") {
        len @ 0..=127 => out.push(len as u8),
        len => {
            let bytes = len.to_be_bytes();
            let skip = bytes.iter().take_while(|b| **b == 0).count();
            out.push(0x80 | (4 - skip) as u8);
            out.extend(&bytes[skip..]);
        }
    }
    out.extend(body);
    out
}

fn bits(bytes: &[u8]) -> Vec<u8> {
    der(0x03, &[&[0], bytes])
}

fn name(tag: u8, text: &[u8]) -> Vec<u8> {
    let common_name = [0x06, 0x03, 0x55, 0x04, 0x03];
    der(
        0x30,
        &[&der(
            0x31,
            &[&der(0x30, &[&common_name, &der(tag, &[text])])],
        )],
    )
}

/// The values in a DER sequence.
fn parts(sequence: &[u8]) -> Vec<Vec<u8>> {
    let extent = |value: &[u8]| match value[1] {
        len @ 0..=127 => (2, usize::from(len)),
        long => {
            let head = 2 + usize::from(long & 0x7f);
            let bytes = value[2..head].iter();
            (head, bytes.fold(0, |len, b| len << 8 | usize::from(*b)))
        }
    };
    let mut rest = &sequence[extent(sequence).0..];
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (head, len) = extent(rest);
        let (part, after) = rest.split_at(head + len);
        parts.push(part.to_vec());
        rest = after;
    }
    parts
}

/// A request made of these parts and signed by `signer`.
fn request(
    version: u8,
    subject: &[u8],
    spki: &[u8],
    attributes: &[&[u8]],
    signer: &KeyPair,
) -> Vec<u8> {
    let version = der(0x02, &[&[version]]);
    let info = der(0x30, &[&version, subject, spki, &der(0xa0, attributes)]);
    let signature = SigningKey::sign(signer, &info).expect("signed");
    der(0x30, &[&info, &ECDSA, &bits(&signature)])
}

fn spki(algorithm: &[u8], point: &[u8]) -> Vec<u8> {
    der(0x30, &[algorithm, &bits(point)])
}

/// An extension request for a subject alternative name: `kind` 1 mail, 2 DNS, 6 URI, 7 address.
fn asks(kind: u8, text: &[u8]) -> Vec<u8> {
    let names = der(0x30, &[&der(0x80 | kind, &[text])]);
    let oid = [0x06, 0x03, 0x55, 0x1d, 0x11];
    let extension = der(0x30, &[&oid, &der(0x04, &[&names])]);
    der(
        0x30,
        &[&EXTENSION_REQUEST, &der(0x31, &[&der(0x30, &[&extension])])],
    )
}

/// Names that somebody else has, or that look like it.
fn foreign(device: DeviceId) -> Vec<(u8, Vec<u8>)> {
    let id = device.to_string();
    let texts = [
        (6, format!("urn:dms:device:{id}")),
        (6, format!("URN:DMS:DEVICE:{id}")),
        (6, format!("urn:dms:device:{id}\0.evil")),
        (6, "https://origin.dms.internal/".into()),
        (2, format!("{id}.peer.dms.internal")),
        (2, format!("{id}.peer.dms.internal.")),
        (2, "origin.dms.internal".into()),
        (2, "*.peer.dms.internal".into()),
        (2, "*".into()),
        (2, "dms.internal\0.example.com".into()),
        (2, "\u{43e}rigin.dms.internal".into()),
        (2, "origin\u{202e}.lanretni.smd".into()),
        (2, String::new()),
        (2, "a".repeat(300)),
        (1, "owner@example.com".into()),
    ];
    let mut all: Vec<_> = texts
        .into_iter()
        .map(|(kind, text)| (kind, text.into_bytes()))
        .collect();
    all.extend([(7, vec![127, 0, 0, 1]), (7, vec![0; 16]), (7, vec![1; 5])]);
    all
}

/// Requests that prove their key and ask for what they must not get.
fn greedy(device: DeviceId, key: &KeyPair) -> Vec<Vec<u8>> {
    let own = spki(&P256, key.der_bytes());
    let id = device.to_string();
    let mut all = Vec::new();
    for (kind, text) in foreign(device) {
        let san = asks(kind, &text);
        let subject = name(0x0c, &text);
        all.push(request(0, &name(0x0c, b"pc"), &own, &[&san], key));
        all.push(request(0, &subject, &own, &[], key));
        all.push(request(0, &subject, &own, &[&san, &san], key));
        for tag in [0x13, 0x16, 0x1e, 0x1c, 0x04] {
            all.push(request(0, &name(tag, &text), &own, &[&san], key));
        }
    }
    let san = asks(6, format!("urn:dms:device:{id}").as_bytes());
    for (oid, value) in [
        // basicConstraints with CA, with CA and a length, and not a boolean.
        (0x13, der(0x30, &[&[0x01, 0x01, 0xff]])),
        (0x13, der(0x30, &[&[0x01, 0x01, 0xff, 0x02, 0x01, 0x09]])),
        (0x13, der(0x30, &[&[0x01, 0x01, 0x01]])),
        // keyUsage: everything; extKeyUsage: any; nameConstraints; policies; another key id.
        (0x0f, vec![0x03, 0x02, 0x00, 0xff]),
        (0x25, der(0x30, &[&[0x06, 0x04, 0x55, 0x1d, 0x25, 0x00]])),
        (0x1e, der(0x30, &[])),
        (0x20, der(0x30, &[])),
        (0x23, der(0x30, &[&der(0x80, &[&[7; 20]])])),
        (0x0e, der(0x04, &[&[7; 20]])),
    ] {
        for critical in [&[][..], &[0x01, 0x01, 0xff], &[0x01, 0x01, 0x00]] {
            let oid = [0x06, 0x03, 0x55, 0x1d, oid];
            let one = der(0x30, &[&oid, critical, &der(0x04, &[&value])]);
            for times in [1, 2, 20] {
                let list = der(0x30, &[&one.repeat(times)]);
                let attribute = der(0x30, &[&EXTENSION_REQUEST, &der(0x31, &[&list])]);
                all.push(request(
                    0,
                    &name(0x0c, b"pc"),
                    &own,
                    &[&attribute, &san],
                    key,
                ));
            }
        }
    }
    for count in [1, 10, 50] {
        let one = der(
            0x30,
            &[&CHALLENGE, &der(0x31, &[&der(0x0c, &[b"password"])])],
        );
        let many = vec![&one[..]; count];
        all.push(request(0, &name(0x0c, b"pc"), &own, &many, key));
    }
    for version in [1, 2, 127, 255] {
        all.push(request(version, &name(0x0c, b"pc"), &own, &[&san], key));
    }
    all
}

/// The same by the library that the server reads with: names and usages in every combination.
fn combined(device: DeviceId, key: &KeyPair) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let names = [
        "origin.dms.internal",
        "\u{202e}cp",
        "pc\0",
        "\u{440}\u{441}",
    ];
    for common_name in names {
        for ca in [
            IsCa::NoCa,
            IsCa::ExplicitNoCa,
            IsCa::Ca(BasicConstraints::Unconstrained),
            IsCa::Ca(BasicConstraints::Constrained(3)),
        ] {
            for usage in [
                ExtendedKeyUsagePurpose::Any,
                ExtendedKeyUsagePurpose::ServerAuth,
                ExtendedKeyUsagePurpose::CodeSigning,
            ] {
                let mut params = CertificateParams::default();
                let mut subject = DistinguishedName::new();
                subject.push(DnType::CommonName, DnValue::Utf8String(common_name.into()));
                params.distinguished_name = subject;
                params.is_ca = ca;
                params.extended_key_usages = vec![usage];
                let uri = format!("urn:dms:device:{device}");
                params.subject_alt_names =
                    vec![SanType::URI(uri.as_str().try_into().expect("a name"))];
                let request = params.serialize_request(key).expect("a request");
                all.push(request.der().to_vec());
            }
        }
    }
    all
}

/// Requests for a key that the sender does not show to hold, or of a kind that is not taken.
fn unproven(key: &KeyPair) -> Vec<Vec<u8>> {
    let (point, subject) = (key.der_bytes(), name(0x0c, b"pc"));
    let other = KeyPair::generate().expect("a key");
    let mut all = vec![
        request(0, &subject, &spki(&P256, point), &[], &other),
        request(0, &subject, &spki(&K256, point), &[], key),
        request(0, &subject, &spki(&RSA, point), &[], key),
    ];
    let mut compressed = point[..33].to_vec();
    compressed[0] = 2 + (point[64] & 1);
    let mut hybrid = point.to_vec();
    hybrid[0] = 6 + (point[64] & 1);
    let mut off_curve = point.to_vec();
    off_curve[64] ^= 1;
    let infinity = vec![0];
    let zero = [&[4_u8][..], &[0; 64]].concat();
    let long = [point, &[0]].concat();
    for wrong in [
        compressed,
        hybrid,
        off_curve,
        infinity,
        zero,
        long,
        Vec::new(),
    ] {
        all.push(request(0, &subject, &spki(&P256, &wrong), &[], key));
    }
    // RSA of 512 to 16,384 bits, and an exponent of 1.
    for bytes in [64, 128, 256, 512, 1024, 2048] {
        let modulus = der(0x02, &[&[0], &vec![0xc5; bytes]]);
        for exponent in [&[1][..], &[1, 0, 1]] {
            let rsa = der(0x30, &[&modulus, &der(0x02, &[exponent])]);
            all.push(request(0, &subject, &spki(&RSA, &rsa), &[], key));
        }
    }
    let kinds = [
        &PKCS_ECDSA_P384_SHA384,
        &PKCS_ECDSA_P521_SHA512,
        &PKCS_ED25519,
        &PKCS_RSA_SHA256,
    ];
    for kind in kinds {
        let key = KeyPair::generate_for(kind).expect("a key");
        all.push(der_of(&csr(&key)));
    }
    // Another request's signature, no signature, and one of zeros.
    let (good, theirs) = (der_of(&csr(key)), der_of(&csr(&other)));
    let (good, theirs) = (parts(&good), parts(&theirs));
    all.push(der(0x30, &[&good[0], &ECDSA, &theirs[2]]));
    all.push(der(0x30, &[&theirs[0], &ECDSA, &good[2]]));
    for signature in [&[][..], &[0; 64], &[0x30, 6, 2, 1, 0, 2, 1, 0], &[0x30, 0]] {
        all.push(der(0x30, &[&good[0], &ECDSA, &bits(signature)]));
    }
    all
}

/// A good request with each byte changed, and cut off behind each.
fn broken(good: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for at in 0..good.len() {
        for mask in [0x01, 0x80] {
            let mut changed = good.to_vec();
            changed[at] ^= mask;
            all.push(changed);
        }
        all.push(good[..at].to_vec());
    }
    all
}

/// Texts that are no request at all.
fn texts(good: &str) -> Vec<String> {
    let body = good.lines().nth(1).expect("a line");
    vec![
        good.replace("CERTIFICATE REQUEST", "CERTIFICATE"),
        good.replace("CERTIFICATE REQUEST", "PRIVATE KEY"),
        good.replace('\n', ""),
        good.replace('-', "\u{2010}"),
        good.replacen(body, "\0", 1),
        good.replacen(body, "=====", 1),
        "x".repeat(ca::CSR_MAX + 1),
        format!("{good}{}", " ".repeat(ca::CSR_MAX)),
        "\u{202e}".repeat(100),
    ]
}

fn der_of(csr_pem: &str) -> Vec<u8> {
    let body: String = csr_pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    STANDARD.decode(body).expect("base64")
}

/// That the certificate is this device's, for this key, for a day, and nothing more.
fn check(pem: &str, device: &str, point: &[u8]) {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM");
    let (_, certificate) = X509Certificate::from_der(&der).expect("a certificate");
    let (uri, dns) = (
        format!("urn:dms:device:{device}"),
        format!("{device}.peer.dms.internal"),
    );
    let names = certificate.subject_alternative_name().expect("readable");
    let names = &names.expect("there").value.general_names;
    assert_eq!(*names, [GeneralName::URI(&uri), GeneralName::DNSName(&dns)]);
    let subject: Vec<_> = certificate.subject().iter_attributes().collect();
    assert_eq!(subject.len(), 1);
    assert_eq!(subject[0].as_str().expect("text"), device);
    let basic = certificate.basic_constraints().expect("readable");
    assert!(!basic.expect("there").value.ca);
    let usage = certificate.key_usage().expect("readable").expect("there");
    assert_eq!(usage.value.flags, 1, "digitalSignature");
    let extended = certificate.extended_key_usage().expect("readable");
    let extended = extended.expect("there").value;
    assert!(extended.client_auth && extended.server_auth && !extended.any);
    assert!(!extended.code_signing && extended.other.is_empty());
    let validity = certificate.validity();
    let life = validity.not_after.timestamp() - validity.not_before.timestamp();
    assert_eq!(life, 24 * 3600 + 300);
    assert_eq!(certificate.public_key().subject_public_key.data, point);
    // Names, usages, constraints, and the names of both keys.
    assert_eq!(certificate.extensions().len(), 6, "and no other");
}

/// Asks for a certificate; answers the device when there is one, after a look at it. Anything else is a clean refusal.
async fn attempt(server: &Server, token: &str, request: &str, key: &KeyPair) -> Option<String> {
    let asked = server.anonymous(Method::POST, "/api/v1/devices/enroll");
    let answer = asked.json(&enroll_body(token, request)).send().await;
    let answer = answer.expect("an answer");
    let status = answer.status().as_u16();
    let said: serde_json::Value = answer.json().await.expect("JSON");
    if status == 200 {
        let device = text(&said["device_id"]);
        check(&text(&said["certificate_pem"]), &device, key.der_bytes());
        return Some(device);
    }
    let refused = (status, said["code"].as_str().unwrap_or_default());
    let clean = [(400, "invalid_csr"), (413, "body_too_large")];
    assert!(clean.contains(&refused), "{refused:?}: {request}");
    None
}

/// The same for renewals of a device.
async fn renew_with(server: &Server, requests: &[Vec<u8>], key: &KeyPair) {
    let mut device = Device::enroll(server, "sender").await;
    for request in requests {
        let body = json!({"csr_pem": pem(request)});
        let asked = device.client().post(device.url("/v1/renew")).json(&body);
        let answer = asked.send().await.expect("an answer");
        if answer.status() == 200 {
            let said: serde_json::Value = answer.json().await.expect("JSON");
            let (pem, id) = (text(&said["certificate_pem"]), device.id.to_string());
            check(&pem, &id, key.der_bytes());
            device.certificate_pem = pem;
            device.key = KeyPair::from_pem(&key.serialize_pem()).expect("a key");
        } else {
            assert_eq!(answer.status(), 400);
        }
    }
}

#[tokio::test]
async fn of_a_thousand_hostile_requests_none_gets_another_identity() {
    let server = Server::start().await;
    let victim = Device::enroll(&server, "victim").await;
    let token = new_token(&server, 100_000).await;
    let key = KeyPair::generate().expect("a key");
    let mut proven = greedy(victim.id, &key);
    proven.extend(combined(victim.id, &key));
    let mut refused = unproven(&key);
    let good = der_of(&csr(&key));
    refused.extend([[&good[..], &[0]].concat(), good.repeat(2)]);
    let broken = broken(&good);
    // Beyond the longest request, and beyond the longest body.
    let own = spki(&P256, key.der_bytes());
    for bytes in [10_000, 1 << 20] {
        refused.push(request(0, &name(0x0c, &vec![b'a'; bytes]), &own, &[], &key));
    }
    let texts = texts(&csr(&key));
    let count = 2 * proven.len() + refused.len() + broken.len() + texts.len();

    let (mut identities, mut issued) = (BTreeSet::new(), 0);
    for request in &proven {
        // Another key each time would be another device; this one key is one device with this token.
        if let Some(device) = attempt(&server, &token, &pem(request), &key).await {
            identities.insert(device);
            issued += 1;
        }
    }
    assert!(issued > 100, "{issued}: most of them are well formed");
    for request in refused.iter().map(|request| pem(request)).chain(texts) {
        let got = attempt(&server, &token, &request, &key).await;
        assert_eq!(got, None, "{request}");
    }
    // A changed bit that the signature does not cover and the reader does not look at changes nothing.
    let mut passed = 0;
    for request in &broken {
        let got = attempt(&server, &token, &pem(request), &key).await;
        passed += usize::from(got.is_some());
        identities.extend(got);
    }
    assert!(passed < 20, "{passed}");
    assert_eq!(identities.len(), 1, "the sender's own");
    assert!(!identities.contains(&victim.id.to_string()));
    renew_with(&server, &proven, &key).await;
    println!(
        "{count} hostile requests: {issued} certificates, {passed} bits that nobody reads, 0 foreign identities"
    );
    assert!(count >= 500);
    let devices = server.get("/api/v1/devices").await;
    assert_eq!(devices["items"].as_array().map(Vec::len), Some(3));
    server.stop().await;
}
