//! `dms search`: titles by what is said of them and in them.

use super::titles::with_schema;
use super::{Client, Connection, Failure};
use crate::search::view::Found;

/// The version of the JSON that this command prints.
const SCHEMA: u8 = 1;

/// Arguments of `dms search`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  dms search q3 budget
  dms search --json croissants | jq -r '.items[].lines[] | \"\\(.at_ms) \\(.text)\"'")]
pub struct SearchArgs {
    /// Words; all have to be there, the last letters of each may be missing
    #[arg(required = true)]
    words: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`].
pub async fn run(args: SearchArgs) -> Result<(), Failure> {
    let client = Client::new(&args.connection)?;
    let words = args.words.join(" ");
    let words: String = url::form_urlencoded::byte_serialize(words.as_bytes()).collect();
    let found: Found = client.get(&format!("/api/v1/search?q={words}")).await?;
    if args.json {
        println!("{}", with_schema(&found, SCHEMA)?);
        return Ok(());
    }
    for item in &found.items {
        println!("{}  {}", item.title.id, item.title.title);
        for line in &item.lines {
            let s = line.at_ms / 1000;
            let (hours, minutes, seconds) = (s / 3600, s / 60 % 60, s % 60);
            println!(
                "    {hours}:{minutes:02}:{seconds:02} [{}] {}",
                line.lang, line.text
            );
        }
    }
    if found.items.is_empty() {
        eprintln!("nothing found");
    } else if found.truncated {
        eprintln!("there may be more: use more words");
    }
    Ok(())
}
