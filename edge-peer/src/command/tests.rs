//! The command line as people type it.

use super::*;
use clap::CommandFactory;

#[test]
fn the_command_line_is_consistent() {
    Program::command().debug_assert();
}

#[test]
fn settings_may_stand_before_and_after_the_command() {
    for line in [
        "edge-peer --state /s run --bind 127.1.0.1",
        "edge-peer run --state /s --bind 127.1.0.1 --weight 100",
        "edge-peer enroll --dms http://127.0.0.1:1 --token-file t --state /s --bind 127.1.0.1",
        "edge-peer pause --for 1h --state /s --bind 127.1.0.1",
        "edge-peer pause --until tomorrow --state /s --bind 127.1.0.1",
        "edge-peer caps --upload 5MB --disk none --state /s --bind 127.1.0.1",
        "edge-peer open --print --state /s --bind 127.1.0.1",
        "edge-peer bundle --to f.zip --state /s --bind 127.1.0.1",
    ] {
        let program = Program::try_parse_from(line.split(' ')).unwrap();
        assert_eq!(
            program.settings.state.as_deref(),
            Some("/s".as_ref()),
            "{line}"
        );
        assert!(program.settings.bind.is_some(), "{line}");
    }
    for wrong in [
        "edge-peer",
        "edge-peer run --weight 101",
        "edge-peer pause --for soon",
        "edge-peer pause --until yesterday",
        "edge-peer pause --until tomorrow --for 1h",
        "edge-peer caps --upload fast",
        "edge-peer enroll --dms x --token a --token-file b",
    ] {
        assert!(
            Program::try_parse_from(wrong.split(' ')).is_err(),
            "{wrong}"
        );
    }
}
