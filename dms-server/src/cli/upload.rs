//! Sends a file by tus 1.0 in pieces, and goes on where it was cut off.
//!
//! Each piece carries its SHA-256, so that what the server keeps is what was read here. A piece is
//! sent only while the file is still as it was at the start: no title is made of two versions of it.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, SystemTime};

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Method, Response};
use sha2::{Digest, Sha256};
use swarm::wire::http::TITLE;

use super::memory::Memory;
use super::progress::{Progress, Unit};
use super::{Client, Failure, names};
use crate::publish::upload::metadata::MAX_FILENAME;

/// Bytes of one request. A piece that did not come through is sent again in halves, because the
/// server keeps nothing of a piece that did not come whole: so slow lines get through, too.
const PIECE: u64 = 8 << 20;
const PIECE_MIN: u64 = 256 << 10;
/// How often in a row nothing may come through before the upload is given up; with pauses of at
/// most [`PAUSE_MAX`] that is some minutes, enough for a restart.
const AWAY_MAX: u32 = 40;
const PAUSE: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How often the server may have forgotten the upload before it is given up.
const FORGOTTEN_MAX: u32 = 3;

/// What is sent.
pub struct Source<'a> {
    /// The file.
    pub path: &'a Path,
    /// What the file system said of it when the upload was prepared.
    pub found: &'a Metadata,
    /// The title's name for people.
    pub title: &'a str,
    /// `video` or `file`.
    pub kind: &'a str,
    /// The name or id of the profile to make it with.
    pub profile: Option<&'a str>,
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
/// What the server refuses, what the file system refuses, that the file changed meanwhile, or that
/// the server stays away.
pub async fn send(
    client: &Client,
    source: &Source<'_>,
    memory: &Memory,
) -> Result<String, Failure> {
    let file = File::open(source.path).map_err(|e| unreadable(source, e))?;
    let mut upload = Upload {
        client,
        source,
        memory,
        file,
        address: memory.recall(),
        piece: PIECE,
        offset: 0,
        forgotten: 0,
        progress: Progress::new("uploading", source.found.len(), Unit::Bytes),
    };
    let mut away = 0;
    let title = loop {
        let before = upload.offset;
        let failure = match upload.advance().await {
            Ok(title) => break title,
            Err(failure) => failure,
        };
        if upload.offset > before {
            away = 0;
        }
        if !may_pass(&failure) || away >= AWAY_MAX {
            return Err(failure);
        }
        if away == 0 {
            let news = format!("{failure}\nthe upload goes on when that is over");
            upload.progress.say(&news);
        }
        upload.piece = (upload.piece / 2).max(PIECE_MIN);
        tokio::time::sleep((PAUSE * (1 << away.min(5))).min(PAUSE_MAX)).await;
        away += 1;
    };
    upload.progress.done();
    memory.forget();
    Ok(title)
}

/// Whether to try again: the server is away, an answer was lost so that the two ends disagree on
/// the offset, or a piece did not come through whole.
fn may_pass(failure: &Failure) -> bool {
    const CODES: [&str; 3] = ["wrong_offset", "upload_interrupted", "checksum_mismatch"];
    failure.is_passing()
        || matches!(failure, Failure::Refused(p) if CODES.contains(&p.code.as_str()))
}

/// An upload under way.
struct Upload<'a> {
    client: &'a Client,
    source: &'a Source<'a>,
    memory: &'a Memory,
    file: File,
    /// Where it is declared, if it is.
    address: Option<String>,
    /// Bytes of the next piece.
    piece: u64,
    /// What the server has, as far as it said.
    offset: u64,
    /// How often the server knew the upload no more.
    forgotten: u32,
    progress: Progress,
}

impl Upload<'_> {
    /// Sends until everything is there, and answers the title's id, or until something fails.
    async fn advance(&mut self) -> Result<String, Failure> {
        let (address, mut standing) = self.declared().await?;
        loop {
            self.offset = standing.offset;
            self.progress.at(self.offset, None);
            if let Some(title) = standing.title {
                return Ok(title);
            }
            let piece = read_piece(&mut self.file, self.offset, self.piece)
                .map_err(|e| unreadable(self.source, e))?;
            self.check_unchanged(&address).await?;
            if piece.is_empty() {
                // All is there by the server's count, and yet it names no title.
                return Err(self.foreign(&address, 200));
            }
            standing = append(self.client, &address, self.offset, piece).await?;
        }
    }

    /// Where the upload is declared and how it stands; declares it when it is not.
    async fn declared(&mut self) -> Result<(String, Standing), Failure> {
        while let Some(address) = self.address.take() {
            // Put back at once: an error below must not lose it.
            self.address = Some(address.clone());
            if let Some(standing) = standing(self.client, &address).await? {
                return Ok((address, standing));
            }
            // It expired, or belongs to a server that was set up anew: from the beginning.
            self.memory.forget();
            self.address = None;
            self.offset = 0;
            self.forgotten += 1;
            if self.forgotten > FORGOTTEN_MAX {
                return Err(self.foreign(&address, 404));
            }
        }
        let (address, standing) = declare(self.client, self.source).await?;
        self.memory.keep(&address);
        self.address = Some(address.clone());
        Ok((address, standing))
    }

    fn foreign(&self, address: &str, status: u16) -> Failure {
        Failure::Foreign {
            url: format!("{}{address}", self.client.url()),
            status,
        }
    }

    /// Refuses a file that was changed since the upload was prepared. Called after every piece is
    /// read and before it is sent: then all that was sent is of one version.
    async fn check_unchanged(&self, address: &str) -> Result<(), Failure> {
        let now = self
            .file
            .metadata()
            .map_err(|e| unreadable(self.source, e))?;
        if version(&now) == version(self.source.found) {
            return Ok(());
        }
        self.memory.forget();
        let request = self
            .client
            .request(Method::DELETE, address)
            .header("tus-resumable", "1.0.0");
        // What is not removed now expires.
        let _ = self.client.send_any(request).await;
        Err(Failure::Input(format!(
            "{} was changed while it was sent, so nothing is published: run the command again when \
             nobody writes to it",
            self.source.path.display()
        )))
    }
}

/// What tells two versions of a file apart.
fn version(found: &Metadata) -> (u64, Option<SystemTime>) {
    (found.len(), found.modified().ok())
}

async fn declare(client: &Client, source: &Source<'_>) -> Result<(String, Standing), Failure> {
    let name = names::for_people(source.path.file_name(), MAX_FILENAME);
    let pair = |key: &str, value: &str| format!("{key} {}", STANDARD.encode(value));
    let mut metadata = vec![
        pair("filename", &name),
        pair("title", source.title),
        pair("kind", source.kind),
    ];
    metadata.extend(source.profile.map(|profile| pair("profile", profile)));
    let request = client
        .request(Method::POST, "/api/v1/uploads")
        .header("tus-resumable", "1.0.0")
        .header("upload-length", source.found.len())
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
        .header("upload-checksum", checksum(&piece))
        .header(
            reqwest::header::CONTENT_TYPE,
            "application/offset+octet-stream",
        )
        .body(piece);
    Standing::of(&client.send(request).await?)
}

/// The piece's SHA-256, as `Upload-Checksum` writes it.
fn checksum(piece: &[u8]) -> String {
    format!("sha256 {}", STANDARD.encode(Sha256::digest(piece)))
}

fn read_piece(file: &mut File, offset: u64, most: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut piece = Vec::new();
    file.take(most).read_to_end(&mut piece)?;
    Ok(piece)
}

fn unreadable(source: &Source<'_>, error: io::Error) -> Failure {
    Failure::File {
        path: source.path.to_path_buf(),
        source: error,
    }
}
