//! `dms admin device ...`.

use reqwest::Method;

use super::args::DeviceVerb;
use super::print_json;
use crate::cli::{Client, Failure};
use crate::device::routes::{DeviceView, ReportView};
use crate::page::Page;

pub(super) async fn run(client: &Client, verb: DeviceVerb, as_json: bool) -> Result<(), Failure> {
    match verb {
        DeviceVerb::List { banned } => {
            let mut cursor = String::new();
            loop {
                let path = format!("/api/v1/devices?banned={banned}&limit=500{cursor}");
                let page: Page<DeviceView> = client.get(&path).await?;
                for device in &page.items {
                    if as_json {
                        print_json(device)?;
                    } else {
                        println!("{}", line(device));
                    }
                }
                match page.next_cursor {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => return Ok(()),
                }
            }
        }
        DeviceVerb::Reports { device } => {
            let path = format!("/api/v1/devices/{device}/reports");
            let reports: Page<ReportView> = client.get(&path).await?;
            if as_json {
                return print_json(&reports);
            }
            for report in &reports.items {
                let name = report.reporter_name.as_deref().unwrap_or("gone");
                println!(
                    "{}  {} ({name})  chunk {}  came {}",
                    report.at_ms, report.reporter, report.chunk, report.got
                );
            }
            Ok(())
        }
        DeviceVerb::Pardon { device } => {
            let path = format!("/api/v1/devices/{device}/pardon");
            client.send(client.request(Method::POST, &path)).await?;
            eprintln!("pardoned {device}");
            Ok(())
        }
        DeviceVerb::Revoke { device } => {
            let request = client.request(Method::DELETE, &format!("/api/v1/devices/{device}"));
            client.send(request).await?;
            eprintln!("revoked {device}");
            Ok(())
        }
    }
}

fn line(device: &DeviceView) -> String {
    let key = device.key_level.as_deref().unwrap_or("-");
    let mut line = format!(
        "{}  {:<8}  key {key:<8}  {}",
        device.id, device.state, device.name
    );
    if let Some(reported) = &device.reported {
        let (chunks, reporters) = (reported.reports, reported.reporters);
        line.push_str(&format!(
            "  wrong bytes: {chunks} chunks, told by {reporters}"
        ));
    }
    line
}
