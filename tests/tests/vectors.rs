//! Checks the signature vectors with an independent implementation in Python (standard library only).
#![allow(clippy::expect_used)]

use std::process::Command;

#[test]
fn python_reproduces_signature_vectors() {
    let script = stablelink_tests::root().join("spec/vectors/check.py");
    let output = Command::new("python3").arg(script).output();
    let output = output.expect("this test needs python3 on the PATH");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    assert!(!text.trim().is_empty(), "the script prints what it checked");
}
