//! The vectors agree with a second implementation: Python's standard library.
#![allow(clippy::expect_used)]

use std::process::Command;

#[test]
fn python_computes_the_same_signatures() {
    let script = stablelink_tests::root().join("spec/vectors/check.py");
    let output = Command::new("python3").arg(script).output();
    let output = output.expect("this test needs python3 on the PATH");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    assert!(!text.trim().is_empty(), "it says what it checked");
}
