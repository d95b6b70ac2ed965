//! The corpus of bad inputs, against a real server and the real command line: each is refused with the code, the place and
//! the fix that stand beside it, and nothing of the inside is told.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, ensure};
use harness::{Stack, bins::bin, process::run};
use reqwest::{Method, header};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::process::Command;

/// Fewer would be no corpus.
const INPUTS_MIN: usize = 100;
/// How long one command may take.
const COMMAND: Duration = Duration::from_secs(60);

/// What nobody outside should read: traces, SQL, types of the sources, words of pages that forgot something.
const INSIDE: [&str; 17] = [
    "undefined",
    "panicked",
    "backtrace",
    "[object Object]",
    ".rs:",
    "core::",
    "SELECT ",
    "INSERT ",
    "constraint failed",
    "sqlx",
    "sqlite",
    "Failed to deserialize",
    "expected struct",
    "u8",
    "u16",
    "u32",
    "u64",
];

/// A file of inputs, and what those share that do not say otherwise.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sheet {
    #[serde(default)]
    shared: Shared,
    input: Vec<Input>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shared {
    method: Option<String>,
    path: Option<String>,
    r#type: Option<String>,
    status: Option<u16>,
    code: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    /// What is wrong with it, for people.
    is: String,
    method: Option<String>,
    path: Option<String>,
    r#type: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// What is sent; bytes that are no text in hexadecimal.
    body: Option<String>,
    hex: Option<String>,
    /// Or the arguments of `dms`, and what stands in the file that they name.
    args: Option<Vec<String>>,
    file: Option<String>,
    /// What is expected: status or exit code, the problem's code, the place and a part of the fix.
    status: Option<u16>,
    exit: Option<i32>,
    code: Option<String>,
    /// A pointer or line and column of the problem's `errors`; without it the place is the address that was asked.
    at: Option<String>,
    fix: String,
}

/// A server with something in it that inputs can be wrong about.
struct Scene {
    stack: Stack,
    token: String,
    http: reqwest::Client,
    catalogue: BTreeMap<String, Vec<u64>>,
    names: BTreeMap<&'static str, String>,
}

impl Scene {
    async fn set() -> anyhow::Result<Self> {
        let stack = Stack::builder().start().await?;
        let dms = &stack.dms;
        let group = dms.post("/api/v1/groups", json!({"name": "Board"})).await?;
        let ana = json!({"login": "ana@example.com", "name": "Ana", "roles": ["viewer"], "password": "correct horse battery"});
        dms.post("/api/v1/people", ana).await?;
        dms.add_site("Lyon", "10.99.0.0/16").await?;
        let notes = stack.folder().join("notes.txt");
        std::fs::write(&notes, "Agenda")?;
        let notes = notes.to_str().context("a path in UTF-8")?;
        let publish = [
            "publish",
            notes,
            "--kind",
            "file",
            "--title",
            "Town hall",
            "--wait",
            "--json",
        ];
        let published: Value = serde_json::from_str(&dms.run(&publish).await?.stdout)?;
        let codes = dms.get("/api/v1/problems").await?;
        let catalogue = codes.as_array().context("a list of problems")?.iter();
        let catalogue = catalogue.map(|entry| {
            let status = entry["status"].as_array().into_iter().flatten();
            (
                text(&entry["code"]),
                status.filter_map(Value::as_u64).collect(),
            )
        });
        let mut scene = Self {
            catalogue: catalogue.collect(),
            names: BTreeMap::from([
                ("group", text(&group["id"])),
                ("title", text(&published["id"])),
            ]),
            token: dms.token()?,
            http: reqwest::Client::builder()
                .no_proxy()
                .timeout(COMMAND)
                .build()?,
            stack,
        };
        let upload = scene.request(Method::POST, "/api/v1/uploads");
        let upload = upload
            .header("tus-resumable", "1.0.0")
            .header("upload-length", "9")
            .send()
            .await?;
        let place = upload
            .headers()
            .get(header::LOCATION)
            .context("an upload has an address")?;
        scene.names.insert("upload", place.to_str()?.to_owned());
        Ok(scene)
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.stack.dms.url);
        self.http.request(method, url).bearer_auth(&self.token)
    }

    /// `{title}` and the like become what is there; `{x*1001}` so many letters.
    fn filled(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.names {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        while let Some((before, rest)) = text.split_once("{x*") {
            let (count, after) = rest.split_once('}').unwrap_or((rest, ""));
            text = format!("{before}{}{after}", "x".repeat(count.parse().unwrap_or(0)));
        }
        text
    }

    /// What is not as it should be about the answer to a request.
    async fn send(&self, shared: &Shared, input: &Input) -> anyhow::Result<Vec<String>> {
        let method = input.method.as_ref().or(shared.method.as_ref());
        let method: Method = method.map_or("POST", String::as_str).parse()?;
        let path = input
            .path
            .as_ref()
            .or(shared.path.as_ref())
            .context("a path")?;
        let mut request = self.request(method, &self.filled(path));
        for (name, value) in shared.headers.iter().chain(&input.headers) {
            request = request.header(name, self.filled(value));
        }
        if let Some(kind) = input.r#type.as_ref().or(shared.r#type.as_ref()) {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let body = match &input.hex {
            Some(bytes) => hex::decode(bytes)?,
            None => self
                .filled(input.body.as_deref().unwrap_or_default())
                .into_bytes(),
        };
        let answer = request.body(body).send().await?;
        let status = answer.status().as_u16();
        let said = answer.text().await?;
        let Ok(problem) = serde_json::from_str::<Value>(&said) else {
            return Ok(vec![format!("{status} without a problem: {said}")]);
        };
        let mut wrong = self.judged(shared, input, status, &problem);
        wrong.extend(inside(&said, &[self.stack.folder()]));
        if !wrong.is_empty() {
            wrong.push(said);
        }
        Ok(wrong)
    }

    fn judged(&self, shared: &Shared, input: &Input, status: u16, problem: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        let code = text(&problem["code"]);
        let expected = input.code.as_ref().or(shared.code.as_ref());
        if Some(&code) != expected {
            wrong.push(format!("the code is {code:?}, not {expected:?}"));
        }
        let wanted = input.status.or(shared.status).unwrap_or(400);
        if status != wanted || problem["status"].as_u64() != Some(u64::from(wanted)) {
            wrong.push(format!("the status is {status}, not {wanted}"));
        }
        let known = self
            .catalogue
            .get(&code)
            .is_some_and(|all| all.contains(&u64::from(status)));
        if !known {
            wrong.push(format!("the catalogue does not have {code} with {status}"));
        }
        let mut fix = text(&problem["detail"]);
        if let Some(place) = &input.at {
            let errors = problem["errors"]
                .as_array()
                .map(Vec::as_slice)
                .unwrap_or_default();
            match errors
                .iter()
                .find(|error| error["pointer"] == place.as_str())
            {
                Some(error) => fix = text(&error["fix"]),
                None => wrong.push(format!("no error is at {place}")),
            }
        } else if text(&problem["instance"]).is_empty() {
            wrong.push("there is no place".to_owned());
        }
        if input.fix.is_empty() || !fix.contains(&self.filled(&input.fix)) {
            wrong.push(format!("the fix is {fix:?}"));
        }
        wrong
    }

    /// What is not as it should be about what a command says.
    async fn run(&self, input: &Input, args: &[String]) -> anyhow::Result<Vec<String>> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("input");
        if let Some(text) = &input.file {
            std::fs::write(&file, text)?;
        }
        let place = |text: &str| {
            let text = self.filled(text).replace("{file}", &file.to_string_lossy());
            text.replace("{folder}", &folder.path().to_string_lossy())
        };
        let mut command = Command::new(bin("dms")?);
        command
            .args(args.iter().map(|arg| place(arg)))
            .current_dir(folder.path());
        command
            .env("DMS_URL", &self.stack.dms.url)
            .env("DMS_TOKEN_FILE", self.stack.dms.token_file());
        let done = run(command, COMMAND).await?;
        let mut wrong = inside(&done.stderr, &[&self.stack.folder().join("dms")]);
        let exit = input.exit.unwrap_or(5);
        if done.code != exit {
            wrong.push(format!("the exit code is {}, not {exit}", done.code));
        }
        let said = [
            ("the place", input.at.as_deref()),
            ("the code", input.code.as_deref()),
            ("the fix", Some(input.fix.as_str())),
        ];
        for (what, text) in said {
            if text.is_some_and(|text| text.is_empty() || !done.stderr.contains(&place(text))) {
                wrong.push(format!("{what} is missing"));
            }
        }
        if !done.stdout.is_empty() {
            wrong.push(format!("something came as data: {}", done.stdout));
        }
        if !wrong.is_empty() {
            wrong.push(done.stderr);
        }
        Ok(wrong)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What of the inside a text tells: whole words, and the server's own folders.
fn inside(said: &str, folders: &[&Path]) -> Vec<String> {
    let whole = |word: &str| {
        let ends = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
        let is_word = word.chars().all(char::is_alphanumeric);
        said.match_indices(word).any(|(at, _)| {
            let after = said
                .get(at + word.len()..)
                .and_then(|rest| rest.chars().next());
            let before = said.get(..at).and_then(|text| text.chars().next_back());
            !is_word || (ends(before) && ends(after))
        })
    };
    let words = INSIDE
        .iter()
        .filter(|word| whole(word))
        .map(|word| (*word).to_owned());
    let paths = folders
        .iter()
        .map(|folder| folder.to_string_lossy().into_owned());
    let told = words.chain(paths.filter(|path| said.contains(path.as_str())));
    told.map(|what| format!("{what:?} is told")).collect()
}

fn sheets() -> anyhow::Result<Vec<(PathBuf, Sheet)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/bad-inputs");
    let mut sheets = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "toml") {
            let text = std::fs::read_to_string(&path)?;
            let sheet =
                toml::from_str(&text).with_context(|| format!("{} is a sheet", path.display()))?;
            sheets.push((path, sheet));
        }
    }
    sheets.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(sheets)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_input_is_refused_with_a_code_a_place_and_a_fix() -> anyhow::Result<()> {
    let mut scene = Scene::set().await?;
    let mut findings = Vec::new();
    let mut count = 0;
    for (path, sheet) in sheets()? {
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        println!("{name}: {} inputs", sheet.input.len());
        for input in &sheet.input {
            count += 1;
            let wrong = match &input.args {
                Some(args) => scene.run(input, args).await,
                None => scene.send(&sheet.shared, input).await,
            };
            let wrong = wrong.with_context(|| format!("{name}: {}", input.is))?;
            if !wrong.is_empty() {
                findings.push(format!("{name}: {}: {}", input.is, wrong.join("; ")));
            }
        }
    }
    println!("{count} bad inputs");
    scene.stack.dms.process()?.alive()?;
    let log = scene.stack.dms.process()?.log();
    assert!(!log.contains("panicked"), "{log}");
    assert!(
        findings.is_empty(),
        "{} of {count}:\n{}",
        findings.len(),
        findings.join("\n")
    );
    ensure!(count >= INPUTS_MIN, "only {count} inputs");
    scene.stack.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_that_the_catalogue_names_is_there() -> anyhow::Result<()> {
    let command = |arguments: &[&str]| -> anyhow::Result<Command> {
        let mut command = Command::new(bin("dms")?);
        command.args(arguments);
        Ok(command)
    };
    let all = run(command(&["explain", "--all"])?, COMMAND).await?.stdout;
    let mut named = 0;
    for words in all
        .split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|text| text.strip_prefix("dms "))
    {
        let is_verb = |word: &&str| {
            word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with("--")
        };
        let mut verbs: Vec<&str> = words.split(' ').take_while(is_verb).collect();
        verbs.push("--help");
        let done = run(command(&verbs)?, COMMAND).await?;
        ensure!(
            done.code == 0,
            "the catalogue names dms {words}: {}",
            done.stderr
        );
        named += 1;
    }
    ensure!(named > 10, "only {named} commands were seen");
    Ok(())
}
