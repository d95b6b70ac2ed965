//! What `dms policy` takes.

use std::path::PathBuf;

use super::super::Connection;
use super::super::when::{self, When};

/// Arguments of `dms policy`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "TITLE is an id or a name that only one title has; groups, sites and collections are given by name or \
id, people by sign-in name or id. A title without a policy is for everybody, everywhere, always, but not offline. \
`set` changes what is given and leaves the rest.

Examples:
  dms policy show 'All hands'
  dms policy set 'All hands' --group Board --person ana@example.com --site lyon --vpn
  dms policy set 'All hands' --embargo 2026-12-01T08:00Z --until 2027-01-01 --max-height 720
  dms policy set 'All hands' --everyone --until none --plan rental:48h --dry-run
  dms policy show 'All hands' --json | jq .policy | dms policy set 'Town hall' --file -
  dms policy preview 'All hands' --as ana@example.com --at lyon --on 2026-12-01T09:00Z"
)]
pub struct PolicyArgs {
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
    /// A title's policy, and who wrote it
    Show {
        /// The title
        title: String,
    },
    /// Change a title's policy; it holds for every licence from now on
    Set(Box<Set>),
    /// What a person at a place and time would get; nothing is issued
    Preview(Preview),
}

#[derive(clap::Args, Debug)]
pub(super) struct Set {
    /// The title
    pub(super) title: String,
    /// For everybody in the company
    #[arg(long, conflicts_with_all = ["groups", "people"])]
    pub(super) everyone: bool,
    /// For this group, and who else is named; may be repeated
    #[arg(long = "group", value_name = "GROUP")]
    pub(super) groups: Vec<String>,
    /// For this person, and who else is named; may be repeated
    #[arg(long = "person", value_name = "WHO")]
    pub(super) people: Vec<String>,
    /// From everywhere
    #[arg(long, conflicts_with_all = ["sites", "vpn"])]
    pub(super) anywhere: bool,
    /// From this site, and where else is named; may be repeated
    #[arg(long = "site", value_name = "SITE")]
    pub(super) sites: Vec<String>,
    /// From the company's VPN, and where else is named
    #[arg(long)]
    pub(super) vpn: bool,
    /// The first moment: 2h or 3d from now, a UTC date such as 2026-12-01T08:00Z, or none
    #[arg(long, value_parser = OrNone::when, value_name = "WHEN")]
    pub(super) from: Option<OrNone<When>>,
    /// The first moment after; or none
    #[arg(long, value_parser = OrNone::when, value_name = "WHEN")]
    pub(super) until: Option<OrNone<When>>,
    /// Nobody gets a key before this moment, publishers included; or none
    #[arg(long, value_parser = OrNone::when, value_name = "WHEN")]
    pub(super) embargo: Option<OrNone<When>>,
    /// The greatest height of a picture, lines; or none
    #[arg(long, value_parser = OrNone::<u32>::number, value_name = "LINES")]
    pub(super) max_height: Option<OrNone<u32>>,
    /// Days that it may be used without contact to the server; 0: not at all
    #[arg(long, value_name = "DAYS")]
    pub(super) offline_days: Option<u16>,
    /// Whether other players may be served
    #[arg(long, value_name = "BOOL")]
    pub(super) third_party_players: Option<bool>,
    /// The most streams of one person at a time; or none
    #[arg(long, value_parser = OrNone::<u16>::number, value_name = "NUMBER")]
    pub(super) streams: Option<OrNone<u16>>,
    /// free, rental:48h (from the first play), or subscription:COLLECTION
    #[arg(long, value_parser = plan)]
    pub(super) plan: Option<PlanArg>,
    /// Pages of this origin may show it in a frame (https://host, or * for any), and of which else are named; may be
    /// repeated; none: only pages of the server itself
    #[arg(long = "embed", value_name = "ORIGIN")]
    pub(super) embed: Vec<String>,
    /// The whole policy as JSON in place of what there is; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["everyone", "groups", "people", "anywhere", "sites", "vpn",
        "from", "until", "embargo", "max_height", "offline_days", "third_party_players", "streams", "plan", "embed"])]
    pub(super) file: Option<PathBuf>,
    /// Only print what it would be
    #[arg(long)]
    pub(super) dry_run: bool,
}

#[derive(clap::Args, Debug)]
pub(super) struct Preview {
    /// The title
    pub(super) title: String,
    /// The person [default: a device with nobody signed in]
    #[arg(long = "as", value_name = "WHO")]
    pub(super) who: Option<String>,
    /// The site they are at [default: at none]
    #[arg(long = "at", value_name = "SITE", conflicts_with = "vpn")]
    pub(super) site: Option<String>,
    /// They are on the company's VPN
    #[arg(long)]
    pub(super) vpn: bool,
    /// When: 2h or 3d from now, or a UTC date such as 2026-12-01T08:00Z [default: now]
    #[arg(long = "on", value_parser = when::parse, value_name = "WHEN")]
    pub(super) on: Option<When>,
    /// They want to keep it for offline use
    #[arg(long)]
    pub(super) offline: bool,
}

/// A value, or the word that takes it away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OrNone<T> {
    /// `none`.
    None,
    /// A value.
    Some(T),
}

impl<T> OrNone<T> {
    fn read(text: &str, value: impl Fn(&str) -> Result<T, String>) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self::None);
        }
        value(text).map(Self::Some)
    }

    /// Changes a field if anything was given for it.
    pub(super) fn apply<U>(given: Option<Self>, field: &mut Option<U>, read: impl Fn(T) -> U) {
        match given {
            None => {}
            Some(Self::None) => *field = None,
            Some(Self::Some(value)) => *field = Some(read(value)),
        }
    }
}

impl OrNone<When> {
    fn when(text: &str) -> Result<Self, String> {
        Self::read(text, |text| {
            when::parse(text).map_err(|how| format!("{how}, or none"))
        })
    }
}

impl<T: std::str::FromStr> OrNone<T> {
    fn number(text: &str) -> Result<Self, String> {
        Self::read(text, |text| {
            let number = text.parse();
            number.map_err(|_| "write a whole number, or none".to_owned())
        })
    }
}

/// What a person must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PlanArg {
    /// Nothing.
    Free,
    /// A rental.
    Rental {
        /// From the first play.
        seconds: u64,
    },
    /// A subscription.
    Subscription {
        /// By name or id.
        collection: String,
    },
}

fn plan(text: &str) -> Result<PlanArg, String> {
    let how = || "write free, rental:48h, or subscription:COLLECTION".to_owned();
    match text.split_once(':') {
        None if text == "free" => Ok(PlanArg::Free),
        Some(("rental", long)) => match when::parse(long) {
            Ok(When::In(ms)) if ms > 0 => Ok(PlanArg::Rental {
                seconds: ms.unsigned_abs() / 1000,
            }),
            _ => Err(how()),
        },
        Some(("subscription", collection)) if !collection.is_empty() => Ok(PlanArg::Subscription {
            collection: collection.to_owned(),
        }),
        _ => Err(how()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_and_values_are_read_as_people_write_them() {
        assert_eq!(plan("free"), Ok(PlanArg::Free));
        let seconds = 48 * 3600;
        assert_eq!(plan("rental:48h"), Ok(PlanArg::Rental { seconds }));
        let collection = "Talks: 2026".to_owned();
        let plan_of = PlanArg::Subscription { collection };
        assert_eq!(plan("subscription:Talks: 2026"), Ok(plan_of));
        for wrong in [
            "",
            "rental",
            "rental:0h",
            "rental:2026-12-01",
            "subscription:",
            "paid",
        ] {
            assert!(plan(wrong).is_err(), "{wrong}");
        }
        let mut field = Some(7);
        OrNone::apply(OrNone::<u32>::number("none").ok(), &mut field, |n| n);
        assert_eq!(field, None);
        OrNone::apply(OrNone::<u32>::number("720").ok(), &mut field, |n| n);
        OrNone::apply(None::<OrNone<u32>>, &mut field, |n| n);
        assert_eq!(field, Some(720));
        assert!(OrNone::<u16>::number("-1").is_err() && OrNone::when("soon").is_err());
    }
}
