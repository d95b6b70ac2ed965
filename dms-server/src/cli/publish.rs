//! `dms publish FILE`.

use std::path::PathBuf;

use super::memory::Memory;
use super::upload::Source;
use super::{Client, Connection, Failure, follow, names, upload};
use crate::publish::upload::metadata::MAX_TITLE;
use crate::publish::view::Title;

/// The version of the JSON that this command prints.
const SCHEMA: u8 = 1;

/// Arguments of `dms publish`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  dms publish talk.mp4 --title \"All hands\" --wait
  dms publish talk.mp4 --profile \"Speech and slides\"
  dms publish setup.msi --kind file
  dms publish talk.mp4 --wait --json | jq -r .id

An upload that was cut off goes on when the same command is run again.

Exit codes: 0 published (or, without --wait, uploaded), 1 the server failed, 2 wrong usage, 3 no such
file, 4 not allowed, 5 the file was refused (its code is printed), 6 conflict, 7 server unreachable.")]
pub struct PublishArgs {
    /// The file to publish
    file: PathBuf,
    /// Its name for people [default: the file's name without its ending]
    #[arg(long)]
    title: Option<String>,
    /// What it is
    #[arg(long, value_enum, default_value = "video")]
    kind: Kind,
    /// The transcode profile to make it with, by name or id [default: the server's default]
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// Wait until it is published or refused
    #[arg(long)]
    wait: bool,
    /// Print the title as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Kind {
    /// To watch or hear: transcoded
    Video,
    /// To save: as it is
    File,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::File => "file",
        }
    }
}

/// Runs the command.
///
/// # Errors
/// [`Failure`].
pub async fn run(args: PublishArgs) -> Result<(), Failure> {
    let unreadable = |source| Failure::File {
        path: args.file.clone(),
        source,
    };
    let path = std::fs::canonicalize(&args.file).map_err(unreadable)?;
    let found = std::fs::metadata(&path).map_err(unreadable)?;
    if !found.is_file() {
        return Err(Failure::Input(format!(
            "{} is not a file",
            args.file.display()
        )));
    }
    let client = Client::new(&args.connection)?;
    let title = args
        .title
        .clone()
        .unwrap_or_else(|| names::for_people(path.file_stem(), MAX_TITLE));
    // The same file with another profile is another upload.
    let called = match &args.profile {
        Some(profile) => format!("{title}\n{profile}"),
        None => title.clone(),
    };
    let memory = Memory::of(&path, &found, client.url(), &called);
    let source = Source {
        path: &path,
        found: &found,
        title: &title,
        kind: args.kind.name(),
        profile: args.profile.as_deref(),
    };
    let id = upload::send(&client, &source, &memory).await?;
    let title = if args.wait {
        follow::until_over(&client, &id).await?
    } else {
        client.get(&format!("/api/v1/titles/{id}")).await?
    };
    print(&client, &title, args.json)?;
    follow::outcome(&title)
}

fn print(client: &Client, title: &Title, json: bool) -> Result<(), Failure> {
    if json {
        println!("{}", super::titles::with_schema(title, SCHEMA)?);
    } else if title.error.is_none() {
        println!(
            "{}  {}  {}/watch/{}",
            title.id,
            title.state.as_str(),
            client.url(),
            title.id
        );
    }
    Ok(())
}
