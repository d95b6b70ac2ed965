//! Forged ID tokens: none of them makes a session.

use std::net::IpAddr;
use std::sync::Arc;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit, Mac};
use http::Method;
use serde_json::{Value, json};

use super::issuer::{CLIENT, Issuer, Key, joined};
use super::{claims, come_back, connect, leave, me, read, says, sign_in};
use crate::testing::{Server, refusal};

/// What a forger has: the provider's public keys, and keys of their own. The provider's keys also sign what a
/// sloppy or hostile client of the same provider could get from it.
struct Forge {
    real: Vec<Arc<Key>>,
    own: Vec<Key>,
    issuer: String,
    nonce: String,
    now_ms: i64,
}

type Forged = Vec<(String, String)>;

impl Forge {
    fn good(&self) -> Value {
        claims(&self.issuer, &self.nonce, self.now_ms)
    }

    fn with(&self, name: &str, value: Value) -> Value {
        let mut claims = self.good();
        claims[name] = value;
        claims
    }

    fn without(&self, name: &str) -> Value {
        let mut claims = self.good();
        claims.as_object_mut().expect("an object").remove(name);
        claims
    }

    /// Signed by the provider, about the wrong thing.
    fn signed(&self, what: &str, claims: &Value) -> (String, String) {
        let key = &self.real[0];
        (
            format!("{what}: {claims}"),
            key.token(&key.header(), claims),
        )
    }

    fn algorithms(&self) -> Forged {
        let mut all = Vec::new();
        let claims = self.good().to_string();
        let odd = [
            json!("none"),
            json!("None"),
            json!("NONE"),
            json!("nOnE"),
            json!(""),
            json!(" "),
            json!("HS256"),
            json!("HS384"),
            json!("HS512"),
            json!("RS384"),
            json!("RS512"),
            json!("PS256"),
            json!("PS384"),
            json!("ES384"),
            json!("ES512"),
            json!("ES256K"),
            json!("rs256"),
            json!("RS256 "),
            json!("Ed448"),
            json!("RSA-OAEP"),
            json!("dir"),
            json!(null),
            json!(5),
            json!(["RS256"]),
            json!({"alg": "RS256"}),
            json!(true),
        ];
        for alg in odd {
            for key in &self.real {
                let header = json!({"alg": alg, "typ": "JWT", "kid": key.id}).to_string();
                let signed = joined(&header, &claims);
                all.push((format!("{header} bare"), format!("{signed}.")));
                all.push((format!("{header} signed"), key.token_of(&header, &claims)));
            }
        }
        let bare = json!({"typ": "JWT"}).to_string();
        all.push(("no alg".into(), self.real[0].token_of(&bare, &claims)));
        all
    }

    /// The public key, in every form somebody may have it in, as the secret of a HMAC.
    fn confused(&self) -> Forged {
        let mut all = Vec::new();
        for key in &self.real {
            let jwk = key.jwk();
            let field = if key.algorithm == "RS256" { "n" } else { "x" };
            let half = jwk[field].as_str().expect("text");
            let pem = format!(
                "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
                STANDARD.encode(key.public())
            );
            let secrets = [
                key.public(),
                jwk.to_string().into_bytes(),
                half.as_bytes().to_vec(),
                URL_SAFE_NO_PAD.decode(half).expect("bytes"),
                pem.into_bytes(),
                Vec::new(),
            ];
            for (number, secret) in secrets.iter().enumerate() {
                for alg in ["HS256", key.algorithm] {
                    let header = json!({"alg": alg, "typ": "JWT", "kid": key.id});
                    let signed = joined(&header.to_string(), &self.good().to_string());
                    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret).expect("a key");
                    mac.update(signed.as_bytes());
                    let mac = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
                    all.push((format!("HMAC {header} {number}"), format!("{signed}.{mac}")));
                }
            }
        }
        all
    }

    /// Signed by others, who say where their keys are.
    fn of_others(&self) -> Forged {
        let mut all = Vec::new();
        for (own, real) in self.own.iter().zip(&self.real) {
            let here = format!("{}/evil", self.issuer);
            let brought = [
                json!({}),
                json!({"jwk": own.jwk()}),
                json!({"jku": here}),
                json!({"x5u": here}),
                json!({"x5c": [STANDARD.encode(own.public())]}),
                json!({"jwk": own.jwk(), "jku": here, "x5u": here}),
            ];
            for more in brought {
                for kid in [
                    json!(real.id),
                    json!(own.id),
                    Value::Null,
                    json!("../../jwks"),
                ] {
                    let mut header = own.header();
                    header["kid"] = kid;
                    for (name, value) in more.as_object().expect("an object") {
                        header[name] = value.clone();
                    }
                    let what = format!("of another key {header}");
                    all.push((what, own.token(&header, &self.good())));
                    header.as_object_mut().expect("an object").remove("kid");
                    let what = format!("of another key {header}");
                    all.push((what, own.token(&header, &self.good())));
                }
            }
        }
        all
    }

    /// What the provider never says for this server, or says too late or too early.
    fn claimed(&self) -> Forged {
        let mut all = Vec::new();
        for (name, values) in self.parties().into_iter().chain(self.moments()) {
            let values = values.as_array().expect("a list").clone();
            for value in values {
                all.push(self.signed(name, &self.with(name, value)));
            }
            if !["azp", "nbf"].contains(&name) {
                all.push(self.signed(&format!("no {name}"), &self.without(name)));
            }
        }
        all
    }

    /// Wrong values for the claims that say who and for whom.
    fn parties(&self) -> [(&'static str, Value); 5] {
        let (issuer, nonce) = (&self.issuer, &self.nonce);
        let (upper, slashed) = (issuer.to_uppercase(), format!("{issuer}/"));
        let audiences = vec![CLIENT; 33];
        let (spaced, cut) = (format!("{nonce} "), nonce.get(1..));
        let evil = "https://evil.example";
        let iss = json!([evil, slashed, "", null, [issuer], upper, 5, {}]);
        let aud = json!(["other", "", [], ["other"], null, "dms2", "DMS", {"dms": 1}, [["dms"]],
            ["dms", 5], ["dms", "other"], "dms other", audiences]);
        let azp = json!(["other", "", null, ["dms"], 5]);
        let nonces = json!(["", "x", null, [nonce], 5, spaced, cut]);
        let long = "x".repeat(256);
        let sub = json!(["", null, 5, ["subject-1"], "x\ny", long, "\u{e9}"]);
        [
            ("iss", iss),
            ("aud", aud),
            ("azp", azp),
            ("nonce", nonces),
            ("sub", sub),
        ]
    }

    /// Wrong values for the claims that say when.
    fn moments(&self) -> [(&'static str, Value); 3] {
        let now = self.now_ms / 1000;
        let (soon, tomorrow) = (now + 90, now + 86_400);
        let (late, later) = (now - 61, now - 3_600);
        let exp = json!([late, later, 0, -1, null, "9999999999", [now + 300], true]);
        let iat = json!([soon, tomorrow, -1, null, "0", [now]]);
        let nbf = json!([soon, tomorrow, null, "0"]);
        [("exp", exp), ("iat", iat), ("nbf", nbf)]
    }

    fn headed(&self) -> Forged {
        let (rsa, ec) = (&self.real[0], &self.real[1]);
        let mut headers = Vec::new();
        for typ in [
            "at+jwt",
            "logout+jwt",
            "secevent+jwt",
            "JWE",
            "jwk",
            "dpop+jwt",
            "",
            "JWT ",
        ] {
            headers.push(json!({"alg": "RS256", "kid": rsa.id, "typ": typ}));
        }
        for crit in [
            json!([]),
            json!(["exp"]),
            json!(["b64"]),
            json!(null),
            json!("b64"),
        ] {
            headers.push(json!({"alg": "RS256", "kid": rsa.id, "crit": crit, "b64": false}));
        }
        for kid in [
            json!("nobody"),
            json!(""),
            json!(null),
            json!(0),
            json!([rsa.id]),
            json!({"kid": rsa.id}),
            json!("' OR '1'='1"),
            json!("../../../dev/null"),
            json!("one\u{0}"),
            json!("ONE"),
            json!("x".repeat(10_000)),
            json!(ec.id),
            json!("http://127.0.0.1/key"),
        ] {
            headers.push(json!({"alg": "RS256", "kid": kid}));
        }
        for alg in ["ES256", "EdDSA"] {
            headers.push(json!({"alg": alg, "kid": rsa.id}));
        }
        headers.push(json!({"alg": "RS256", "kid": rsa.id, "typ": 5}));
        let claims = self.good();
        let sign = |header: &Value| (format!("header {header}"), rsa.token(header, &claims));
        headers.iter().map(sign).collect()
    }

    /// Texts that two readers could read in two ways.
    fn twofold(&self) -> Forged {
        let key = &self.real[0];
        let (header, good) = (key.header().to_string(), self.good());
        let mut all = Vec::new();
        for name in [
            "iss", "aud", "sub", "exp", "iat", "nonce", "groups", "email",
        ] {
            for evil in ["\"evil\"", &good[name].to_string()] {
                let twice = good
                    .to_string()
                    .replacen('{', &format!("{{\"{name}\":{evil},"), 1);
                all.push((
                    format!("twice {name} {evil}"),
                    key.token_of(&header, &twice),
                ));
            }
        }
        for name in ["alg", "kid", "typ"] {
            let twice = header.replacen('{', &format!("{{\"{name}\":\"none\","), 1);
            all.push((
                format!("twice {name}"),
                key.token_of(&twice, &good.to_string()),
            ));
        }
        let escaped = good
            .to_string()
            .replacen('{', "{\"i\\u0073s\":\"evil\",", 1);
        all.push(("twice, escaped".into(), key.token_of(&header, &escaped)));
        for claims in [
            "",
            "null",
            "[]",
            "5",
            "\"x\"",
            "{",
            "{}{}",
            "{} x",
            "\u{feff}{}",
        ] {
            all.push((format!("claims {claims}"), key.token_of(&header, claims)));
            all.push((
                format!("header {claims}"),
                key.token_of(claims, &good.to_string()),
            ));
        }
        let deep = format!("{{\"x\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
        all.push(("deep".into(), key.token_of(&header, &deep)));
        let huge = self.with("pad", json!("x".repeat(80 << 10))).to_string();
        all.push(("huge".into(), key.token_of(&header, &huge)));
        all
    }

    /// A good token, damaged.
    fn damaged(&self) -> Forged {
        let mut all = Vec::new();
        for key in &self.real {
            let good = key.token(&key.header(), &self.good());
            let parts: Vec<_> = good.split('.').collect();
            let (head, body, mark) = (parts[0], parts[1], parts[2]);
            for eighth in 0..8 {
                all.push((
                    format!("cut {eighth}"),
                    good[..good.len() * eighth / 8].to_owned(),
                ));
            }
            all.push(("cut by one".into(), good[..good.len() - 1].to_owned()));
            for at in (0..good.len()).step_by(good.len() / 20) {
                let mut bytes = good.clone().into_bytes();
                bytes[at] = if bytes[at] == b'A' { b'Q' } else { b'A' };
                let changed = String::from_utf8(bytes).expect("text");
                all.push((format!("changed at {at}"), changed));
            }
            let raw = URL_SAFE_NO_PAD.decode(mark).expect("bytes");
            let zero = URL_SAFE_NO_PAD.encode(vec![0; raw.len()]);
            let long = URL_SAFE_NO_PAD.encode([&raw[..], &[0]].concat());
            let other = self.own[0].token(&self.own[0].header(), &self.with("sub", json!("x")));
            let other: Vec<_> = other.split('.').collect();
            for (what, token) in [
                ("no parts", String::new()),
                ("dots", "..".to_owned()),
                ("no head", format!(".{body}.{mark}")),
                ("no body", format!("{head}..{mark}")),
                ("four parts", format!("{good}.x")),
                ("five parts", format!("{head}.x.x.{body}.{mark}")),
                ("doubled", format!("{good}.{good}")),
                ("zeros", format!("{head}.{body}.{zero}")),
                ("longer", format!("{head}.{body}.{long}")),
                ("another's body", format!("{head}.{}.{mark}", other[1])),
                ("padded", format!("{head}=.{body}=.{mark}=")),
                ("spaced", format!(" {good}")),
                ("broken", format!("{head}.{body}.{mark}\n")),
                (
                    "padded mark",
                    format!(
                        "{head}.{body}.{}",
                        URL_SAFE.encode([&raw[..], b"="].concat())
                    ),
                ),
                (
                    "JSON",
                    json!({"payload": body, "protected": head, "signature": mark}).to_string(),
                ),
            ] {
                all.push((format!("{what} {}", key.algorithm), token));
            }
        }
        all
    }

    fn all(&self) -> Forged {
        [
            self.algorithms(),
            self.confused(),
            self.of_others(),
            self.claimed(),
            self.headed(),
            self.twofold(),
            self.damaged(),
        ]
        .concat()
    }
}

fn keys() -> Vec<Arc<Key>> {
    let draw = |(id, algorithm)| Arc::new(Key::draw(id, algorithm));
    [("one", "RS256"), ("two", "ES256"), ("three", "EdDSA")]
        .map(draw)
        .into()
}

#[tokio::test]
async fn no_forged_token_makes_a_session_on_both_databases() {
    let real = keys();
    let own = [("four", "RS256"), ("five", "ES256"), ("six", "EdDSA")];
    let own: Vec<_> = own.map(|(id, algorithm)| Key::draw(id, algorithm)).into();
    let of: Vec<&Key> = real.iter().map(AsRef::as_ref).collect();
    let issuer = Issuer::start(&of).await;
    let mut forge = Forge {
        real,
        own,
        issuer: issuer.url.clone(),
        nonce: String::new(),
        now_ms: 0,
    };
    for server in Server::both_with(connect(&issuer)).await {
        let from: IpAddr = "127.0.0.1".parse().expect("an address");
        // What the browser keeps is good for ten minutes, so that one sign-in serves for all of them.
        let visit = leave(&server, "/session/oidc", "").await;
        forge.nonce = issuer.set(|scene| scene.asked.get("nonce"));
        forge.now_ms = server.app.clock.now_ms();
        let all = forge.all();
        let count = all.len();
        assert!(count >= 200, "{count} forged tokens");
        for (what, token) in all {
            issuer.set(|scene| scene.token = Box::new(move |_| token.clone()));
            let answer = come_back(&server, &visit).send().await.expect("an answer");
            let sets: Vec<_> = answer.headers().get_all("set-cookie").iter().collect();
            assert_eq!(sets.len(), 1, "{what}: {sets:?}");
            assert!(
                sets[0].to_str().expect("text").starts_with("dms_oidc=;"),
                "{what}"
            );
            let status = answer.status().as_u16();
            let problem: Value = answer.json().await.expect("a problem");
            assert_eq!(
                (status, &problem["code"]),
                (403, &json!("oidc_token_refused")),
                "{what}"
            );
            // The brake on guesses is tested where it belongs.
            server.app.people.by_address.give_back(&from);
        }
        println!("{count} forged tokens, 0 sessions");
        let log = server.get("/api/v1/audit?action=session.started").await;
        assert_eq!(log["items"], json!([]));
        assert_eq!(server.get("/api/v1/people").await["items"], json!([]));
        assert_eq!(server.get("/api/v1/groups").await["items"], json!([]));
        // The same way in with good tokens of each key is open.
        for key in &forge.real {
            says(
                &server,
                &issuer,
                key,
                json!({"aud": [CLIENT], "azp": CLIENT}),
            );
            let cookie = sign_in(&server).await;
            assert_eq!(read(me(&server, &cookie)).await["subject"], "Ana Lima");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn guesses_from_one_address_are_slowed_down() {
    let key = Arc::new(Key::draw("one", "ES256"));
    let issuer = Issuer::start(&[&key]).await;
    let server = Server::with(connect(&issuer)).await;
    says(&server, &issuer, &key, json!({"aud": "other"}));
    let mut codes = Vec::new();
    for _ in 0..12 {
        let visit = leave(&server, "/session/oidc", "").await;
        codes.push(refusal(come_back(&server, &visit)).await.1.code);
    }
    assert_eq!(
        codes
            .iter()
            .filter(|code| *code == "oidc_token_refused")
            .count(),
        10
    );
    assert_eq!(codes.last().map(String::as_str), Some("too_many_tries"));
    let options = server.anonymous(Method::GET, "/api/v1/session-options");
    read(options).await;
    server.stop().await;
}
