//! Compares help and output with the golden files in `tests/cmd/`. `TRYCMD=overwrite` updates them; restore the placeholders
//! (`[..]`) for variable parts by hand afterwards.

use crate::support::{SECRETS, TestEnvironment};

/// Each file has its own sandbox, so that generated numbers are reproducible.
fn check(file: &str, variables: &[(&str, &str)]) {
    let env = TestEnvironment::new();
    let cases = trycmd::TestCases::new();
    cases.env("HOME", env.home.path().to_str().unwrap());
    cases.env("STABLELINK_ENV", env.sandbox.url());
    cases.env("NO_COLOR", "1");
    for (name, secret) in SECRETS.iter().zip(env.secrets()) {
        cases.env(*name, secret);
    }
    for (name, value) in variables {
        cases.env(*name, *value);
    }
    cases
        .insert_var("[URL]", env.sandbox.url().to_owned())
        .unwrap();
    cases
        .insert_var("[HOME]", env.home.path().to_str().unwrap().to_owned())
        .unwrap();
    cases.case(format!("tests/cmd/{file}.md"));
    cases.run();
}

#[test]
fn help_matches_golden_file() {
    check("help", &[]);
}

#[test]
fn calls_match_golden_file() {
    check("calls", &[]);
}

#[test]
fn settings_match_golden_file() {
    check("settings", &[]);
}

#[test]
fn signatures_match_golden_file() {
    // A key of the public documentation.
    check("signatures", &[(SECRETS[2], "aR2822Y6XbehWMclnB0Y2NJK")]);
}
