//! `dms admin device ...`.

use reqwest::Method;

use super::args::DeviceVerb;
use super::print_json;
use crate::cli::{Client, Failure};
use crate::device::routes::DeviceView;
use crate::page::Page;

pub(super) async fn run(client: &Client, verb: DeviceVerb, as_json: bool) -> Result<(), Failure> {
    match verb {
        DeviceVerb::List => {
            let mut cursor = String::new();
            loop {
                let path = format!("/api/v1/devices?limit=500{cursor}");
                let page: Page<DeviceView> = client.get(&path).await?;
                for device in &page.items {
                    if as_json {
                        print_json(device)?;
                    } else {
                        println!("{}  {:<8}  {}", device.id, device.state, device.name);
                    }
                }
                match page.next_cursor {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => return Ok(()),
                }
            }
        }
        DeviceVerb::Revoke { device } => {
            let request = client.request(Method::DELETE, &format!("/api/v1/devices/{device}"));
            client.send(request).await?;
            eprintln!("revoked {device}");
            Ok(())
        }
    }
}
