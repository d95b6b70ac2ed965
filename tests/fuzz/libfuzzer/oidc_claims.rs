//! The target `oidc_claims` under libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_targets::run("oidc_claims", bytes));
