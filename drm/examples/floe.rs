//! Opens a FLOE message that anybody sealed. Run without arguments to learn how.
#![allow(clippy::disallowed_methods, reason = "a program, not the library")]

use std::{env, error::Error, fs, io::Write, process::ExitCode};

use drm::floe::{self, Key, Params};

const USAGE: &str = "\
Opens a FLOE message (AES-256-GCM, HKDF-Expand-SHA-384, 32-byte IV) and writes its plaintext, as it is.

  cargo run -q -p drm --example floe -- open KEY AAD FILE

KEY   64 hexadecimal digits
AAD   the associated data, as text; hex:... for bytes; '' for none
FILE  the message in hexadecimal digits; the segment length is read from its header

For example, a published known-answer file:
  cargo run -q -p drm --example floe -- open $(printf '0%.0s' $(seq 64)) 'This is AAD' \\
      drm/vectors/floe/go_GCM256_IV256_64_ct.txt | xxd -p

The published *_rotation files change keys every 2^2 segments, which no real message does:
  cargo run -q -p drm --features floe-vectors --example floe -- open --rotation-mask 2 KEY AAD FILE";

fn open(mask: Option<&str>, key: &str, aad: &str, file: &str) -> Result<(), Box<dyn Error>> {
    let key = hex::decode(key).map_err(|error| format!("KEY: {error}"))?;
    let key = key
        .try_into()
        .map_err(|_| "KEY: 64 hexadecimal digits were expected")?;
    let aad = match aad.strip_prefix("hex:") {
        Some(digits) => hex::decode(digits).map_err(|error| format!("AAD: {error}"))?,
        None => aad.as_bytes().to_vec(),
    };
    let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let message = hex::decode(text.trim()).map_err(|error| format!("{file}: {error}"))?;
    let params = with_mask(Params::from_header(&message)?, mask)?;
    let plaintext = floe::open(params, &Key::from_bytes(key), &aad, &message)?;
    Ok(std::io::stdout().write_all(&plaintext)?)
}

#[cfg(feature = "floe-vectors")]
fn with_mask(params: Params, mask: Option<&str>) -> Result<Params, Box<dyn Error>> {
    Ok(match mask {
        Some(mask) => params.with_rotation_mask(mask.parse()?),
        None => params,
    })
}

#[cfg(not(feature = "floe-vectors"))]
fn with_mask(params: Params, mask: Option<&str>) -> Result<Params, Box<dyn Error>> {
    match mask {
        Some(_) => Err("--rotation-mask needs --features floe-vectors".into()),
        None => Ok(params),
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let opened = match args.as_slice() {
        ["open", "--rotation-mask", mask, key, aad, file] => open(Some(mask), key, aad, file),
        ["open", key, aad, file] => open(None, key, aad, file),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    opened.map_or_else(
        |error| {
            eprintln!("not opened: {error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}
