//! `sign` and `verify` with the test vectors of `spec/vectors/`.

use crate::support::{CommandOutput, bare, run};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../../spec/vectors/signatures.json")).unwrap()
}

struct SignatureVector<'a> {
    all: &'a Value,
    one: &'a Value,
}

impl<'a> SignatureVector<'a> {
    fn text(&self, name: &str) -> &'a str {
        self.one[name].as_str().unwrap_or_default()
    }

    /// Whether the command supports the message: it does not sign responses.
    fn is_supported(&self) -> bool {
        matches!(self.text("kind"), "request" | "webhook")
    }

    /// Returns the signed bytes. A multipart body is not signed.
    fn body(&self) -> Vec<u8> {
        match self.one["body_base64"].as_str() {
            _ if self.one["body_signed"] == false => Vec::new(),
            Some(text) => STANDARD.decode(text).unwrap(),
            None => self.text("body").into(),
        }
    }

    fn run(&self, verb: &str, more: &[&str], home: &std::path::Path) -> CommandOutput {
        let keys = self.all["keys"].as_array().unwrap();
        let key = keys
            .iter()
            .find(|key| key["name"] == self.one["key"])
            .unwrap();
        let mut command = bare(home);
        command
            .env("STABLELINK_SIGN_KEY", key["value"].as_str().unwrap())
            .arg(verb);
        if self.text("kind") == "webhook" {
            command.arg("--webhook");
        } else {
            let query = self.text("query");
            let mark = if query.is_empty() { "" } else { "?" };
            command
                .arg(self.text("method"))
                .arg(format!("{}{mark}{query}", self.text("path")));
            command.args(["--query-form", self.text("query_form")]);
        }
        command.args(["-d", "@-"]).args(more);
        run(&mut command, &self.body())
    }
}

#[test]
fn every_vector_is_signed_and_verified() {
    let (all, home) = (vectors(), tempfile::tempdir().unwrap());
    let mut count = 0;
    for one in all["signatures"].as_array().unwrap() {
        let vector = SignatureVector { all: &all, one };
        if !vector.is_supported() {
            continue;
        }
        count += 1;
        let (id, time, right) = (
            vector.text("id"),
            vector.text("timestamp"),
            vector.text("signature"),
        );
        let signed = vector.run("sign", &["--timestamp", time, "-v"], home.path());
        assert_eq!(
            (signed.code, signed.stdout.trim()),
            (0, right),
            "{id}: {signed:?}"
        );
        let expected = format!("string to sign: {}", vector.text("string_to_sign"));
        assert!(signed.stderr.starts_with(&expected), "{id}: {signed:?}");
        let more = ["--timestamp", time, "--signature", right, "--any-age"];
        let verified = vector.run("verify", &more, home.path());
        assert_eq!(
            (verified.code, verified.stdout.trim()),
            (0, "matches"),
            "{id}: {verified:?}"
        );
    }
    assert!(count > 40, "{count}");
}

#[test]
fn forged_vector_is_rejected() {
    let (all, home) = (vectors(), tempfile::tempdir().unwrap());
    let signatures = all["signatures"].as_array().unwrap();
    let mut count = 0;
    for forged in all["rejections"].as_array().unwrap() {
        let one = signatures
            .iter()
            .find(|one| one["id"] == forged["of"])
            .unwrap();
        let vector = SignatureVector { all: &all, one };
        let of = |name: &str| forged[name].as_str().unwrap_or_else(|| vector.text(name));
        // The command requires both headers.
        if !vector.is_supported()
            || forged.get("signature").is_some_and(Value::is_null)
            || forged.get("timestamp").is_some_and(Value::is_null)
        {
            continue;
        }
        count += 1;
        let (signature, time) = (
            format!("--signature={}", of("signature")),
            format!("--timestamp={}", of("timestamp")),
        );
        let verified = vector.run("verify", &[&signature, &time, "--any-age"], home.path());
        assert_eq!(verified.code, 7, "{}: {verified:?}", forged["id"]);
        assert_eq!(verified.stdout, "", "{}", forged["id"]);
    }
    assert!(count > 10, "{count}");
}

#[test]
fn old_signature_is_rejected_without_any_age() {
    let (all, home) = (vectors(), tempfile::tempdir().unwrap());
    let vector = SignatureVector {
        all: &all,
        one: &all["signatures"][0],
    };
    let more = [
        "--timestamp",
        vector.text("timestamp"),
        "--signature",
        vector.text("signature"),
    ];
    let verified = vector.run("verify", &more, home.path());
    assert_eq!(verified.code, 7);
    assert!(
        verified.stderr.contains("the signature is valid but"),
        "{}",
        verified.stderr
    );
}
