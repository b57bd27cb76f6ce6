//! Help and main outputs, as they are written down in `tests/cmd/`. `TRYCMD=overwrite` writes them anew; what is another each
//! time (`[..]`) must then be put back by hand.

use crate::support::{SECRETS, Stage};

/// Each file has a gateway of its own, for its numbers to be the same each time.
fn check(file: &str, variables: &[(&str, &str)]) {
    let stage = Stage::new();
    let cases = trycmd::TestCases::new();
    cases.env("HOME", stage.home.path().to_str().unwrap());
    cases.env("STABLELINK_ENV", stage.sandbox.url());
    cases.env("NO_COLOR", "1");
    for (name, secret) in SECRETS.iter().zip(stage.secrets()) {
        cases.env(*name, secret);
    }
    for (name, value) in variables {
        cases.env(*name, *value);
    }
    cases
        .insert_var("[URL]", stage.sandbox.url().to_owned())
        .unwrap();
    cases
        .insert_var("[HOME]", stage.home.path().to_str().unwrap().to_owned())
        .unwrap();
    cases.case(format!("tests/cmd/{file}.md"));
    cases.run();
}

#[test]
fn help_is_as_written_down() {
    check("help", &[]);
}

#[test]
fn calls_are_as_written_down() {
    check("calls", &[]);
}

#[test]
fn settings_are_as_written_down() {
    check("settings", &[]);
}

#[test]
fn signatures_are_as_written_down() {
    // Printed in public documentation, with the signature.
    check("signatures", &[(SECRETS[2], "aR2822Y6XbehWMclnB0Y2NJK")]);
}
