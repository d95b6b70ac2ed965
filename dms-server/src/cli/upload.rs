//! Sends a file by tus 1.0 in pieces, and goes on where it was cut off.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Method, Response};
use swarm::wire::http::TITLE;

use super::memory::Memory;
use super::progress::{Progress, Unit};
use super::{Client, Failure};

/// Bytes of one request.
const PIECE: usize = 8 << 20;
/// How often in a row the server may be away before the upload is given up; with pauses of at
/// most [`PAUSE_MAX`] that is some minutes, enough for a restart.
const AWAY_MAX: u32 = 40;
const PAUSE: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What is sent.
pub struct Source<'a> {
    /// The file.
    pub path: &'a Path,
    /// Its length, bytes.
    pub len: u64,
    /// The title's name for people.
    pub title: &'a str,
    /// `video` or `file`.
    pub kind: &'a str,
}

/// Where an upload stands at the server.
struct Standing {
    offset: u64,
    title: Option<String>,
}

impl Standing {
    fn of(answer: &Response) -> Result<Self, Failure> {
        let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok());
        let offset = header("upload-offset").and_then(|v| v.parse().ok());
        let foreign = || Failure::Foreign {
            url: answer.url().to_string(),
            status: answer.status().as_u16(),
        };
        Ok(Self {
            offset: offset.ok_or_else(foreign)?,
            title: header(TITLE).map(str::to_owned),
        })
    }
}

/// Sends the file and gives back the id of its title.
///
/// # Errors
/// What the server refuses, what the file system refuses, or that the server stays away.
pub async fn send(
    client: &Client,
    source: &Source<'_>,
    memory: &Memory,
) -> Result<String, Failure> {
    let mut file = File::open(source.path).map_err(|e| unreadable(source, e))?;
    let mut progress = Progress::new("uploading", source.len, Unit::Bytes);
    let mut known = memory.recall();
    let mut away = 0;
    let title = loop {
        match advance(client, source, &mut file, &mut known, memory, &mut progress).await {
            Ok(Some(title)) => break title,
            Ok(None) => away = 0,
            Err(failure) if may_pass(&failure) && away < AWAY_MAX => {
                if away == 0 {
                    progress.say("the DMS is away; the upload goes on when it is back");
                }
                tokio::time::sleep((PAUSE * (1 << away.min(5))).min(PAUSE_MAX)).await;
                away += 1;
            }
            Err(failure) => return Err(failure),
        }
    };
    progress.done();
    memory.forget();
    Ok(title)
}

/// Whether to try again: the server is away, or the two ends disagree on the offset because an
/// answer was lost.
fn may_pass(failure: &Failure) -> bool {
    failure.is_passing() || matches!(failure, Failure::Refused(p) if p.status == 409)
}

/// One step: declares the upload, or asks where it stands and sends from there until something
/// fails. The title's id once everything is there.
async fn advance(
    client: &Client,
    source: &Source<'_>,
    file: &mut File,
    known: &mut Option<String>,
    memory: &Memory,
    progress: &mut Progress,
) -> Result<Option<String>, Failure> {
    let Some(address) = known.clone() else {
        let (address, standing) = declare(client, source).await?;
        memory.keep(&address);
        *known = Some(address);
        return Ok(standing.title);
    };
    let Some(mut standing) = standing(client, &address).await? else {
        // It expired, or belongs to a server that was set up anew: from the beginning.
        memory.forget();
        *known = None;
        return Ok(None);
    };
    loop {
        progress.at(standing.offset, None);
        if let Some(title) = standing.title {
            return Ok(Some(title));
        }
        let piece = read_piece(source, file, standing.offset)?;
        standing = append(client, &address, standing.offset, piece).await?;
    }
}

async fn declare(client: &Client, source: &Source<'_>) -> Result<(String, Standing), Failure> {
    let name = source
        .path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let pair = |key: &str, value: &str| format!("{key} {}", STANDARD.encode(value));
    let metadata = [
        pair("filename", &name),
        pair("title", source.title),
        pair("kind", source.kind),
    ];
    let request = client
        .request(Method::POST, "/api/v1/uploads")
        .header("tus-resumable", "1.0.0")
        .header("upload-length", source.len)
        .header("upload-metadata", metadata.join(","));
    let answer = client.send(request).await?;
    let address = answer
        .headers()
        .get(reqwest::header::LOCATION)
        .and_then(|v| v.to_str().ok());
    let address = address.map(str::to_owned).ok_or_else(|| Failure::Foreign {
        url: answer.url().to_string(),
        status: answer.status().as_u16(),
    })?;
    Ok((address, Standing::of(&answer)?))
}

/// Where the upload stands; `None` when the server knows it no more, or knows it as another's.
async fn standing(client: &Client, address: &str) -> Result<Option<Standing>, Failure> {
    let request = client
        .request(Method::HEAD, address)
        .header("tus-resumable", "1.0.0");
    // An answer to HEAD has no body to tell a problem in: the status alone decides.
    let answer = client.send_any(request).await?;
    match answer.status().as_u16() {
        200..=299 => Standing::of(&answer).map(Some),
        403 | 404 | 410 => Ok(None),
        status => Err(Failure::Unreachable {
            url: client.url().to_owned(),
            cause: format!("it answers {status}"),
        }),
    }
}

async fn append(
    client: &Client,
    address: &str,
    offset: u64,
    piece: Vec<u8>,
) -> Result<Standing, Failure> {
    let request = client
        .request(Method::PATCH, address)
        .header("tus-resumable", "1.0.0")
        .header("upload-offset", offset)
        .header(
            reqwest::header::CONTENT_TYPE,
            "application/offset+octet-stream",
        )
        .body(piece);
    Standing::of(&client.send(request).await?)
}

fn read_piece(source: &Source<'_>, file: &mut File, offset: u64) -> Result<Vec<u8>, Failure> {
    file.seek(SeekFrom::Start(offset))
        .map_err(|e| unreadable(source, e))?;
    let mut piece = Vec::new();
    file.take(PIECE as u64)
        .read_to_end(&mut piece)
        .map_err(|e| unreadable(source, e))?;
    if piece.is_empty() {
        return Err(Failure::Input(format!(
            "{} became shorter while it was sent; run the command again",
            source.path.display()
        )));
    }
    Ok(piece)
}

fn unreadable(source: &Source<'_>, error: std::io::Error) -> Failure {
    Failure::File {
        path: source.path.to_path_buf(),
        source: error,
    }
}
