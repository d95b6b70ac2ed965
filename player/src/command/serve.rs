//! `dms-player serve`.

use std::{io::Write, net::SocketAddr};

use axum::http::HeaderValue;
use clap::Args;

use crate::{
    breaks::Breaks, config::SourceArgs, engine::session::Session, error::PlayError,
    gateway::Gateway,
};

/// Flags of `serve`.
#[derive(Args, Debug)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    source: SourceArgs,

    /// The loopback address to listen on
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// A page of this origin may play it, such as https://player.example; may be given again
    #[arg(long, value_name = "ORIGIN", value_parser = origin)]
    allow_origin: Vec<HeaderValue>,
}

/// An origin as browsers write it.
fn origin(text: &str) -> Result<HeaderValue, String> {
    let url = reqwest::Url::parse(text).map_err(|error| error.to_string())?;
    let is_web = matches!(url.scheme(), "http" | "https");
    if !is_web || url.origin().ascii_serialization() != text {
        return Err("it is not an origin such as https://player.example".into());
    }
    HeaderValue::from_str(text).map_err(|error| error.to_string())
}

pub(super) fn run(args: ServeArgs) -> Result<(), PlayError> {
    let config = args.source.resolve()?;
    let runtime = super::runtime()?;
    let served = runtime.block_on(async {
        let session = Session::open(&config).await?;
        let gateway = Gateway::bind(
            &session,
            Breaks::new(&config, &session),
            args.listen,
            args.allow_origin,
        )
        .await?;
        writeln!(std::io::stdout(), "{}", gateway.url()).map_err(|error| failed(&error))?;
        eprintln!("Open this address in VLC, mpv or ffplay. Ctrl-C ends it.");
        gateway.run(stopped()).await.map_err(|error| failed(&error))
    });
    runtime.shutdown_background();
    served
}

fn failed(error: &std::io::Error) -> PlayError {
    PlayError::Usage(format!("The gateway failed: {error}."))
}

async fn stopped() {
    // Without a signal handler there is nothing to wait for: serve until the process is ended.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
