//! Flags over file over defaults.

use super::*;
use clap::Parser;

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    settings: Settings,
}

fn flags(args: &[&str]) -> Settings {
    let args = std::iter::once("edge-peer").chain(args.iter().copied());
    Flags::try_parse_from(args).unwrap().settings
}

#[test]
fn a_flag_wins_over_the_file_and_its_absence_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("edge.toml");
    std::fs::write(
        &file,
        "state = '/s'\ncache_limit = '1GiB'\nlook_ahead = 12\nupload_slots = 3\nmetered = true\n",
    )
    .unwrap();
    let path = file.to_str().unwrap();

    let config = Config::load(flags(&["--config", path, "--cache-limit", "2GiB"])).unwrap();
    assert_eq!(config.cache_limit, 2 << 30);
    assert_eq!(config.upload_slots, 3);
    assert_eq!(config.look_ahead, Duration::from_secs(12));
    assert_eq!(config.metered, Some(true));
    assert_eq!(config.state, PathBuf::from("/s"));
    assert_eq!(config.local_listen.to_string(), "127.0.0.1:7747");
}

#[test]
fn bind_is_the_chunk_listeners_address_too() {
    let config = Config::from_settings(flags(&["--state", "/s", "--bind", "127.1.0.1"])).unwrap();
    assert_eq!(config.chunk_listen.to_string(), "127.1.0.1:7745");
    let explicit = flags(&[
        "--state",
        "/s",
        "--bind",
        "127.1.0.1",
        "--chunk-listen",
        "127.1.0.9:0",
    ]);
    let config = Config::from_settings(explicit).unwrap();
    assert_eq!(config.chunk_listen.to_string(), "127.1.0.9:0");
}

#[test]
fn mistakes_are_refused_with_their_place() {
    let open = flags(&["--state", "/s", "--local-listen", "0.0.0.0:7747"]);
    assert!(matches!(
        Config::from_settings(open),
        Err(ConfigError::NotLoopback(_))
    ));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("edge.toml");
    std::fs::write(&file, "cache_limits = 1").unwrap();
    let error = Settings::read(&file).unwrap_err().to_string();
    assert!(error.contains("cache_limits"), "{error}");
}

#[test]
fn the_companys_limits_come_from_the_file_or_a_flag() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("edge.toml");
    let text = "state = '/s'\nupload_limit = '5MB'\nlock = ['disk']\ncache_limit = '1GiB'\n";
    std::fs::write(&file, text).unwrap();
    let path = file.to_str().unwrap();
    let limits = Config::load(flags(&["--config", path])).unwrap().limits();
    let found = (limits.upload, limits.disk, limits.locked);
    assert_eq!(found, (Some(5_000_000), 1 << 30, vec![Capped::Disk]));
    let both = flags(&["--config", path, "--lock", "upload,disk"]);
    assert_eq!(
        Config::load(both).unwrap().lock,
        [Capped::Upload, Capped::Disk]
    );
    assert!(Flags::try_parse_from(["edge-peer", "--lock", "everything"]).is_err());
    std::fs::write(&file, "lock = ['everything']").unwrap();
    assert!(Settings::read(&file).is_err());
}
