//! The command line: `dms serve | login | people | publish | ...`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, Flags};
use crate::serve::{self, Dms};
use crate::{admin, backup, cli, db::Db, keys, observe};

/// Publish a video once; every office fetches it once.
#[derive(Parser, Debug)]
#[command(name = "dms", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run the server: API, origin, sites, devices, licences and the media worker
    Serve(Flags),
    /// Run only a media worker, beside a server on another machine
    Worker(Flags),
    /// Bring the database's schema up to date and exit
    Migrate(Flags),
    /// Copy the database and the keys while the server runs
    Backup(BackupArgs),
    /// Look at the configuration
    Config(ConfigArgs),
    /// Administer a running server
    Admin(admin::AdminArgs),
    /// Sign in through a browser; the other commands then act for you
    Login(cli::LoginArgs),
    /// Sign out: revoke the token of `dms login` and remove it
    Logout(cli::LogoutArgs),
    /// Say who the commands act for, and what they may do
    Whoami(cli::WhoamiArgs),
    /// Publish a video or a file
    Publish(cli::PublishArgs),
    /// List and look at titles
    Titles(cli::TitlesArgs),
    /// Files on their way: list and remove
    Uploads(cli::UploadsArgs),
    /// What makes titles of them: list, follow, cancel, retry
    Jobs(cli::JobsArgs),
    /// Find titles by name, tags, description and what is spoken in them
    Search(cli::SearchArgs),
    /// Make offices hold a title before anybody watches it
    Campaign(cli::CampaignArgs),
    /// Fill breaks, and see what came of it: creatives, ad campaigns, decision servers, reports, receipts
    Ads(cli::AdsArgs),
    /// Accounts: list, add, disable, give roles
    People(cli::PeopleArgs),
    /// Groups of people, and the roles that come with them
    Groups(cli::GroupsArgs),
    /// Who may see a title, where, when, how; and what that means for one person
    Policy(cli::PolicyArgs),
    /// Collections, subscriptions and rentals
    Plans(cli::PlansArgs),
    /// Your tokens
    Token(cli::TokenArgs),
    /// Look at the log of who did what, and check it
    Audit(cli::AuditArgs),
    /// Look at the key encryption keys, rotate and remove them
    Keys(cli::KeysArgs),
    /// Say what a code of a problem means, and what to do about it
    Explain(cli::ExplainArgs),
}

#[derive(clap::Args, Debug)]
struct BackupArgs {
    #[command(flatten)]
    flags: Flags,
    /// A new folder for the copy
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
}

#[derive(clap::Args, Debug)]
struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Subcommand, Debug)]
enum ConfigCommand {
    /// Print the configuration in effect, as a commented file
    Show(Flags),
}

/// Parses the command line and runs it.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let code = runtime.block_on(run(cli.command));
    // A blocking read that nobody waits for any more must not hold the exit.
    runtime.shutdown_background();
    code
}

async fn run(command: Command) -> ExitCode {
    let done = match command {
        Command::Serve(flags) => run_serve(&flags).await,
        Command::Worker(flags) => run_worker(&flags).await,
        Command::Migrate(flags) => run_migrate(&flags).await,
        Command::Backup(args) => run_backup(&args).await,
        Command::Config(ConfigArgs {
            command: ConfigCommand::Show(flags),
        }) => show(&flags),
        Command::Admin(args) => return admin::run(args).await,
        Command::Login(args) => return cli::login(args).await,
        Command::Logout(args) => return cli::logout(args).await,
        Command::Whoami(args) => return cli::whoami(args).await,
        Command::Publish(args) => return cli::publish(args).await,
        Command::Titles(args) => return cli::titles(args).await,
        Command::Uploads(args) => return cli::uploads(args).await,
        Command::Jobs(args) => return cli::jobs(args).await,
        Command::Search(args) => return cli::search(args).await,
        Command::Campaign(args) => return cli::campaign(args).await,
        Command::Ads(args) => return cli::ads(args).await,
        Command::People(args) => return cli::people(args).await,
        Command::Groups(args) => return cli::groups(args).await,
        Command::Policy(args) => return cli::policy(args).await,
        Command::Plans(args) => return cli::plans(args).await,
        Command::Token(args) => return cli::token(args).await,
        Command::Audit(args) => return cli::audit(args).await,
        Command::Keys(args) => return cli::keys(args).await,
        Command::Explain(args) => return cli::explain(&args),
    };
    done.map_or_else(|error| failed(&error), |()| ExitCode::SUCCESS)
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("dms: {error:#}");
    ExitCode::FAILURE
}

async fn run_serve(flags: &Flags) -> anyhow::Result<()> {
    let config = Config::load(flags)?;
    observe::log::start(&config.log)?;
    let token_file = config.owner_token_file();
    let dms = Dms::load(config).await?;
    let addresses = dms.addresses()?;
    tracing::info!(
        public = %addresses.public, device = %addresses.device, metrics = %addresses.metrics,
        version = env!("CARGO_PKG_VERSION"), "listening"
    );
    eprintln!("Open {}", dms.app().public_origin());
    if dms.first_start() {
        let file = token_file.display();
        eprintln!("Sign in with the owner's token, which lies in {file}");
    }
    if let Some(token) = dms.setup_token() {
        eprintln!(
            "Make the first account at {}/setup with the token {} (good for a day, once)",
            dms.app().public_origin(),
            token.reveal()
        );
    }
    dms.run(signalled()).await
}

async fn run_worker(flags: &Flags) -> anyhow::Result<()> {
    let config = Config::load(flags)?;
    observe::log::start(&config.log)?;
    serve::work(config, signalled()).await
}

async fn run_migrate(flags: &Flags) -> anyhow::Result<()> {
    let config = Config::load(flags)?;
    keys::make_folder(&config.data)?;
    let db = Db::open(&config.database).await?;
    db.migrate().await?;
    db.close().await;
    Ok(())
}

async fn run_backup(args: &BackupArgs) -> anyhow::Result<()> {
    let config = Config::load(&args.flags)?;
    let backup::Copied {
        database_bytes,
        keys,
    } = backup::run(&config, &args.to).await?;
    let to = args.to.display();
    eprintln!("Copied the database ({database_bytes} bytes) and {keys} files of keys to {to}.");
    eprintln!(
        "Keep it as secretly as the masters. The store is not in it: {}",
        config.storage.url
    );
    Ok(())
}

fn show(flags: &Flags) -> anyhow::Result<()> {
    print!("{}", Config::load(flags)?.show());
    Ok(())
}

/// Ends at the first SIGTERM or SIGINT; the second ends the process at once.
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        // Without handlers the default action ends the process, which is what is asked for.
        return std::future::pending().await;
    };
    let mut next = async move || {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    };
    next().await;
    eprintln!("Stopping; a second signal stops at once.");
    tokio::spawn(async move {
        next().await;
        std::process::exit(INTERRUPTED);
    });
}

/// The exit code of a process that was told twice to stop.
const INTERRUPTED: i32 = 130;
