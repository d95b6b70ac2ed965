//! What viewers are told of why they see something. Pure.

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAY_MS: i64 = 86_400_000;

/// Names told at most.
const NAMES_MAX: usize = 3;

/// "For everybody at Lyon until 3 December 2026".
#[must_use]
pub fn campaign(groups: &[String], sites: &[String], until_ms: Option<i64>) -> String {
    let who = match groups {
        [] => "everybody".to_owned(),
        some => names(some),
    };
    let place = match sites {
        [] => String::new(),
        some => format!(" at {}", names(some)),
    };
    let until = until_ms.map_or_else(String::new, |ms| format!(" until {}", day(ms)));
    format!("For {who}{place}{until}")
}

/// "Chosen by Acme".
#[must_use]
pub fn server(name: &str) -> String {
    format!("Chosen by {name}")
}

fn names(all: &[String]) -> String {
    let told = all.iter().take(NAMES_MAX).map(String::as_str);
    let told = told.collect::<Vec<_>>().join(", ");
    match all.len() {
        0..=NAMES_MAX => told,
        more => format!("{told} and {} more", more - NAMES_MAX),
    }
}

/// A day of the Gregorian calendar, UTC.
fn day(ms: i64) -> String {
    // Days since 1 March of the year 0: leap days come last in a year then.
    let days = ms.div_euclid(DAY_MS) + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 2, 0)
    } else {
        (month - 10, 1)
    };
    let name = usize::try_from(month)
        .ok()
        .and_then(|month| MONTHS.get(month));
    format!("{day} {} {}", name.unwrap_or(&""), era * 400 + year + next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (days, text) in [
            (0, "1 January 1970"),
            (59, "1 March 1970"),
            (11_016, "29 February 2000"),
            (20_790, "3 December 2026"),
            (-1, "31 December 1969"),
        ] {
            assert_eq!(day(days * DAY_MS + 1), text);
        }
    }

    #[test]
    fn the_audience_is_named() {
        let of = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        assert_eq!(campaign(&[], &[], None), "For everybody");
        let until = Some(20_790 * DAY_MS);
        assert_eq!(
            campaign(&[], &of(&["Lyon"]), until),
            "For everybody at Lyon until 3 December 2026"
        );
        let many = campaign(&of(&["Sales"]), &of(&["A", "B", "C", "D", "E"]), None);
        assert_eq!(many, "For Sales at A, B, C and 2 more");
    }
}
