//! `dms titles`: list, show, delete.

use std::time::Duration;

use reqwest::Method;
use serde::Serialize;
use uuid::Uuid;

use super::captions::{self, CaptionsVerb};
use super::{Client, Connection, Failure, names};
use crate::page::Page;
use crate::publish::TitleState;
use crate::publish::library::TitleChange;
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
  dms titles list --state failed
  dms titles list --tag finance --matching 'q3 budget'
  dms titles show 0190b6a2-...
  dms titles captions set 0190b6a2-... en talk.en.srt --label English
  dms titles edit 0190b6a2-... --name 'Q3 all hands' --tag finance --tag 'town hall'
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
    /// List titles, newest first (the default: every title)
    List {
        /// Only titles in this state
        #[arg(long)]
        state: Option<TitleState>,
        /// Only titles with this tag
        #[arg(long)]
        tag: Option<String>,
        /// Only titles with these words, or beginnings of words
        #[arg(long)]
        matching: Option<String>,
    },
    /// Say what a title is called and what it is about
    Edit(EditArgs),
    /// One title
    Show {
        /// Its id
        #[arg(value_parser = names::id)]
        title: Uuid,
    },
    /// Captions of a title
    #[command(subcommand)]
    Captions(CaptionsVerb),
    /// Delete a title, its chunks and its keys
    Delete {
        /// Its id
        #[arg(value_parser = names::id)]
        title: Uuid,
    },
}

#[derive(clap::Args, Debug)]
struct EditArgs {
    /// Its id
    #[arg(value_parser = names::id)]
    title: Uuid,
    /// Its name
    #[arg(long)]
    name: Option<String>,
    /// What it is about
    #[arg(long)]
    description: Option<String>,
    /// A tag, instead of those it has; may be repeated
    #[arg(long = "tag")]
    tags: Vec<String>,
    /// Take all its tags away
    #[arg(long, conflicts_with = "tags")]
    no_tags: bool,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`].
pub async fn run(args: TitlesArgs) -> Result<(), Failure> {
    let client = Client::new(&args.connection)?;
    match args.verb {
        None => list(&client, "", args.json, args.watch).await,
        Some(Verb::List {
            state,
            tag,
            matching,
        }) => {
            let state = state.map(|state| state.as_str().to_owned());
            let narrowed = narrowed([("state", state), ("tag", tag), ("matching", matching)]);
            list(&client, &narrowed, args.json, args.watch).await
        }
        Some(Verb::Edit(edit)) => self::edit(&client, edit, args.json).await,
        Some(Verb::Show { title }) => {
            let title: Title = client.get(&format!("/api/v1/titles/{title}")).await?;
            if args.json {
                println!("{}", with_schema(&title, SCHEMA)?);
            } else {
                println!("{}", line(&title));
                if let Some(made) = &title.made_with {
                    let (height, percent) = (made.max_height, made.bit_rate_percent);
                    println!(
                        "  made with {}: {height}p, {percent} % of the bits",
                        made.name
                    );
                }
                if let Some(error) = &title.error {
                    println!("  {}: {}", error.code, error.message);
                }
            }
            Ok(())
        }
        Some(Verb::Captions(verb)) => captions::run(&client, verb, args.json).await,
        Some(Verb::Delete { title }) => {
            let request = client.request(Method::DELETE, &format!("/api/v1/titles/{title}"));
            client
                .send(request)
                .await
                .map(|_| eprintln!("deleted {title}"))
        }
    }
}

/// What of a list is asked for, as the end of a query.
fn narrowed<const N: usize>(parts: [(&str, Option<String>); N]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in parts {
        if let Some(value) = value {
            query.append_pair(name, &value);
        }
    }
    let query = query.finish();
    if query.is_empty() {
        query
    } else {
        format!("&{query}")
    }
}

async fn edit(client: &Client, edit: EditArgs, json: bool) -> Result<(), Failure> {
    let tags = edit.no_tags || !edit.tags.is_empty();
    let change = TitleChange {
        title: edit.name,
        description: edit.description,
        tags: tags.then_some(edit.tags),
    };
    let path = format!("/api/v1/titles/{}", edit.title);
    let request = client.request(Method::PATCH, &path).json(&change);
    let title: Title = client.json(request).await?;
    if json {
        println!("{}", with_schema(&title, SCHEMA)?);
    } else {
        println!("{}", line(&title));
    }
    Ok(())
}

async fn list(client: &Client, narrowed: &str, json: bool, watch: bool) -> Result<(), Failure> {
    let mut shown = None;
    loop {
        let titles = all(client, narrowed).await?;
        let text = if json {
            with_schema(&serde_json::json!({ "items": titles }), SCHEMA)?
        } else if titles.is_empty() && !narrowed.is_empty() {
            eprintln!("no such titles");
            String::new()
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
async fn all(client: &Client, narrowed: &str) -> Result<Vec<Title>, Failure> {
    let mut titles = Vec::new();
    let mut cursor = String::new();
    loop {
        let page: Page<Title> = client
            .get(&format!("/api/v1/titles?limit=500{narrowed}{cursor}"))
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
