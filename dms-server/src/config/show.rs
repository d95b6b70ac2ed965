//! The configuration as a commented TOML file.

use std::fmt::Write;

use toml::{Table, Value};

use super::{
    Config, Database, Device, Egress, Keys, Log, Media, Metrics, Oidc, People, Public, Storage,
    topic::FieldDoc,
};

const TOPICS: [(&str, &[&str], &[FieldDoc]); 11] = [
    ("public", Public::ABOUT, Public::FIELDS),
    ("device", Device::ABOUT, Device::FIELDS),
    ("database", Database::ABOUT, Database::FIELDS),
    ("storage", Storage::ABOUT, Storage::FIELDS),
    ("keys", Keys::ABOUT, Keys::FIELDS),
    ("people", People::ABOUT, People::FIELDS),
    ("oidc", Oidc::ABOUT, Oidc::FIELDS),
    ("media", Media::ABOUT, Media::FIELDS),
    ("egress", Egress::ABOUT, Egress::FIELDS),
    ("metrics", Metrics::ABOUT, Metrics::FIELDS),
    ("log", Log::ABOUT, Log::FIELDS),
];

pub(super) fn render(config: &Config) -> String {
    let table = Table::try_from(config).unwrap_or_default();
    let mut out = String::from("# Folder of everything that has no place of its own.\n");
    line(&mut out, "data", table.get("data"));
    for (topic, about, fields) in TOPICS {
        out.push('\n');
        comment(&mut out, about);
        let _ = writeln!(out, "[{topic}]");
        let values = table.get(topic).and_then(Value::as_table);
        for (field, doc) in fields {
            comment(&mut out, doc);
            line(&mut out, field, values.and_then(|v| v.get(*field)));
        }
    }
    out
}

fn comment(out: &mut String, lines: &[&str]) {
    for text in lines {
        let _ = writeln!(out, "#{text}");
    }
}

fn line(out: &mut String, key: &str, value: Option<&Value>) {
    match value {
        Some(Value::String(text)) => {
            let _ = writeln!(out, "{key} = {}", Value::String(without_password(text)));
        }
        Some(value) => {
            let _ = writeln!(out, "{key} = {value}");
        }
        None => {}
    }
}

/// `scheme://user:password@host` with the password blanked.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.into();
    };
    let Some((credentials, host)) = rest.split_once('@') else {
        return text.into();
    };
    match credentials.split_once(':') {
        Some((user, _)) => format!("{scheme}://{user}:***@{host}"),
        None => text.into(),
    }
}
