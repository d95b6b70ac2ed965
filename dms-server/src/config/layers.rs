//! Merging the layers. The type of a key's default decides how its text in the environment or
//! on the command line is read.

use std::path::PathBuf;

use toml::{Table, Value};

use super::{Config, Flags, Media, Oidc};
use crate::egress::address::Policy;
use crate::oidc::claims::Mapping;

/// Why the configuration is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML, or has an unknown key or a wrong type.
    #[error("{origin}: {message}")]
    Invalid {
        /// Which layer: a file's path, a variable's name or a flag.
        origin: String,
        /// What is wrong and where.
        message: String,
    },
    /// A value is of the right type but makes no sense.
    #[error("{key}: {message}")]
    Value {
        /// The key.
        key: &'static str,
        /// What to do about it.
        message: String,
    },
}

/// Variables that begin with `DMS_` and are not configuration keys.
const OTHER_VARIABLES: [&str; 5] = [
    "DMS_CONFIG",
    "DMS_DATA",
    "DMS_URL",
    "DMS_TOKEN",
    "DMS_TOKEN_FILE",
];

pub(super) fn load(
    flags: &Flags,
    variables: impl Iterator<Item = (String, String)>,
) -> Result<Config, ConfigError> {
    let defaults = defaults();
    let mut merged = defaults.clone();
    if let Some(path) = &flags.config {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.clone(),
            source,
        })?;
        let origin = path.display().to_string();
        // Parsed once as a whole for its good messages (line, column, unknown key) ...
        toml::from_str::<Config>(&text).map_err(|e| ConfigError::Invalid {
            origin: origin.clone(),
            message: e.to_string(),
        })?;
        // ... and once as a table, so that only what the file says is merged.
        let file: Table = toml::from_str(&text).map_err(|e| ConfigError::Invalid {
            origin,
            message: e.to_string(),
        })?;
        merge(&mut merged, file);
    }
    let mut variables: Vec<_> = variables
        .filter(|(name, _)| name.starts_with("DMS_"))
        .collect();
    variables.sort();
    for (name, text) in variables {
        if let Some((topic, field)) = variable_key(&defaults, &name) {
            set(&mut merged, &defaults, &topic, &field, &text, &name)?;
        }
    }
    for assignment in &flags.set {
        let origin = format!("--set {assignment}");
        let (key, text) = assignment
            .split_once('=')
            .ok_or_else(|| ConfigError::Invalid {
                origin: origin.clone(),
                message: "write it as TOPIC.FIELD=VALUE".into(),
            })?;
        let (topic, field) = key.split_once('.').ok_or_else(|| ConfigError::Invalid {
            origin: origin.clone(),
            message: format!("`{key}` is not TOPIC.FIELD, such as public.listen"),
        })?;
        set(&mut merged, &defaults, topic, field, text, &origin)?;
    }
    if let Some(data) = &flags.data {
        merged.insert("data".into(), Value::String(data.display().to_string()));
    }
    let mut config: Config =
        merged
            .try_into()
            .map_err(|e: toml::de::Error| ConfigError::Invalid {
                origin: "configuration".into(),
                message: e.to_string(),
            })?;
    check(&config)?;
    config.resolve();
    Ok(config)
}

fn defaults() -> Table {
    // A struct of plain values always serialises to a table; were it not so, every key
    // would be reported as unknown.
    Table::try_from(Config::default()).unwrap_or_default()
}

fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) => merge(old, new),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

/// The key that a variable names. A variable of no topic is ignored: container platforms
/// inject `DMS_SERVICE_HOST` and the like when a service is called `dms`.
fn variable_key(defaults: &Table, name: &str) -> Option<(String, String)> {
    if OTHER_VARIABLES.contains(&name) {
        return None;
    }
    let (topic, field) = name.strip_prefix("DMS_")?.split_once('_')?;
    let topic = topic.to_ascii_lowercase();
    matches!(defaults.get(&topic), Some(Value::Table(_)))
        .then(|| (topic, field.to_ascii_lowercase()))
}

fn set(
    merged: &mut Table,
    defaults: &Table,
    topic: &str,
    field: &str,
    text: &str,
    origin: &str,
) -> Result<(), ConfigError> {
    let invalid = |message: String| ConfigError::Invalid {
        origin: origin.into(),
        message,
    };
    let known = defaults
        .get(topic)
        .and_then(Value::as_table)
        .ok_or_else(|| {
            invalid(format!(
                "there is no topic `{topic}`; see `dms config show`"
            ))
        })?;
    let default = known.get(field).ok_or_else(|| {
        let names: Vec<_> = known.keys().map(String::as_str).collect();
        invalid(format!(
            "`{topic}` has no field `{field}`; it has {}",
            names.join(", ")
        ))
    })?;
    let value = match default {
        Value::Integer(_) => text.trim().parse().map(Value::Integer).ok(),
        Value::Boolean(_) => text.trim().parse().map(Value::Boolean).ok(),
        Value::Float(_) => text.trim().parse().map(Value::Float).ok(),
        Value::Array(_) => Some(Value::Array(
            text.split(',')
                .map(str::trim)
                // An empty text is an empty list.
                .filter(|part| !part.is_empty())
                .map(|part| Value::String(part.into()))
                .collect(),
        )),
        _ => Some(Value::String(text.into())),
    };
    let value = value.ok_or_else(|| {
        invalid(format!(
            "{topic}.{field} takes {}, not `{text}`",
            default.type_str()
        ))
    })?;
    if let Some(Value::Table(table)) = merged.get_mut(topic) {
        table.insert(field.into(), value);
    }
    Ok(())
}

fn check(config: &Config) -> Result<(), ConfigError> {
    let wrong = |key, message: &str| {
        Err(ConfigError::Value {
            key,
            message: message.into(),
        })
    };
    if config.public.tls_certificate.as_os_str().is_empty()
        != config.public.tls_key.as_os_str().is_empty()
    {
        return wrong(
            "public.tls_key",
            "give both tls_certificate and tls_key, or neither",
        );
    }
    if !config.public_tls() && !config.public.listen.ip().is_loopback() {
        let https_in_front = config.public.origin.starts_with("https://");
        if !https_in_front {
            return wrong(
                "public.listen",
                "an address that others can reach needs tls_certificate and tls_key, or \
                 public.origin = \"https://...\" of a proxy that ends TLS in front",
            );
        }
    }
    if !config.public.origin.is_empty() && !is_origin(&config.public.origin) {
        return wrong("public.origin", "write scheme://host[:port] without a path");
    }
    let tenant = &config.keys.tenant;
    if tenant.is_empty() || tenant.len() > 64 || tenant.chars().any(char::is_control) {
        return wrong("keys.tenant", "a name of 1 to 64 bytes is needed");
    }
    if !matches!(config.log.format.as_str(), "pretty" | "json") {
        return wrong("log.format", "choose pretty or json");
    }
    if config.database.max_connections == 0 {
        return wrong("database.max_connections", "at least 1 is needed");
    }
    if config.device.heartbeat_s == 0 || config.device.certificate_hours == 0 {
        return wrong(
            "device",
            "heartbeat_s and certificate_hours must be at least 1",
        );
    }
    if let Err(message) = Policy::parse(&config.egress.allow) {
        return wrong("egress.allow", &message);
    }
    check_oidc(&config.oidc)?;
    check_media(&config.media)
}

/// What would otherwise fail at the first sign-in.
fn check_oidc(oidc: &Oidc) -> Result<(), ConfigError> {
    if oidc.issuer.is_empty() {
        return Ok(());
    }
    let wrong = |key, message: String| Err(ConfigError::Value { key, message });
    if !oidc.issuer.starts_with("https://") && !oidc.issuer.starts_with("http://") {
        let message = "write the provider's issuer, such as https://login.example.com";
        return wrong("oidc.issuer", message.into());
    }
    if oidc.issuer.contains(['?', '#']) {
        return wrong("oidc.issuer", "an issuer has no ? and no #".into());
    }
    if oidc.client_id.is_empty() {
        let message = "the name under which the provider knows this server is needed";
        return wrong("oidc.client_id", message.into());
    }
    if !oidc.scopes.split(' ').any(|scope| scope == "openid") {
        return wrong("oidc.scopes", "openid must be among them".into());
    }
    match Mapping::parse(&oidc.roles) {
        Err(message) => wrong("oidc.roles", message),
        Ok(_) => Ok(()),
    }
}

/// What would otherwise fail every job, or end every upload and licence at once.
fn check_media(media: &Media) -> Result<(), ConfigError> {
    let ranges = [
        (
            "media.segment_ms",
            (1_000..=10_000).contains(&media.segment_ms),
            "choose 1000 to 10000",
        ),
        (
            "media.job_memory_bytes",
            media.job_memory_bytes >= 256 << 20,
            "at least 268435456 (256 MiB) is needed",
        ),
        (
            "media.job_timeout_s",
            media.job_timeout_s > 0,
            "at least 1 is needed",
        ),
        (
            "media.upload_hours",
            media.upload_hours > 0,
            "at least 1 is needed",
        ),
        (
            "media.license_hours",
            media.license_hours > 0,
            "at least 1 is needed",
        ),
    ];
    match ranges.into_iter().find(|(_, holds, _)| !holds) {
        Some((key, _, message)) => Err(ConfigError::Value {
            key,
            message: message.into(),
        }),
        None => Ok(()),
    }
}

/// Whether the text is `http(s)://host[:port]` and nothing more.
fn is_origin(text: &str) -> bool {
    text.strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .is_some_and(|rest| {
            !rest.is_empty() && !rest.contains(|c: char| c == '/' || c == '?' || c.is_whitespace())
        })
}
