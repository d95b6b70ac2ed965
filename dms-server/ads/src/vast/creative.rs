//! What stands in creatives: films, events, pictures beside them.

use super::document::{Common, Linear, Tracking};
use super::error::{VastError, code};
use super::read::{Reader, URLS_MAX, cut};
use super::time::{Offset, duration_ms};
use crate::decision::{Companion, MediaFile};
use crate::xml::Node;

/// The names of the events of a linear creative in VAST 2.0 to 4.2.
const EVENTS: [&str; 36] = [
    "mute",
    "unmute",
    "pause",
    "resume",
    "rewind",
    "skip",
    "playerExpand",
    "playerCollapse",
    "loaded",
    "start",
    "firstQuartile",
    "midpoint",
    "thirdQuartile",
    "complete",
    "progress",
    "closeLinear",
    "creativeView",
    "acceptInvitation",
    "acceptInvitationLinear",
    "adExpand",
    "adCollapse",
    "minimize",
    "close",
    "overlayViewDuration",
    "otherAdInteraction",
    "interactiveStart",
    "timeSpentViewing",
    "fullscreen",
    "exitFullscreen",
    "expand",
    "collapse",
    "notUsed",
    "verificationNotExecuted",
    "extend",
    "collapseLinear",
    "timeToFirstFrame",
];

/// What is taken from all creatives: companions, and how many overlays and icons there are.
pub(super) fn common(reader: &mut Reader, creatives: &[&Node], path: &str, common: &mut Common) {
    for (at, creative) in creatives.iter().enumerate() {
        let path = format!("{path}/Creative[{}]", at + 1);
        let companions = creative
            .all("CompanionAds")
            .flat_map(|c| c.all("Companion"));
        for node in companions.take(URLS_MAX) {
            common.companions.extend(companion(reader, node, &path));
        }
        let overlays = creative
            .all("NonLinearAds")
            .flat_map(|n| n.all("NonLinear"));
        common.overlays += overlays.count();
        let linears = creative.all("Linear").flat_map(|l| l.all("Icons"));
        common.icons += linears.flat_map(|i| i.all("Icon")).count();
    }
}

/// The events and clicks of a creative's linear part.
pub(super) fn events(reader: &mut Reader, creative: &Node, path: &str, common: &mut Common) {
    for linear in creative.all("Linear") {
        let path = format!("{path}/Linear");
        let all = linear.all("TrackingEvents").flat_map(|t| t.all("Tracking"));
        for node in all.take(URLS_MAX) {
            common.tracking.extend(tracking(reader, node, &path));
        }
        for clicks in linear.all("VideoClicks") {
            let urls = reader.urls(clicks, &path, "ClickTracking");
            common.click_tracking.extend(urls);
        }
    }
}

fn tracking(reader: &mut Reader, node: &Node, path: &str) -> Option<Tracking> {
    let name = node.attribute("event").unwrap_or_default();
    let known = EVENTS.iter().find(|known| known.eq_ignore_ascii_case(name));
    let Some(event) = known else {
        reader.note(path, format!("no event is called {:?}", cut(name)));
        return None;
    };
    let offset = node.attribute("offset").map(Offset::parse);
    if *event == "progress" && !matches!(offset, Some(Some(_))) {
        reader.note(path, "progress has no offset that can be read");
        return None;
    }
    Some(Tracking {
        event,
        at: offset.flatten(),
        url: reader.url(node, path)?,
    })
}

fn companion(reader: &mut Reader, node: &Node, path: &str) -> Option<Companion> {
    let path = format!("{path}/CompanionAds/Companion");
    // Only a picture is shown: frames and HTML of others have no place in a page with a strict policy.
    let picture = node.one("StaticResource")?;
    let media_type = picture.attribute("creativeType").unwrap_or_default();
    let media_type = media_type.to_ascii_lowercase();
    if !media_type.starts_with("image/") {
        reader.note(&path, "only pictures are shown");
        return None;
    }
    let views = node.all("TrackingEvents").flat_map(|t| t.all("Tracking"));
    let views: Vec<&Node> = views
        .filter(|t| {
            t.attribute("event")
                .is_some_and(|e| e.eq_ignore_ascii_case("creativeView"))
        })
        .collect();
    Some(Companion {
        url: reader.url(picture, &path)?,
        media_type,
        width: number(node, "width"),
        height: number(node, "height"),
        click: node
            .one("CompanionClickThrough")
            .and_then(|click| reader.url(click, &path)),
        views: views
            .into_iter()
            .filter_map(|view| reader.url(view, &path))
            .collect(),
    })
}

/// Reads a creative's linear part.
pub(super) fn linear(
    reader: &mut Reader,
    creative: &Node,
    path: &str,
) -> Result<Linear, VastError> {
    let at = format!("{path}/Linear");
    let missing = |text: &str| VastError::schema(&at, text);
    let node = creative
        .one("Linear")
        .ok_or_else(|| missing("Linear is missing"))?;
    let duration = node
        .text_of("Duration")
        .ok_or_else(|| missing("Duration is missing"))?;
    let duration = duration_ms(duration).filter(|ms| *ms > 0);
    let duration_ms = duration.ok_or_else(|| {
        VastError::schema(
            format!("{at}/Duration"),
            "write it as HH:MM:SS or HH:MM:SS.mmm, above 0",
        )
    })?;
    let files = node
        .one("MediaFiles")
        .ok_or_else(|| missing("MediaFiles is missing"))?;
    let media = media(reader, files, &format!("{at}/MediaFiles"))?;
    let skip = node.attribute("skipoffset");
    if skip.is_some_and(|skip| Offset::parse(skip).is_none()) {
        reader.note(&at, "skipoffset cannot be read; the ad cannot be skipped");
    }
    let clicks = node
        .one("VideoClicks")
        .and_then(|clicks| clicks.one("ClickThrough"));
    let interactive = files.all("InteractiveCreativeFile").take(URLS_MAX);
    let captions = files
        .all("ClosedCaptionFiles")
        .flat_map(|c| c.all("ClosedCaptionFile"));
    Ok(Linear {
        id: creative.attribute("id").map(cut),
        universal_ids: universal_ids(creative),
        duration_ms,
        skip: skip.and_then(Offset::parse),
        click: clicks.and_then(|click| reader.url(click, &at)),
        media,
        interactive: interactive
            .filter_map(|f| Some((f.attribute("apiFramework").map(cut), reader.url(f, &at)?)))
            .collect(),
        captions: captions
            .take(URLS_MAX)
            .filter_map(|f| {
                let (kind, language) = (f.attribute("type"), f.attribute("language"));
                Some((kind.map(cut), language.map(cut), reader.url(f, &at)?))
            })
            .collect(),
        parameters: node.one("AdParameters").map(|p| p.trimmed().to_owned()),
    })
}

/// The universal ids; 4.0 had the value in an attribute, and a placeholder where there is none.
fn universal_ids(creative: &Node) -> Vec<(String, String)> {
    let read = |node: &Node| {
        let value = match node.trimmed() {
            "" => node.attribute("idValue")?,
            text => text,
        };
        let registry = node.attribute("idRegistry").unwrap_or("unknown");
        let is_known = !value.is_empty() && !value.eq_ignore_ascii_case("unknown");
        is_known.then(|| (cut(registry), cut(value)))
    };
    creative
        .all("UniversalAdId")
        .take(URLS_MAX)
        .filter_map(read)
        .collect()
}

fn media(reader: &mut Reader, files: &Node, path: &str) -> Result<Vec<MediaFile>, VastError> {
    let mut found = Vec::new();
    let (mut present, mut urls) = (false, false);
    let ready = files.all("MediaFile").map(|file| (file, false));
    let raw = files.all("Mezzanine").map(|file| (file, true));
    for (node, is_raw) in ready.chain(raw).take(URLS_MAX) {
        present = true;
        let Some(url) = reader.url(node, path) else {
            continue;
        };
        urls = true;
        let media_type = node.attribute("type").unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        let media_type = media_type.to_ascii_lowercase();
        let program = node
            .attribute("apiFramework")
            .filter(|name| !name.is_empty());
        if program.is_some() || !is_media(&media_type) {
            reader.note(
                path,
                format!("a file of type {:?} is not played", cut(&media_type)),
            );
            continue;
        }
        let is_stream = is_stream(&media_type)
            || (!is_raw
                && node
                    .attribute("delivery")
                    .is_some_and(|d| d.eq_ignore_ascii_case("streaming")));
        found.push(MediaFile {
            url,
            media_type,
            width: number(node, "width"),
            height: number(node, "height"),
            bitrate: bitrate(node),
            progressive: !is_stream,
        });
    }
    if !present {
        return Err(VastError::schema(path, "there is no MediaFile"));
    }
    if !urls {
        let text = "no MediaFile has a URL that can be fetched";
        return Err(VastError::new(code::FILE, path, text));
    }
    if found.is_empty() {
        let text = "no MediaFile is of a kind that is played: programs and Flash are not";
        return Err(VastError::new(code::MEDIA, path, text));
    }
    Ok(found)
}

fn is_stream(media_type: &str) -> bool {
    let streams = [
        "application/x-mpegurl",
        "application/vnd.apple.mpegurl",
        "audio/mpegurl",
        "application/dash+xml",
    ];
    streams.contains(&media_type)
}

fn is_media(media_type: &str) -> bool {
    let is_film = media_type.starts_with("video/") || media_type.starts_with("audio/");
    is_film || media_type == "application/mxf" || is_stream(media_type)
}

/// Kilobits per second in VAST, bits here; with bounds only, their middle.
fn bitrate(node: &Node) -> u64 {
    let read = |name| u64::from(number(node, name)) * 1_000;
    match (read("bitrate"), read("minBitrate"), read("maxBitrate")) {
        (0, low, high) if low > 0 && high > 0 => u64::midpoint(low, high),
        (0, low, high) => low.max(high),
        (bitrate, ..) => bitrate,
    }
}

/// A number; fractions are left away, and 0 is unknown.
fn number(node: &Node, name: &str) -> u32 {
    let text = node.attribute(name).unwrap_or_default();
    let whole = text.trim_end_matches("px").split('.').next();
    whole.unwrap_or_default().parse().unwrap_or(0)
}
