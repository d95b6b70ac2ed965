//! The dashboards and rules that are shipped name only metrics that there are.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{https_server, promtool, scrape, touch_all};

/// Words of PromQL that may stand where a metric could.
const WORDS: [&str; 20] = [
    "and",
    "by",
    "delta",
    "group_left",
    "histogram_quantile",
    "ignoring",
    "increase",
    "label_values",
    "max",
    "min",
    "offset",
    "on",
    "or",
    "rate",
    "sum",
    "time",
    "topk",
    "unless",
    "vector",
    "without",
];

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(repository(path)).expect("the file is there")
}

/// The values of a key in a file of ours, where each stands on one line.
fn values<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    text.lines()
        .map(|line| line.trim_start().trim_start_matches("- "))
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
        .collect()
}

/// The names in a PromQL expression that must be metrics: every word outside of strings, braces,
/// brackets and label lists.
fn metrics_of(expression: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut rest = expression.to_owned();
    for (open, close) in [('{', '}'), ('[', ']'), ('"', '"')] {
        while let Some((before, after)) = rest.split_once(open) {
            let (_, after) = after.split_once(close).expect("it is closed");
            rest = format!("{before} {after}");
        }
    }
    for list in ["by (", "on (", "without (", "ignoring (", "group_left ("] {
        while let Some((before, after)) = rest.split_once(list) {
            let (_, after) = after.split_once(')').expect("it is closed");
            rest = format!("{before} {after}");
        }
    }
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    for token in rest.split(|c| !word(c)) {
        let named = token.starts_with(|c: char| c.is_ascii_alphabetic());
        if named && !WORDS.contains(&token) {
            names.insert(token.to_owned());
        }
    }
    names
}

/// `label_values(metric, label)` asks for a metric and a label.
fn of_variable(query: &str) -> BTreeSet<String> {
    let (metric, _) = query.split_once(',').expect("a metric and a label");
    metrics_of(metric)
}

/// Every string under this key, however deep.
fn strings(json: &serde_json::Value, key: &str, found: &mut Vec<String>) {
    match json {
        serde_json::Value::Object(map) => {
            for (name, value) in map {
                match value.as_str() {
                    Some(text) if name == key => found.push(text.to_owned()),
                    _ => strings(value, key, found),
                }
            }
        }
        serde_json::Value::Array(items) => {
            items.iter().for_each(|item| strings(item, key, found));
        }
        _ => {}
    }
}

fn dashboard() -> serde_json::Value {
    serde_json::from_str(&read("dashboards/grafana/dms-overview.json")).expect("JSON")
}

fn panel_expressions() -> Vec<String> {
    let mut found = Vec::new();
    strings(&dashboard(), "expr", &mut found);
    found
}

/// Every name a server tells, with those that Prometheus adds to a scrape.
async fn told() -> BTreeSet<String> {
    let server = https_server().await;
    touch_all(server.app());
    server.get("/livez", None).await;
    let text = scrape(&server).await;
    let name = |line: &str| line.split(['{', ' ']).next().unwrap_or_default().to_owned();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(name).chain(["up".to_owned()]).collect()
}

/// Whether the agents tell this name. No crate of theirs is linked here: their source is read.
fn of_agent(name: &str) -> bool {
    let Some(name) = name.strip_prefix("edge_") else {
        return false;
    };
    let source = read("edge-peer/src/metrics.rs");
    assert!(source.contains(r#"format!("edge_{name}")"#));
    let made = |name: &str| source.contains(&format!("\"{name}\""));
    let parts = ["_bucket", "_sum", "_count"];
    made(name)
        || parts
            .iter()
            .any(|part| name.strip_suffix(part).is_some_and(made))
}

#[tokio::test]
async fn rules_and_panels_name_metrics_that_there_are() {
    let told = told().await;
    let rules = read("dashboards/prometheus/rules.yml");
    let recorded: BTreeSet<String> = values(&rules, "record")
        .into_iter()
        .map(str::to_owned)
        .collect();
    let mut expressions: Vec<String> = values(&rules, "expr")
        .into_iter()
        .map(str::to_owned)
        .collect();
    assert_eq!(expressions.len(), rules.matches("expr:").count());
    expressions.extend(panel_expressions());
    assert!(expressions.len() > 30);
    for expression in &expressions {
        let named = metrics_of(expression);
        assert!(!named.is_empty(), "{expression} names no metric");
        for name in named {
            let known = told.contains(&name) || recorded.contains(&name) || of_agent(&name);
            assert!(known, "{name} in {expression} is told by nobody");
        }
    }
    let mut variables = Vec::new();
    strings(&dashboard()["templating"], "query", &mut variables);
    assert!(!variables.is_empty());
    for name in variables.iter().flat_map(|query| of_variable(query)) {
        assert!(told.contains(&name), "{name} of a variable");
    }
}

#[test]
fn the_scan_sees_names_and_only_names() {
    let of = |expression: &str| metrics_of(expression).into_iter().collect::<Vec<_>>();
    assert_eq!(
        of(r#"sum by (site, le) (rate(dms_a_total{source="x"}[5m])) / on (site) b:c:d > 0.5"#),
        ["b:c:d", "dms_a_total"]
    );
    assert_eq!(
        of("topk(10, dms_peers offset 10m) or vector(0)"),
        ["dms_peers"]
    );
    assert!(of("1 > 0.5").is_empty());
}

#[test]
fn promtool_accepts_what_is_shipped() {
    for (args, file) in [
        (["check", "config"], "dashboards/prometheus/prometheus.yml"),
        (["check", "rules"], "dashboards/prometheus/rules.yml"),
        (["test", "rules"], "dashboards/prometheus/rules.test.yml"),
    ] {
        let path = repository(file);
        let path = path.to_str().expect("a printable path");
        let (passed, words) = promtool(&[args[0], args[1], path], "");
        assert!(passed, "{file}: {words}");
    }
}

#[test]
fn promtool_understands_every_panel() {
    let mut rules = String::from("groups:\n- name: panels\n  rules:\n");
    for (n, expression) in panel_expressions().iter().enumerate() {
        let plain = expression
            .replace("$__rate_interval", "1m")
            .replace("$__range", "1h")
            .replace("$site", ".*");
        let quoted = serde_json::to_string(&plain).expect("a string");
        rules.push_str(&format!("  - record: panel_{n}\n    expr: {quoted}\n"));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("panels.yml");
    fs::write(&file, rules).expect("the file is written");
    let path = file.to_str().expect("a printable path");
    let (passed, words) = promtool(&["check", "rules", path], "");
    assert!(passed, "{words}");
}

#[test]
fn every_alert_is_tested_and_has_a_runbook() {
    let rules = read("dashboards/prometheus/rules.yml");
    let tests = read("dashboards/prometheus/rules.test.yml");
    let guide = read("docs/OPERATIONS.md");
    let alerts = values(&rules, "alert");
    let runbooks = values(&rules, "runbook");
    assert!(!alerts.is_empty() && alerts.len() == runbooks.len());
    for (alert, runbook) in alerts.iter().zip(runbooks) {
        let anchor = format!("alert-{}", alert.to_lowercase());
        assert_eq!(runbook, format!("docs/OPERATIONS.md#{anchor}"));
        let heading = format!("\n### Alert {alert}\n");
        assert!(guide.contains(&heading), "no runbook for {alert}");
        let fires = format!("alertname: {alert}\n        exp_alerts:\n");
        assert!(tests.contains(&fires), "{alert} is not tested");
    }
}

#[test]
fn the_dashboard_is_where_links_lead() {
    let dashboard = dashboard();
    assert_eq!(dashboard["uid"], "dms-overview");
    let source = read("dashboards/grafana/provisioning/datasources/dms.yml");
    let uids: BTreeSet<&str> = values(&source, "uid").into_iter().collect();
    let panels = dashboard["panels"].as_array().expect("panels");
    let asking = panels.iter().filter(|panel| panel["type"] != "row");
    for panel in asking {
        let uid = panel["datasource"]["uid"].as_str().expect("a data source");
        assert!(uids.contains(uid), "{panel}");
        let title = panel["title"].as_str().unwrap_or_default();
        assert!(!title.is_empty());
    }
}
