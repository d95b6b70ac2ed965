//! `dms titles captions`: which languages there are, giving and removing files.

use std::path::PathBuf;

use reqwest::Method;
use uuid::Uuid;

use super::titles::with_schema;
use super::{Client, Failure, names};
use crate::captions::view::{CaptionsList, CaptionsTaken};

/// The version of the JSON that these commands print.
const SCHEMA: u8 = 1;

#[derive(clap::Subcommand, Debug)]
pub(super) enum CaptionsVerb {
    /// The languages in which a title has captions
    List {
        /// The title's id
        #[arg(value_parser = names::id)]
        title: Uuid,
    },
    /// Give a title captions: a WebVTT or SRT file in UTF-8
    Set {
        /// The title's id
        #[arg(value_parser = names::id)]
        title: Uuid,
        /// The language, such as en or pt-BR
        lang: String,
        /// The file
        file: PathBuf,
        /// What people read in the menu, such as English
        #[arg(long)]
        label: Option<String>,
        /// Only look whether the file is right
        #[arg(long)]
        dry_run: bool,
    },
    /// Print captions as WebVTT
    Get {
        /// The title's id
        #[arg(value_parser = names::id)]
        title: Uuid,
        /// The language
        lang: String,
    },
    /// Remove captions
    Remove {
        /// The title's id
        #[arg(value_parser = names::id)]
        title: Uuid,
        /// The language
        lang: String,
    },
}

/// Runs the command.
pub(super) async fn run(client: &Client, verb: CaptionsVerb, json: bool) -> Result<(), Failure> {
    match verb {
        CaptionsVerb::List { title } => list(client, title, json).await,
        CaptionsVerb::Set {
            title,
            lang,
            file,
            label,
            dry_run,
        } => {
            let source = |source| Failure::File {
                path: file.clone(),
                source,
            };
            let bytes = tokio::fs::read(&file).await.map_err(source)?;
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("dry_run", if dry_run { "true" } else { "false" });
            if let Some(label) = &label {
                query.append_pair("label", label);
            }
            let path = format!("{}?{}", path(title, &lang), query.finish());
            let request = client.request(Method::PUT, &path).body(bytes);
            let taken: CaptionsTaken = client.json(request).await?;
            told(&taken, json)
        }
        CaptionsVerb::Get { title, lang } => {
            let request = client.request(Method::GET, &path(title, &lang));
            let answer = client.send(request).await?;
            let text = answer
                .text()
                .await
                .map_err(|e| Failure::Input(e.to_string()))?;
            print!("{text}");
            Ok(())
        }
        CaptionsVerb::Remove { title, lang } => {
            let request = client.request(Method::DELETE, &path(title, &lang));
            client
                .send(request)
                .await
                .map(|_| eprintln!("removed {lang}"))
        }
    }
}

fn path(title: Uuid, lang: &str) -> String {
    let lang: String = url::form_urlencoded::byte_serialize(lang.as_bytes()).collect();
    format!("/api/v1/titles/{title}/captions/{lang}")
}

async fn list(client: &Client, title: Uuid, json: bool) -> Result<(), Failure> {
    let path = format!("/api/v1/titles/{title}/captions");
    let list: CaptionsList = client.get(&path).await?;
    if json {
        println!("{}", with_schema(&list, SCHEMA)?);
        return Ok(());
    }
    if list.items.is_empty() {
        eprintln!("no captions yet; add some with: dms titles captions set {title} en FILE.vtt");
    }
    for item in list.items {
        println!("{:<12} {:>6} cues  {}", item.lang, item.cues, item.label);
    }
    Ok(())
}

fn told(taken: &CaptionsTaken, json: bool) -> Result<(), Failure> {
    if json {
        println!("{}", with_schema(taken, SCHEMA)?);
        return Ok(());
    }
    for warning in &taken.warnings {
        eprintln!(
            "{}:{}: {}: cue {}: {}",
            warning.line, warning.column, warning.code, warning.cue, warning.fix
        );
    }
    let what = if taken.kept { "kept" } else { "right" };
    println!("{} {} cues: {what}", taken.lang, taken.cues);
    Ok(())
}
