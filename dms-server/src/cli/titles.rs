//! `dms titles`: list, show, delete.

use std::time::Duration;

use reqwest::Method;
use serde::Serialize;
use uuid::Uuid;

use super::{Client, Connection, Failure};
use crate::page::Page;
use crate::publish::view::Title;

/// The version of the JSON that these commands print.
const SCHEMA: u8 = 1;
/// How often `--watch` looks.
const WATCH: Duration = Duration::from_secs(1);

/// Arguments of `dms titles`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  dms titles
  dms titles --watch
  dms titles show 0190b6a2-...
  dms titles --json | jq '.items[] | select(.state == \"failed\")'")]
pub struct TitlesArgs {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    /// Print the list again whenever it changes
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    /// List every title, newest first (the default)
    List,
    /// One title
    Show {
        /// Its id
        title: Uuid,
    },
    /// Delete a title, its chunks and its keys
    Delete {
        /// Its id
        title: Uuid,
    },
}

/// Runs the command.
///
/// # Errors
/// [`Failure`].
pub async fn run(args: TitlesArgs) -> Result<(), Failure> {
    let client = Client::new(&args.connection)?;
    match args.verb {
        None | Some(Verb::List) => list(&client, args.json, args.watch).await,
        Some(Verb::Show { title }) => {
            let title: Title = client.get(&format!("/api/v1/titles/{title}")).await?;
            if args.json {
                println!("{}", with_schema(&title, SCHEMA)?);
            } else {
                println!("{}", line(&title));
                if let Some(error) = &title.error {
                    println!("  {}: {}", error.code, error.message);
                }
            }
            Ok(())
        }
        Some(Verb::Delete { title }) => {
            let request = client.request(Method::DELETE, &format!("/api/v1/titles/{title}"));
            client
                .send(request)
                .await
                .map(|_| eprintln!("deleted {title}"))
        }
    }
}

async fn list(client: &Client, json: bool, watch: bool) -> Result<(), Failure> {
    let mut shown = None;
    loop {
        let titles = all(client).await?;
        let text = if json {
            with_schema(&serde_json::json!({ "items": titles }), SCHEMA)?
        } else if titles.is_empty() {
            eprintln!("no titles yet; publish one with: dms publish FILE --wait");
            String::new()
        } else {
            titles.iter().map(line).collect::<Vec<_>>().join("\n")
        };
        if shown.as_ref() != Some(&text) {
            if !text.is_empty() {
                println!("{text}");
            }
            shown = Some(text);
        }
        if !watch {
            return Ok(());
        }
        tokio::time::sleep(WATCH).await;
    }
}

/// Every page of the list.
async fn all(client: &Client) -> Result<Vec<Title>, Failure> {
    let mut titles = Vec::new();
    let mut cursor = String::new();
    loop {
        let page: Page<Title> = client
            .get(&format!("/api/v1/titles?limit=500{cursor}"))
            .await?;
        titles.extend(page.items);
        match page.next_cursor {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(titles),
        }
    }
}

fn line(title: &Title) -> String {
    let state = match (&title.error, title.state.is_final()) {
        (Some(error), _) => format!("failed ({})", error.code),
        (None, true) => title.state.as_str().to_owned(),
        (None, false) => format!("{} {:.0} %", title.state.as_str(), title.progress_percent),
    };
    let seconds = title.duration_ms.unwrap_or(0) / 1000;
    format!(
        "{}  {state:<24} {:>4}:{:02}  {}",
        title.id,
        seconds / 60,
        seconds % 60,
        title.title
    )
}

/// A value as one line of JSON with the version of its shape.
pub(super) fn with_schema(value: &impl Serialize, schema: u8) -> Result<String, Failure> {
    let mut json = serde_json::to_value(value).map_err(|e| Failure::Input(e.to_string()))?;
    if let Some(object) = json.as_object_mut() {
        object.insert("schema".into(), schema.into());
    }
    Ok(json.to_string())
}
