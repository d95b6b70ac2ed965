//! `dms token`: one's own tokens, and for administrators everybody's.

use super::{Client, Connection, Failure};
use crate::admin::tokens::{self, TokenVerb};

/// Arguments of `dms token`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "A token that you make is yours: never worth more than you are, and gone with your account. What \
`dms login` keeps is one of them.

Examples:
  dms token create --name CI --role publisher --days 90
  dms token list
  dms token revoke 0190b6a2-..."
)]
pub struct TokenArgs {
    #[command(subcommand)]
    verb: TokenVerb,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`].
pub async fn run(args: TokenArgs) -> Result<(), Failure> {
    let client = Client::new(&args.connection)?;
    tokens::run(&client, args.verb, args.json).await
}
