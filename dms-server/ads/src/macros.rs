//! The macros in URLs of ad servers.
//!
//! A macro whose value nobody knows becomes `-1`, one whose value is not told `-2`, as VAST 4 has it. A name
//! that VAST does not have stays as it is. Values are percent-encoded. Both `[NAME]` and `%5BNAME%5D` are read.
//!
//! What happens only when an ad is shown stays in a URL that is prepared before ([`Values::later`]).

#[cfg(test)]
mod tests;

use std::fmt::Write;

/// The longest URL that comes out, bytes; a longer one keeps its further macros.
const URL_MAX: usize = 16 << 10;

/// Known only when it happens.
const LATER: [&str; 16] = [
    "ADPLAYHEAD",
    "ASSETURI",
    "CACHEBUSTING",
    "CLICKPOS",
    "CLICKTYPE",
    "CONTENTPLAYHEAD",
    "ERRORCODE",
    "INVENTORYSTATE",
    "MEDIAPLAYHEAD",
    "PLAYBACKMETHODS",
    "PLAYERSIZE",
    "PLAYERSTATE",
    "PODSEQUENCE",
    "REASON",
    "TIMESTAMP",
    "ADCOUNT",
];

/// Say who somebody is, or where.
const PERSONAL: [&str; 8] = [
    "DEVICEIP",
    "DEVICEUA",
    "IFA",
    "IFATYPE",
    "LATLONG",
    "SERVERUA",
    "CLIENTUA",
    "GDPRCONSENT",
];

/// The rest of VAST 4.2.
const OTHERS: [&str; 28] = [
    "ADCATEGORIES",
    "ADSERVINGID",
    "ADTYPE",
    "APIFRAMEWORKS",
    "APPBUNDLE",
    "APPNAME",
    "BLOCKEDADCATEGORIES",
    "BREAKMAXADLENGTH",
    "BREAKMAXADS",
    "BREAKMAXDURATION",
    "BREAKMINADLENGTH",
    "BREAKMINDURATION",
    "BREAKPOSITION",
    "CONTENTCAT",
    "CONTENTID",
    "CONTENTURI",
    "DOMAIN",
    "EXTENSIONS",
    "INVENTORYID",
    "LIMITADTRACKING",
    "MEDIAMIME",
    "OMIDPARTNER",
    "PAGEURL",
    "PLACEMENTTYPE",
    "PLAYERCAPABILITIES",
    "REGULATIONS",
    "SERVERSIDE",
    "TRANSACTIONID",
];

/// And those that count what there is.
const FURTHER: [&str; 5] = [
    "UNIVERSALADID",
    "VASTVERSIONS",
    "VERIFICATIONVENDORS",
    "STORENAME",
    "STOREID",
];

/// Where a break stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// Before the content.
    Pre,
    /// Within it.
    Mid,
    /// After it.
    Post,
}

/// What is known of who watches. Without it, what is asked of them is not told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Viewer {
    /// The address.
    pub address: Option<String>,
    /// What their player calls itself.
    pub agent: Option<String>,
    /// A name for advertising.
    pub id: Option<String>,
}

/// What is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// Leave what is known only when it happens.
    pub later: bool,
    /// Now, milliseconds since the Unix epoch.
    pub now_ms: Option<i64>,
    /// Something that is different each time.
    pub random: Option<u32>,
    /// The code of an error.
    pub error: Option<u16>,
    /// How far the ad was played, milliseconds.
    pub ad_ms: Option<u64>,
    /// Where the content stands, milliseconds.
    pub content_ms: Option<u64>,
    /// The file that is played.
    pub asset: Option<String>,
    /// Where the break stands.
    pub position: Option<Break>,
    /// The longest that the break may be, milliseconds.
    pub break_ms: Option<u64>,
    /// The one name of everything that is asked for one break.
    pub transaction: Option<String>,
    /// The content.
    pub content: Option<String>,
    /// Width and height of the picture.
    pub player_size: Option<(u32, u32)>,
    /// The content's categories.
    pub categories: Vec<String>,
    /// The ad's universal id: registry and value.
    pub universal_id: Option<(String, String)>,
    /// Laws that apply: `gdpr`, `coppa`.
    pub regulations: Vec<String>,
    /// What is known of who watches, where an administrator allowed to tell it.
    pub viewer: Option<Viewer>,
}

/// A URL with its macros replaced.
#[must_use]
pub fn expand(url: &str, values: &Values) -> String {
    let mut out = String::with_capacity(url.len());
    let mut rest = url;
    while let Some((before, name, after)) = next(rest) {
        out.push_str(before);
        let spelled = rest.get(before.len()..rest.len() - after.len());
        match value(name, values) {
            Some(value) if out.len() + value.len() <= URL_MAX => out.push_str(&value),
            _ => out.push_str(spelled.unwrap_or_default()),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The next macro: what stands before it, its name, what stands behind it.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let (at, open) = opening(text.get(from..)?)?;
        let begin = from + at + open;
        let body = text.get(begin..)?;
        let len = body
            .bytes()
            .take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            .count();
        let behind = body.get(len..)?;
        let close = if behind.starts_with(']') {
            1
        } else if behind
            .get(..3)
            .is_some_and(|c| c.eq_ignore_ascii_case("%5D"))
        {
            3
        } else {
            0
        };
        if len > 0 && close > 0 {
            return Some((
                text.get(..from + at)?,
                body.get(..len)?,
                behind.get(close..)?,
            ));
        }
        from = begin;
    }
}

/// Where a bracket opens, and how long it is.
fn opening(text: &str) -> Option<(usize, usize)> {
    let plain = text.find('[').map(|at| (at, 1));
    let is_open = |at: usize| matches!(text.as_bytes().get(at + 2), Some(b'B' | b'b'));
    let mut escapes = text.match_indices("%5").map(|(at, _)| at);
    let encoded = escapes.find(|at| is_open(*at)).map(|at| (at, 3));
    plain.into_iter().chain(encoded).min()
}

/// A macro's value; none: it stays.
fn value(name: &str, values: &Values) -> Option<String> {
    if values.later && LATER.contains(&name) {
        return None;
    }
    let text = match name {
        "CACHEBUSTING" => values.random.map(|n| format!("{:08}", n % 100_000_000)),
        "TIMESTAMP" => values.now_ms.map(moment),
        "ERRORCODE" => values.error.map(|code| code.to_string()),
        "ADPLAYHEAD" => values.ad_ms.map(clock),
        "MEDIAPLAYHEAD" | "CONTENTPLAYHEAD" => values.content_ms.map(clock),
        "ASSETURI" => values.asset.clone(),
        "BREAKPOSITION" => values.position.map(|position| match position {
            Break::Pre => "1".to_owned(),
            Break::Mid => "2".to_owned(),
            Break::Post => "3".to_owned(),
        }),
        "BREAKMAXDURATION" => values.break_ms.map(|ms| ms.div_ceil(1_000).to_string()),
        "TRANSACTIONID" => values.transaction.clone(),
        "CONTENTID" => values.content.clone(),
        "CONTENTCAT" => Some(values.categories.join(",")).filter(|text| !text.is_empty()),
        "PLAYERSIZE" => values
            .player_size
            .map(|(width, height)| format!("{width},{height}")),
        "UNIVERSALADID" => values
            .universal_id
            .as_ref()
            .map(|(registry, id)| format!("{registry} {id}")),
        "REGULATIONS" => Some(values.regulations.join(",")).filter(|text| !text.is_empty()),
        // Nobody is followed from site to site here.
        "LIMITADTRACKING" => Some("1".to_owned()),
        "SERVERSIDE" => Some("1".to_owned()),
        "PLAYERCAPABILITIES" => Some("skip,mute,autoplay,mautoplay,fullscreen".to_owned()),
        "MEDIAMIME" => Some("video/mp4,video/webm,application/x-mpegurl".to_owned()),
        // VAST 2 to 4.2, in-line and wrappers, in the numbers of the standard.
        "VASTVERSIONS" => Some("2,3,5,6,7,8,11,12,13,14".to_owned()),
        "ADTYPE" => Some("video".to_owned()),
        "DEVICEIP" => return Some(personal(values, |viewer| viewer.address.as_ref())),
        "DEVICEUA" => return Some(personal(values, |viewer| viewer.agent.as_ref())),
        "IFA" => return Some(personal(values, |viewer| viewer.id.as_ref())),
        name if PERSONAL.contains(&name) => Some("-2".to_owned()),
        name if is_known(name) => None,
        _ => return None,
    };
    Some(text.map_or_else(|| "-1".to_owned(), |text| encoded(&text)))
}

fn is_known(name: &str) -> bool {
    LATER.contains(&name) || OTHERS.contains(&name) || FURTHER.contains(&name)
}

fn personal(values: &Values, of: impl Fn(&Viewer) -> Option<&String>) -> String {
    match &values.viewer {
        None => "-2".to_owned(),
        Some(viewer) => of(viewer).map_or_else(|| "-1".to_owned(), |text| encoded(text)),
    }
}

/// Everything but letters, digits and `-._~` as `%XX`. A comma separates values and stays.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~,".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// `HH:MM:SS.mmm`.
fn clock(ms: u64) -> String {
    let (seconds, ms) = (ms / 1_000, ms % 1_000);
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{ms:03}", seconds % 60)
}

/// A moment as ISO 8601 has it, in UTC.
fn moment(at_ms: i64) -> String {
    const DAY_MS: i64 = 24 * 3_600_000;
    let (days, ms) = (
        at_ms.div_euclid(DAY_MS),
        at_ms.rem_euclid(DAY_MS).unsigned_abs(),
    );
    // Howard Hinnant's days_from_civil turned round: eras of 400 years that begin in March.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{}Z", clock(ms))
}
