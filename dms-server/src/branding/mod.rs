//! The organisation's name, accent colour and logo, and how they get into the pages.
//!
//! The server puts them into each page that it sends, as texts and as the address of a style sheet: no page asks for
//! them, and the watch page's script knows nothing of them. What is at an address with a hash in it never changes.

pub mod accent;
pub mod db;
pub mod logo;
pub mod routes;
#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};

use self::accent::Colour;
use self::db::Look;
use crate::state::App;

/// The longest name of an organisation, characters.
pub const NAME_MAX: usize = 40;

/// What stands in the watch page until the organisation has a name.
const WATCH_NAME: &str = "<span data-t>Videos</span>";

/// A text as it stands in HTML.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
        escaped
    })
}

impl Look {
    /// The address of the logo.
    #[must_use]
    pub fn logo_url(&self) -> Option<String> {
        let (kind, hash) = self.logo_kind.as_ref().zip(self.logo_hash.as_ref())?;
        Some(format!("/branding/{hash}.{kind}"))
    }

    /// The style sheet; empty when the pages look as they are drawn.
    #[must_use]
    pub fn sheet(&self) -> String {
        let mut sheet = String::new();
        if let Some(colour) = Colour::parse(&self.accent) {
            let judged = accent::judge(colour);
            let (light, dark) = (judged.text_light, judged.text_dark);
            let (solid, hover) = (judged.solid, judged.solid_hover);
            // The console and the portal choose their scheme by an attribute, the watch page by the system's.
            let library = format!(
                "--mantine-color-tide-7:{solid};--mantine-color-tide-filled:{solid};--mantine-color-tide-filled-hover:{hover};\
                 --mantine-primary-color-filled:{solid};--mantine-primary-color-filled-hover:{hover}"
            );
            sheet = format!(
                ":root:root{{--brand-accent:{colour};--accent:light-dark({light},{dark});--accent-solid:{solid};\
                 --accent-solid-hover:{hover}}}\n\
                 :root:root[data-mantine-color-scheme=light]{{{library};--mantine-color-anchor:{light}}}\n\
                 :root:root[data-mantine-color-scheme=dark]{{{library};--mantine-color-anchor:{dark}}}\n"
            );
        }
        if let Some(url) = self.logo_url() {
            sheet.push_str(&format!(
                ".bar>.brand>svg{{display:none}}\n.bar>.brand::before{{content:'';width:84px;height:28px;\
                 background:url({url}) left center/contain no-repeat}}\n"
            ));
        }
        sheet
    }

    /// The address of the style sheet.
    #[must_use]
    pub fn sheet_url(&self) -> Option<String> {
        let sheet = self.sheet();
        (!sheet.is_empty()).then(|| format!("/branding/{}.css", hash_of(sheet.as_bytes())))
    }

    /// A page with this look.
    #[must_use]
    pub fn dress(&self, page: &str) -> String {
        let mut head = String::new();
        let name = escaped(&self.name);
        if !name.is_empty() {
            head.push_str(&format!(
                "<meta name=\"dms-organisation\" content=\"{name}\">"
            ));
        }
        if let Some(url) = self.logo_url() {
            head.push_str(&format!("<meta name=\"dms-logo\" content=\"{url}\">"));
        }
        if let Some(url) = self.sheet_url() {
            head.push_str(&format!("<link rel=\"stylesheet\" href=\"{url}\">"));
        }
        if head.is_empty() {
            return page.to_owned();
        }
        head.push_str("</head>");
        let page = page.replacen("</head>", &head, 1);
        if name.is_empty() {
            return page;
        }
        page.replacen(WATCH_NAME, &format!("<span>{name}</span>"), 1)
    }
}

/// The look of this moment. A page is shown as it is drawn rather than not at all.
pub async fn look(app: &App) -> Look {
    db::look(&app.db).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the look of the pages cannot be read");
        Look::default()
    })
}

/// What stands in an address for some bytes.
#[must_use]
pub fn hash_of(bytes: &[u8]) -> String {
    hex::encode(&Sha256::digest(bytes)[..16])
}
