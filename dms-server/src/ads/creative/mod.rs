//! Creatives: what is inserted into breaks. Each is an ordinary title, sealed, signed and shared like any other.
//!
//! One is made of a title of the library, or of a URL that a decision named ([`want`]): fetched once, whoever wants it how
//! often, published through the ordinary pipeline, and shown from then on. Until it is ready the next hook fills the break.

pub mod db;
pub mod fetch;
pub mod key;
pub mod routes;
pub mod standing;
#[cfg(test)]
mod tests;

pub use self::standing::Standing;

use dms_ads::decision::{Ad, MediaFile};
use uuid::Uuid;

use self::db::CreativeRow;
use crate::audit::{Actor, act, object};
use crate::problem::{Problem, Result};
use crate::state::App;

/// The tallest picture that is asked for, lines: more is thrown away by the ladder.
const HEIGHT_MAX: u32 = 1_080;

/// The longest name that is taken from a decision, characters.
const NAME_MAX: usize = 200;

/// The longest URL that is kept, bytes.
const URL_MAX: usize = 8_000;

/// The creative of an ad that a decision server named, as it stands; it is fetched from now on where it is new. None when
/// none of the ad's files can be.
///
/// # Errors
/// The database's.
pub async fn want(app: &App, ad: &Ad, by: &str) -> Result<Option<CreativeRow>> {
    let Some(file) = best_file(&ad.media) else {
        return Ok(None);
    };
    let key = key::of_ad(ad.universal_id.as_ref(), &file.url);
    if let Some(known) = db::with_key(&app.db, &key).await? {
        return Ok(Some(known));
    }
    let universal_id = ad.universal_id.as_ref().map(serde_json::to_string);
    let name = ad
        .title
        .as_deref()
        .unwrap_or(&ad.id)
        .chars()
        .filter(|c| !c.is_control());
    let name: String = name.take(NAME_MAX).collect();
    let new = CreativeRow {
        id: Uuid::now_v7(),
        name: if name.trim().is_empty() {
            "Ad".to_owned()
        } else {
            name
        },
        click: None,
        key: key.clone(),
        hidden: 1,
        source_url: Some(file.url.clone()),
        universal_id: universal_id.transpose().map_err(Problem::internal)?,
        promised_ms: Some(ad.duration_ms.cast_signed()).filter(|ms| *ms > 0),
        created_by: by.to_owned(),
        created_ms: app.clock.now_ms(),
        ..CreativeRow::default()
    };
    let note = app
        .note(
            Actor::system(),
            act::AD_CREATIVE_MADE,
            object("ad_creative", new.id),
        )
        .with("key", key.as_str())
        .with("by", by);
    if db::add(&app.db, &new, &note).await? {
        app.filling.wanted.notify_one();
    }
    Ok(db::with_key(&app.db, &key).await?)
}

/// The file to fetch: one whole video, the best up to the tallest of the ladder, else the smallest above.
fn best_file(media: &[MediaFile]) -> Option<&MediaFile> {
    let usable = media.iter().filter(|file| {
        let kind = file.media_type.trim().to_ascii_lowercase();
        file.progressive && kind.starts_with("video/") && file.url.len() <= URL_MAX
    });
    usable.max_by_key(|file| {
        let fits = file.height <= HEIGHT_MAX;
        let size = i64::from(file.height);
        (
            fits,
            if fits { size } else { -size },
            file.bitrate.min(20_000_000),
        )
    })
}
