//! A stolen disk: what lies in an agent's folders and in the logs names no title and no person, and opens nothing.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use drm::{floe, key::WRAPPED_LEN};
use harness::{Clip, EdgePeer, Stack};
use hmac::{Hmac, KeyInit, Mac};
use rand::RngExt;
use serde_json::json;

/// What must not be found, by what it is.
type Canaries = BTreeMap<String, Vec<u8>>;

fn canary(canaries: &mut Canaries, what: &str) -> String {
    let text = format!("canary{:032x}", rand::rng().random::<u128>());
    canaries.insert(what.to_owned(), text.clone().into_bytes());
    text
}

/// The forms that bytes are written in.
fn forms(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let hex = hex::encode(bytes);
    // Base64 of a longer text that this is a part of: without the characters that its neighbours reach into.
    let shifted = |skip: usize| {
        let whole = &bytes[skip..];
        let whole = &whole[..whole.len() - whole.len() % 3];
        STANDARD_NO_PAD.encode(whole).into_bytes()
    };
    vec![
        ("raw", bytes.to_vec()),
        ("HEX", hex.to_uppercase().into_bytes()),
        ("hex", hex.into_bytes()),
        ("base64", shifted(0)),
        ("base64, one further", shifted(1)),
        ("base64, two further", shifted(2)),
        (
            "base64 for URLs",
            URL_SAFE_NO_PAD.encode(bytes).into_bytes(),
        ),
        ("UTF-16", bytes.iter().flat_map(|byte| [*byte, 0]).collect()),
    ]
}

/// Every file under `path`.
fn files(path: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if path.is_file() {
        found.push(path.to_path_buf());
        return Ok(());
    }
    for entry in std::fs::read_dir(path).with_context(|| format!("{} is listed", path.display()))? {
        files(&entry?.path(), found)?;
    }
    Ok(())
}

/// Which canary is where, in which form; and how many bytes were read.
fn search(places: &[&Path], canaries: &Canaries) -> anyhow::Result<(Vec<String>, u64)> {
    let mut found = Vec::new();
    for place in places {
        files(place, &mut found)?;
    }
    let (mut hits, mut read) = (Vec::new(), 0);
    let searched: Vec<_> = canaries
        .iter()
        .flat_map(|(what, bytes)| forms(bytes).into_iter().map(move |form| (what, form)))
        .collect();
    for file in found {
        let bytes = std::fs::read(&file)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        read += bytes.len() as u64;
        for (what, (form, wanted)) in &searched {
            if memchr::memmem::find(&bytes, wanted).is_some()
                || memchr::memmem::find(name.as_bytes(), wanted).is_some()
            {
                hits.push(format!("{what} ({form}) in {}", file.display()));
            }
        }
    }
    Ok((hits, read))
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().context("a name")?);
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            std::fs::copy(&path, &target)?;
        }
    }
    Ok(())
}

/// Draws people, tokens and a webhook's name through the API; each is a canary.
async fn plant(stack: &Stack, canaries: &mut Canaries) -> anyhow::Result<String> {
    let dms = &stack.dms;
    let login = canary(canaries, "a person's sign-in name");
    let person = json!({
        "login": login, "name": canary(canaries, "a person's name"), "roles": ["viewer"],
        "email": format!("{}@example.com", canary(canaries, "a person's address")),
        "department": canary(canaries, "a department"),
        "password": canary(canaries, "a password"),
    });
    dms.post("/api/v1/people", person.clone()).await?;
    let session = reqwest::Client::new()
        .post(format!("{}/session", dms.url))
        .json(&json!({"login": login, "password": person["password"]}))
        .send()
        .await?;
    ensure!(session.status().is_success(), "{}", session.status());
    let cookie = session.headers()["set-cookie"].to_str()?.to_owned();
    let secret = cookie.split(['=', ';']).nth(1).context("a cookie")?;
    canaries.insert("a session".into(), secret.as_bytes().to_vec());
    let token = json!({"name": canary(canaries, "a token's name"), "roles": ["viewer"]});
    let token = dms.post("/api/v1/tokens", token).await?;
    let token = token["token"].as_str().context("a token")?.to_owned();
    canaries.insert("a viewer's token".into(), token.clone().into_bytes());
    let owner = dms.token()?.into_bytes();
    canaries.insert("the owner's token".into(), owner);
    Ok(token)
}

/// The secrets of the server's keys folder: each key's bytes, as they are used and as they are written.
fn keys(folder: &Path, canaries: &mut Canaries) -> anyhow::Result<()> {
    for name in ["kek.key", "manifest.key", "audit.key"] {
        let text = std::fs::read_to_string(folder.join(name))?;
        canaries.insert(name.into(), hex::decode(text.trim())?);
    }
    for name in ["license.key", "ca.key"] {
        let pem = std::fs::read_to_string(folder.join(name))?;
        let lines: String = pem.lines().filter(|l| !l.starts_with("-----")).collect();
        canaries.insert(name.into(), STANDARD.decode(lines)?);
    }
    Ok(())
}

/// The title's key and its tracks' keys, taken out of the server's database with its KEK as docs/PROTOCOL.md says.
fn title_keys(data: &Path, title: &str, canaries: &mut Canaries) -> anyhow::Result<()> {
    let title: swarm::content::TitleId = title.parse().context("a title")?;
    let mut place = minicbor::Encoder::new(Vec::new());
    let place = place.array(4)?.str("dms title key v1")?.str("default")?;
    place.bytes(&title.0)?.u64(1)?;
    let place = place.writer().clone();
    let segment = u32::try_from(WRAPPED_LEN - floe::HEADER_LEN)?;
    let params = floe::Params::new(segment).context("in range")?;
    let kek: [u8; 32] = canaries["kek.key"].clone().try_into().unwrap_or_default();
    let kek = floe::Key::from_bytes(kek);
    let mut found = Vec::new();
    files(data, &mut found)?;
    let database = |path: &&PathBuf| {
        path.file_name()
            .is_some_and(|n| n.to_string_lossy().starts_with("dms.db"))
    };
    for path in found.iter().filter(database) {
        let bytes = std::fs::read(path)?;
        // Each header begins with its parameters.
        let sample = floe::seal(params, &kek, &place, &[0; 32], &mut rand::rng())?;
        for at in memchr::memmem::find_iter(&bytes, &sample[..10]) {
            let wrapped = bytes.get(at..at + WRAPPED_LEN).unwrap_or_default();
            if let Ok(key) = floe::open(params, &kek, &place, wrapped) {
                for track in 1..=8_u16 {
                    canaries.insert(format!("the key of track {track}"), expanded(&key, track)?);
                }
                canaries.insert("the title key".into(), key.to_vec());
            }
        }
    }
    ensure!(
        canaries.contains_key("the title key"),
        "it is in the database, wrapped"
    );
    Ok(())
}

fn expanded(title_key: &[u8], track: u16) -> anyhow::Result<Vec<u8>> {
    let mut mac = Hmac::<sha2::Sha384>::new_from_slice(title_key).context("a key")?;
    mac.update(b"dms track v1");
    mac.update(&track.to_be_bytes());
    mac.update(&[1]);
    Ok(mac.finalize().into_bytes()[..32].to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_disk_names_nobody_and_opens_nothing() -> anyhow::Result<()> {
    let mut canaries = Canaries::new();
    let clip = Clip::new(4).make().await?;
    let mut stack = Stack::builder()
        .site("lyon", "127.1.0.0/16", 2)
        .start()
        .await?;
    let folder = stack.folder().to_path_buf();
    let data = folder.join("dms");
    let viewer = plant(&stack, &mut canaries).await?;
    keys(&data.join("keys"), &mut canaries)?;
    let name = canary(&mut canaries, "a title's name");
    let title = stack.dms.publish(&clip.path, &name).await?;
    let token_file = folder.join("viewer.token");
    std::fs::write(&token_file, &viewer)?;
    for peer in &stack.peers {
        let report = peer.play(&stack.dms, &title.id).await?;
        assert_eq!(report.frames_decoded, clip.frames);
        let state = folder.join("viewer");
        let token = token_file.to_str().context("a path in UTF-8")?;
        let play = harness::play::Play::new(&title.id, &state)
            .agent(peer)
            .with(&["--dms", &stack.dms.url, "--token-file", token]);
        assert_eq!(play.run().await?.frames_decoded, clip.frames);
    }
    // The clear video: 48 bytes from its middle.
    let clear = std::fs::read(&clip.path)?;
    let middle = clear.len() / 2;
    canaries.insert("content".into(), clear[middle..middle + 48].to_vec());

    title_keys(&data, &title.id, &mut canaries)?;

    let agent = stack.peers[0].state().to_path_buf();
    let log = folder.join("lyon-1.log");
    let places = [agent.as_path(), &log, &data.join("dms.log")];
    let (hits, read) = search(&places, &canaries)?;
    println!(
        "{} canaries, {read} bytes read, {} hits",
        canaries.len(),
        hits.len()
    );
    assert_eq!(hits, Vec::<String>::new());
    assert!(read > 50_000, "the title is in the cache: {read} bytes");
    // That they would be found: the server's own folder has some, by design.
    let (there, _) = search(&[&data], &canaries)?;
    assert!(
        there.iter().any(|hit| hit.starts_with("kek.key (hex)")),
        "{there:?}"
    );
    assert!(
        there
            .iter()
            .any(|hit| hit.starts_with("a title's name (raw)")),
        "{there:?}"
    );

    on_another_machine(&mut stack, &title.id, &agent).await?;
    stack.end().await
}

/// The whole folder, copied: while the server is away it plays nothing, and nothing any more once the PC is revoked.
async fn on_another_machine(stack: &mut Stack, title: &str, agent: &Path) -> anyhow::Result<()> {
    let folder = stack.folder().to_path_buf();
    stack.peers.remove(0).kill().await?;
    copy(agent, &folder.join("thief"))?;
    let mut thief = EdgePeer::copied(&folder, "thief", "127.1.0.77")?;
    thief.start_again()?;
    thief.wait_connected().await?;
    // Ciphertext comes out of its cache. A licence comes from the server only, and none lies here.
    let state = folder.join("thief-player");
    let play = harness::play::Play::new(title, &state).agent(&thief);
    stack.dms.kill().await?;
    let done = play.output(&["--fast"]).await?;
    ensure!(done.code != 0, "it plays without the DMS: {}", done.stdout);
    stack.dms.start_again().await?;
    thief.wait_connected().await?;
    let trust: serde_json::Value =
        serde_json::from_slice(&std::fs::read(agent.join("trust.json"))?)?;
    let device = trust["device_id"].as_str().context("a device")?;
    let path = format!("/api/v1/devices/{device}");
    stack
        .dms
        .request(reqwest::Method::DELETE, &path, None)
        .await?;
    let done = play.output(&["--fast"]).await?;
    ensure!(
        done.code != 0,
        "it plays although it is revoked: {}",
        done.stdout
    );
    thief.kill().await
}
