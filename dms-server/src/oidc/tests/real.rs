//! A provider that others wrote: the npm package `oidc-provider`, with its own forms and cookies.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;

use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::{Visit, come_back, me, read, session};
use crate::config::Config;
use crate::testing::{PATIENCE, Server, refusal, text};

/// The most steps from the first form to the way back.
const STEPS: usize = 12;

/// The secret in `tests/oidc/provider.mjs`.
const SECRET: &str = "a secret: with odd/characters&";

/// The program; it ends with the test.
struct Provider {
    issuer: String,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Provider {
    async fn start() -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/oidc");
        let package = folder.join("node_modules/oidc-provider/package.json");
        assert!(
            package.exists(),
            "run `make setup`: the npm packages of tests/oidc are missing"
        );
        let mut child = Command::new("node")
            .arg("provider.mjs")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("run `make setup`: Node.js 20 or newer is missing");
        let input = child.stdin.take().expect("its input");
        let output = child.stdout.take().expect("its output");
        let mut lines = BufReader::new(output).lines();
        let issuer = line(&mut lines).await;
        let issuer = issuer
            .strip_prefix("issuer ")
            .expect("its issuer")
            .to_owned();
        Self {
            issuer,
            input,
            lines,
            _child: child,
        }
    }

    /// Tells it who signs in with it.
    async fn serve(&mut self, servers: &[Server]) {
        let origins: Vec<_> = servers.iter().map(|s| s.app.public_origin()).collect();
        let told = format!("{}\n", origins.join(" "));
        self.input.write_all(told.as_bytes()).await.expect("told");
        self.input.flush().await.expect("told");
        assert_eq!(line(&mut self.lines).await, "ready");
    }
}

async fn line(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    let line = timeout(PATIENCE, lines.next_line()).await.expect("in time");
    line.expect("text")
        .expect("it goes on; what it says stands above")
}

fn connect(issuer: &str, client: &str, secret: Option<PathBuf>) -> impl Fn(&mut Config) + use<> {
    let (issuer, client) = (issuer.to_owned(), client.to_owned());
    move |config| {
        config.egress.allow = vec!["127.0.0.1/32".to_owned()];
        config.oidc.issuer.clone_from(&issuer);
        config.oidc.client_id.clone_from(&client);
        config.oidc.client_secret_file = secret.clone().unwrap_or_default();
        config.oidc.roles = vec!["dms-admins=owner".to_owned()];
    }
}

/// What a person does in a browser: sends the forms until the provider sends them back, or cancels.
async fn visit(server: &Server, login: Option<&str>) -> Visit {
    let begun = server
        .anonymous(Method::GET, "/session/oidc?next=/watch")
        .send()
        .await;
    let begun = begun.expect("an answer");
    assert_eq!(begun.status(), 302);
    let kept = begun.headers()["set-cookie"].to_str().expect("text");
    let cookie = kept.split(';').next().expect("a pair").to_owned();
    let mut url =
        url::Url::parse(begun.headers()["location"].to_str().expect("text")).expect("a URL");
    let mut jar = BTreeMap::new();
    let mut form: Option<Vec<(&str, &str)>> = None;
    for _ in 0..STEPS {
        let cookies: Vec<_> = jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = match form.take() {
            Some(form) => server.http.post(url.clone()).form(&form),
            None => server.http.get(url.clone()),
        };
        let answer = request
            .header("cookie", cookies.join("; "))
            .send()
            .await
            .expect("an answer");
        for set in answer.headers().get_all("set-cookie") {
            let pair = set
                .to_str()
                .expect("text")
                .split(';')
                .next()
                .expect("a pair");
            let (name, value) = pair.split_once('=').expect("a pair");
            jar.insert(name.to_owned(), value.to_owned());
        }
        if let Some(place) = answer.headers().get("location") {
            url = url.join(place.to_str().expect("text")).expect("a URL");
            if let Some(back) = url.as_str().strip_prefix(&server.url) {
                return Visit {
                    cookie,
                    back: back.to_owned(),
                };
            }
            continue;
        }
        let status = answer.status();
        let page = answer.text().await.expect("a page");
        assert_eq!(status, 200, "{url}: {page}");
        let mark = if login.is_some() {
            "action=\""
        } else {
            "<a href=\""
        };
        let (_, rest) = page
            .split_once(mark)
            .unwrap_or_else(|| panic!("{mark} in {page}"));
        let (place, _) = rest.split_once('"').expect("an address");
        url = url.join(place).expect("a URL");
        form = login.map(|login| {
            if page.contains("name=\"login\"") {
                vec![("prompt", "login"), ("login", login), ("password", "any")]
            } else {
                vec![("prompt", "consent")]
            }
        });
    }
    panic!("more than {STEPS} steps");
}

async fn with(client: &str, secret: Option<PathBuf>) {
    let mut provider = Provider::start().await;
    let servers = Server::both_with(connect(&provider.issuer, client, secret)).await;
    provider.serve(&servers).await;
    for server in servers {
        let ana = visit(&server, Some("ana")).await;
        let (cookie, page) = session(come_back(&server, &ana)).await;
        assert!(page.contains("0;url=/watch"), "{page}");
        let who = read(me(&server, &cookie)).await;
        assert_eq!(
            (&who["subject"], &who["roles"]),
            (&json!("Ana Lima"), &json!(["viewer", "owner"]))
        );
        let person = server
            .get(&format!("/api/v1/people/{}", text(&who["person"])))
            .await;
        assert_eq!(
            (&person["login"], &person["email"]),
            (&json!("ana"), &json!("ana@example.com"))
        );
        assert_eq!(
            (&person["source"], &person["department"]),
            (&json!("oidc"), &json!("Studio"))
        );
        let groups = person["groups"].as_array().expect("groups");
        let names: Vec<_> = groups.iter().map(|group| text(&group["name"])).collect();
        assert_eq!(names, ["dms-admins", "staff"]);

        // The code and the state are spent; nor does the same answer work with another sign-in's cookie.
        assert_eq!(
            refusal(come_back(&server, &ana)).await.1.code,
            "oidc_begin_again"
        );
        let ben = visit(&server, Some("ben")).await;
        let mixed = Visit {
            cookie: ben.cookie.clone(),
            back: ana.back,
        };
        assert_eq!(
            refusal(come_back(&server, &mixed)).await.1.code,
            "oidc_begin_again"
        );
        let (cookie, page) = session(come_back(&server, &ben)).await;
        assert!(
            !page.contains("Okafor"),
            "the page holds nothing of the provider"
        );
        assert_eq!(read(me(&server, &cookie)).await["roles"], json!(["viewer"]));

        let cancelled = visit(&server, None).await;
        let (status, problem) = refusal(come_back(&server, &cancelled)).await;
        assert_eq!((status, problem.code.as_str()), (403, "oidc_denied"));

        // The second time it is the same person.
        let again = visit(&server, Some("ana")).await;
        let (cookie, _) = session(come_back(&server, &again)).await;
        assert_eq!(read(me(&server, &cookie)).await["person"], who["person"]);
        let people: Value = server.get("/api/v1/people").await;
        assert_eq!(people["items"].as_array().expect("people").len(), 2);
        server.stop().await;
    }
}

#[tokio::test]
async fn people_sign_in_through_oidc_provider_with_a_secret_on_both_databases() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("client.secret");
    std::fs::write(&file, format!("{SECRET}\n")).expect("written");
    with("confidential", Some(file)).await;
}

#[tokio::test]
async fn people_sign_in_through_oidc_provider_without_a_secret_on_both_databases() {
    with("public", None).await;
}

#[tokio::test]
async fn a_wrong_secret_lets_nobody_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("client.secret");
    std::fs::write(&file, "hunter2").expect("written");
    let mut provider = Provider::start().await;
    let server = Server::with(connect(&provider.issuer, "confidential", Some(file))).await;
    let servers = [server];
    provider.serve(&servers).await;
    let [server] = servers;
    let ana = visit(&server, Some("ana")).await;
    assert_eq!(
        refusal(come_back(&server, &ana)).await.1.code,
        "oidc_provider"
    );
    let shown = format!("{:?} {}", server.app.oidc, server.app.config.show());
    assert!(!shown.contains("hunter2"), "{shown}");
    server.stop().await;
}
