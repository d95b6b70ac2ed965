//! `dms login`, as a person meets it: the built command waits, a page lets it in, the other commands act for the person.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use harness::{Stack, process::run};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

const PASSWORD: &str = "correct horse battery";

/// A person at a command line: their configuration folder.
struct Person<'a> {
    stack: &'a Stack,
    config: PathBuf,
}

/// `dms login` that waits.
struct Waiting {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// The codes, as it printed them.
    codes: Value,
}

impl Person<'_> {
    fn command(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut command = self.stack.dms.command(arguments)?;
        command
            .env_remove("DMS_TOKEN_FILE")
            .env_remove("DMS_URL")
            .env("XDG_CONFIG_HOME", &self.config)
            .current_dir(self.stack.folder());
        Ok(command)
    }

    /// What a command prints; fails unless it ends with this code.
    async fn run(&self, code: i32, arguments: &[&str]) -> anyhow::Result<(String, String)> {
        let done = run(self.command(arguments)?, Duration::from_secs(60)).await?;
        let said = (done.stdout, done.stderr);
        ensure!(done.code == code, "{arguments:?}: {} {said:?}", done.code);
        Ok(said)
    }

    async fn json(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let (out, _) = self.run(0, arguments).await?;
        serde_json::from_str(&out).with_context(|| format!("{arguments:?} prints JSON: {out}"))
    }

    async fn begin(&self) -> anyhow::Result<Waiting> {
        let url = format!("{}/", self.stack.dms.url);
        let mut command = self.command(&["login", "--json", "--server", &url])?;
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().context("it starts")?;
        let out = child.stdout.take().context("its output")?;
        let mut lines = BufReader::new(out).lines();
        let first = lines.next_line().await?.context("the codes")?;
        let codes = serde_json::from_str(&first)?;
        Ok(Waiting {
            child,
            lines,
            codes,
        })
    }
}

impl Waiting {
    fn code(&self) -> anyhow::Result<&str> {
        self.codes["user_code"].as_str().context("a code")
    }

    /// Its exit code, the rest of what it printed, and its complaints.
    async fn end(mut self) -> anyhow::Result<(Option<i32>, Option<String>, String)> {
        let last = self.lines.next_line().await?;
        let mut said = String::new();
        let mut errors = self.child.stderr.take().context("its complaints")?;
        errors.read_to_string(&mut said).await?;
        let status = self.child.wait().await?;
        Ok((status.code(), last, said))
    }
}

async fn with_ana(stack: &Stack) -> anyhow::Result<Person<'_>> {
    let ana = json!({"login": "ana", "name": "Ana", "roles": ["publisher"], "password": PASSWORD});
    stack.dms.post("/api/v1/people", ana).await?;
    let config = stack.folder().join("config");
    Ok(Person { stack, config })
}

/// Signs in and answers as the page does.
async fn answer(stack: &Stack, code: &str, approve: bool) -> anyhow::Result<()> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let url = &stack.dms.url;
    let body = json!({"login": "ana", "password": PASSWORD});
    let session = http.post(format!("{url}/session")).json(&body).send();
    let session = session.await?.error_for_status()?;
    let cookie = session.headers()["set-cookie"].to_str()?.to_owned();
    let body = json!({"user_code": code, "approve": approve});
    let answer = http
        .post(format!("{url}/api/v1/grants/answer"))
        .header("cookie", cookie.split(';').next().context("a pair")?)
        .header("origin", url)
        .json(&body);
    answer.send().await?.error_for_status()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_line_is_signed_in_acts_and_is_signed_out() -> anyhow::Result<()> {
    let stack = Stack::builder().start().await?;
    let ana = with_ana(&stack).await?;
    let (_, said) = ana.run(4, &["titles"]).await?;
    ensure!(said.contains("dms login"), "{said}");

    let waiting = ana.begin().await?;
    answer(&stack, waiting.code()?, true).await?;
    let (code, last, said) = waiting.end().await?;
    ensure!(code == Some(0), "{code:?} {said}");
    let who: Value = serde_json::from_str(&last.context("who signed in")?)?;
    assert_eq!(
        (&who["subject"], &who["server"], &who["by"]),
        (&json!("Ana"), &json!(stack.dms.url), &json!("login"))
    );

    // Without --url and token: the server and the token of the sign-in.
    let file = ana.config.join("dms/logins.json");
    assert_eq!(std::fs::metadata(&file)?.mode() & 0o777, 0o600);
    let who = ana.json(&["whoami", "--json"]).await?;
    assert_eq!(who["roles"], json!(["publisher"]));
    let titles = ana.json(&["titles", "--json"]).await?;
    assert_eq!(titles["items"], json!([]));
    // The token goes to its own server only.
    let elsewhere = ana
        .run(4, &["titles", "--url", "http://127.0.0.1:1"])
        .await?;
    ensure!(elsewhere.1.contains("not signed in"), "{elsewhere:?}");

    // A copy of the token is worth nothing after the sign-out.
    let kept: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
    let token = kept["servers"][&stack.dms.url]["token"].as_str();
    let copy = stack.folder().join("copy.token");
    std::fs::write(&copy, token.context("the token")?)?;
    let copy = copy.to_str().context("UTF-8")?;
    let url = &stack.dms.url;
    ana.run(0, &["titles", "--url", url, "--token-file", copy])
        .await?;
    ana.run(0, &["logout"]).await?;
    let (_, said) = ana
        .run(4, &["titles", "--url", url, "--token-file", copy])
        .await?;
    ensure!(said.contains("unauthenticated"), "{said}");
    ana.run(4, &["whoami", "--url", url]).await?;
    ensure!(
        !std::fs::read_to_string(&file)?.contains("dms_"),
        "no token"
    );

    // Refused: no token, and the exit code says so.
    let waiting = ana.begin().await?;
    answer(&stack, waiting.code()?, false).await?;
    let (code, last, said) = waiting.end().await?;
    assert_eq!((code, last), (Some(4), None), "{said}");
    ensure!(said.contains("refused"), "{said}");
    stack.end().await
}

/// The program that drives Chromium with playwright-core.
fn let_in() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../player/web/dev/let-in.mjs")
}

#[tokio::test(flavor = "multi_thread")]
async fn chromium_lets_a_command_line_in_and_refuses_another() -> anyhow::Result<()> {
    let stack = Stack::builder().start().await?;
    let ana = with_ana(&stack).await?;
    let page = |address: &str, more: &[&str]| {
        let mut command = Command::new("node");
        command.arg(let_in()).args(["--page", address]).args(more);
        command.args(["--login", "ana", "--password", PASSWORD]);
        run(command, Duration::from_secs(120))
    };
    let waiting = ana.begin().await?;
    let address = waiting.codes["verification_uri_complete"].as_str();
    let done = page(address.context("an address")?, &[]).await?;
    ensure!(done.code == 0, "{} {}", done.stdout, done.stderr);
    let said: Value = serde_json::from_str(&done.stdout)?;
    assert_eq!(said["code"], waiting.codes["user_code"]);
    let what = said["what"].as_str().unwrap_or_default();
    ensure!(
        what.contains("dms on ") && what.contains("127.0.0.1"),
        "{said}"
    );
    assert_eq!(said["done"], "It may go on");
    let (code, last, errors) = waiting.end().await?;
    ensure!(code == Some(0), "{errors}");
    ensure!(last.is_some_and(|line| line.contains("Ana")), "{errors}");

    let waiting = ana.begin().await?;
    let address = format!("{}/device", stack.dms.url);
    let typed = waiting.code()?.to_lowercase().replace('-', " ");
    let done = page(&address, &["--code", &typed, "--refuse"]).await?;
    ensure!(done.code == 0, "{} {}", done.stdout, done.stderr);
    let said: Value = serde_json::from_str(&done.stdout)?;
    let unknown = said["unknown"].as_str().unwrap_or_default();
    ensure!(unknown.contains("Nothing waits with this code"), "{said}");
    assert_eq!(waiting.end().await?.0, Some(4));
    stack.end().await
}
