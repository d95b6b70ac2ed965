//! `dms uploads`: list, remove.

use reqwest::Method;
use uuid::Uuid;

use super::titles::with_schema;
use super::{Client, Connection, Failure};
use crate::page::Page;
use crate::publish::work::view::UploadView;

/// The version of the JSON that these commands print.
const SCHEMA: u8 = 1;

/// Arguments of `dms uploads`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "An upload is a file on its way: it becomes a title with its last byte. One that was cut off goes on \
when the same `dms publish` is run again, until it expires. What it holds counts against your quota; removing it \
frees that at once. Owners see everybody's uploads; each removes their own.

Examples:
  dms uploads
  dms uploads ls --unfinished
  dms uploads rm 7f6f2a51-...
  dms uploads --json | jq '[.items[].bytes] | add'

Exit codes: 0 done, 1 the server failed, 2 wrong usage, 3 no such upload of yours, 4 not allowed, 6 it became a
title, 7 server unreachable."
)]
pub struct UploadsArgs {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    /// List uploads, newest first (the default: every upload)
    #[command(visible_alias = "list")]
    Ls {
        /// Only those whose bytes are still to come
        #[arg(long)]
        unfinished: bool,
    },
    /// Remove an upload whose bytes are still to come
    Rm {
        /// Its id
        upload: Uuid,
    },
}

/// Runs the command.
///
/// # Errors
/// [`Failure`].
pub async fn run(args: UploadsArgs) -> Result<(), Failure> {
    let client = Client::new(&args.connection)?;
    match args.verb {
        None => list(&client, false, args.json).await,
        Some(Verb::Ls { unfinished }) => list(&client, unfinished, args.json).await,
        Some(Verb::Rm { upload }) => {
            let request = client
                .request(Method::DELETE, &format!("/api/v1/uploads/{upload}"))
                .header("tus-resumable", "1.0.0");
            client.send(request).await?;
            eprintln!("removed {upload}");
            Ok(())
        }
    }
}

async fn list(client: &Client, unfinished: bool, json: bool) -> Result<(), Failure> {
    let uploads = all(client, unfinished).await?;
    if json {
        let items = serde_json::json!({ "items": uploads });
        println!("{}", with_schema(&items, SCHEMA)?);
    } else if uploads.is_empty() {
        eprintln!("no uploads; begin one with: dms publish FILE");
    }
    for upload in uploads.iter().filter(|_| !json) {
        println!("{}", line(upload));
    }
    Ok(())
}

/// Every page of the list.
async fn all(client: &Client, unfinished: bool) -> Result<Vec<UploadView>, Failure> {
    let mut uploads = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/v1/uploads?limit=500&unfinished={unfinished}{cursor}");
        let page: Page<UploadView> = client.get(&path).await?;
        uploads.extend(page.items);
        match page.next_cursor {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(uploads),
        }
    }
}

fn line(upload: &UploadView) -> String {
    let bytes = upload.bytes;
    let state = match (upload.title, upload.offset) {
        (Some(title), _) => format!("title {title}"),
        (None, Some(offset)) => {
            let percent = (offset as f64 / bytes.max(1) as f64 * 100.0).floor();
            format!("{percent:.0} % of {bytes} bytes")
        }
        (None, None) => format!("{bytes} bytes, at another server"),
    };
    format!("{}  {state:<42}  {}", upload.id, upload.title_name)
}
