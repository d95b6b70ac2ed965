//! What `dms admin` takes.

use std::path::PathBuf;

use uuid::Uuid;

use super::tokens::TokenVerb;
use crate::cli::Connection;
use crate::site::hours::{FORM, Hours};

/// Arguments of `dms admin`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  dms admin site add --name lyon --subnet 10.20.0.0/16 --subnet 10.21.4.0/22
  dms admin enroll-token | edge-peer enroll --dms http://127.0.0.1:8080
  dms admin token create --name CI --role publisher --days 90
  dms admin device list --banned
  dms admin device pardon 0190b6a2-...
  dms admin openapi > openapi.json")]
pub struct AdminArgs {
    #[command(subcommand)]
    pub(super) verb: Verb,
    /// Print JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) connection: Connection,
}

#[derive(clap::Subcommand, Debug)]
pub(super) enum Verb {
    /// Offices: which addresses belong together, and what their PCs may do
    #[command(subcommand)]
    Site(SiteVerb),
    /// Enrolled devices
    #[command(subcommand)]
    Device(DeviceVerb),
    /// API tokens of people and programs
    #[command(subcommand)]
    Token(TokenVerb),
    /// Make a token that enrols edge peers
    EnrollToken {
        /// How many devices may use it
        #[arg(long, default_value_t = 1)]
        uses: u32,
        /// How long it lasts, minutes
        #[arg(long, default_value_t = 15)]
        minutes: u32,
        /// More than 15 minutes are meant, up to a week; the log says so
        #[arg(long)]
        long_lived: bool,
    },
    /// Print the OpenAPI document of this program's API; no server is asked
    Openapi,
}

/// What a site lets its PCs do.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
pub(super) enum PeeringArg {
    /// Take from and give to one another
    On,
    /// Only take
    ConsumeOnly,
    /// Neither: use the origin
    Off,
}

#[derive(clap::Subcommand, Debug)]
pub(super) enum SiteVerb {
    /// Draw a site
    Add {
        /// Its name
        #[arg(long)]
        name: String,
        /// A subnet, such as 10.20.0.0/16; may be repeated
        #[arg(long = "subnet", required = true)]
        subnets: Vec<String>,
        /// What its PCs may do
        #[arg(long, value_enum, default_value = "on")]
        peering: PeeringArg,
        /// Its WAN cap, bytes per second; 0 is none
        #[arg(long, default_value_t = 0)]
        wan_cap: u64,
        /// Hours of the week with another cap, in Mbit/s: "UTC+01:00 mon-fri 08:00-18:00 10; sat 9:00-12:00 20"
        #[arg(long, default_value = "", value_parser = hours)]
        wan_hours: Hours,
    },
    /// List the sites with their WAN copies
    List,
    /// Remove a site; its PCs then use the origin
    Remove {
        /// Its id
        #[arg(value_parser = crate::cli::names::id)]
        site: Uuid,
    },
    /// Make and change sites from a CSV file: site,subnets,peering,wan_mbit,wan_hours; all of it or nothing
    Import {
        /// The file; - is the standard input
        file: PathBuf,
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
        /// A subnet that a site has which the file does not name moves, instead of the file being refused
        #[arg(long)]
        move_subnets: bool,
        /// Sites that the file does not name are deleted
        #[arg(long)]
        delete_others: bool,
    },
    /// Print the sites as a CSV file that can be imported again
    Export,
    /// The changes of the last day
    Changes,
    /// Take a change of the last day back
    Undo {
        /// Its id, as `dms admin site changes` prints it
        #[arg(value_parser = crate::cli::names::id)]
        change: Uuid,
    },
    /// Sites proposed from what PCs in no site see around them
    Proposals,
    /// Put a proposal into effect
    Approve {
        /// Its key, as `dms admin site proposals` prints it
        proposal: String,
        /// The new site's name, instead of the one proposed
        #[arg(long)]
        name: Option<String>,
    },
    /// Do not show a proposal again
    Dismiss {
        /// Its key
        proposal: String,
    },
}

#[derive(clap::Subcommand, Debug)]
pub(super) enum DeviceVerb {
    /// List the devices
    List {
        /// Only those that PCs ban because they sent wrong bytes
        #[arg(long)]
        banned: bool,
    },
    /// Who reported wrong bytes of a device: which chunk, and what came instead
    Reports {
        /// Its id
        #[arg(value_parser = crate::cli::names::id)]
        device: Uuid,
    },
    /// Let PCs ask a device again that sent wrong bytes; the next wrong bytes ban it again
    Pardon {
        /// Its id
        #[arg(value_parser = crate::cli::names::id)]
        device: Uuid,
    },
    /// Revoke a device, at once
    Revoke {
        /// Its id
        #[arg(value_parser = crate::cli::names::id)]
        device: Uuid,
    },
}

/// Hours as an argument; a wrong text is told with the form.
fn hours(text: &str) -> Result<Hours, String> {
    text.parse().map_err(|fault| format!("{fault} {FORM}"))
}
