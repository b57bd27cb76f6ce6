//! Hostile texts of a document neither run nor break the generated crate.
//!
//! The client of that document is put into a copy of `crates/stablelink-api` whose doctests are on.
//! The copy is built, documented and doctested with all features, by the versions of the workspace's
//! lock file and in its target directory. Cargo downloads the dependencies of these features if they are missing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod client_support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use client_support::{published, superset};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};
use serde_json::{Value, json};
use xtask::client::generate;

/// Set to a path in the environment of the doctests.
const HOSTILE: &str = "STABLELINK_HOSTILE_MARKER";
/// Set to a path in the environment of the control doctest `client/behaviour.rs`, which shows that
/// doctests do run, and tests the generated code.
const CONTROL: &str = "STABLELINK_CONTROL_MARKER";

/// Returns Rust code that writes the marker file and exits the process.
fn payload() -> String {
    format!(
        "if let Ok(path) = std::env::var(\"{HOSTILE}\") {{ let _ = std::fs::write(path, \"ran\"); }}\nstd::process::exit(3);"
    )
}

/// Returns texts that try to break out of a doc comment.
fn attacks() -> Vec<String> {
    let run = payload();
    let indented = run.replace('\n', "\n    ");
    vec![
        format!("Fenced.\n\n```rust\n{run}\n```\n"),
        format!("Fenced without a language.\n```\n{run}\n```"),
        format!("Never closed.\n\n~~~rust,should_panic\n{run}"),
        format!("Indented.\n\n    {indented}\n\nand by tabs:\n\n\t{}", run.replace('\n', "\n\t")),
        format!("- item\n\n      {}", run.replace('\n', "\n      ")),
        format!("- ```rust\n  {}\n  ```", run.replace('\n', "\n  ")),
        format!("1.      {run}"),
        format!("> ```\n> {}\n> ```", run.replace('\n', "\n> ")),
        format!(">     {}", run.replace('\n', "\n>     ")),
        format!("```text\nlooks closed\n```\n```rust\n{run}\n```"),
        format!("````text\n```rust\n{run}\n```"),
        format!("``` not a fence ```\n\n```rust\n{run}\n``` \n"),
        format!("*/ }} {run} /* \n/*! {run}"),
        format!("\"] {run} #[doc = \"\"# {run} r#\""),
        format!("#![doc = \"x\"]\n#![allow(warnings)]\n{run}"),
        "{} {0} {name} {{ }} %s $x ${y}".to_owned(),
        "[`Vec`] [Nothing] [nothing::at_all()] [x](y) [z][w] ![i](j) [^1]\n\n[Nothing]: std::process::exit".to_owned(),
        "<script>alert(1)</script> <b> </i> <!-- <Vec<u8>> <https://a b> &lt;script&gt;".to_owned(),
        "https://example.com/a_b http://example.com. (https://example.com/x)".to_owned(),
        "right to left \u{202e}txet\u{2066} nul \0 bell \u{7} escape \u{1b}[31m line\u{2028}end cr\rlf\r\n bom\u{feff}".to_owned(),
        "back\\slash \\` \\[ \\< at the end \\".to_owned(),
        "`open\n``open\n```open".to_owned(),
        "| a | b |\n|---|---|\n| `|` | [x] |\n\n---\n===\n# Title\n* * *".to_owned(),
        format!("a very long line {}", "long `x` <y> ".repeat(3000)),
        format!("{} deep", ">".repeat(2000)),
        format!("{} nested", "- ".repeat(2000)),
        "/ slash first\n/// three\n//! bang".to_owned(),
    ]
}

/// Replaces each text of the document by the next hostile one.
fn plant(value: &mut Value, names: bool, next: &mut impl FnMut() -> String) {
    match value {
        Value::Object(members) => {
            let object = [
                "type",
                "$ref",
                "oneOf",
                "responses",
                "in",
                "content",
                "version",
            ]
            .iter()
            .any(|key| members.contains_key(*key));
            if !names && object && !members.contains_key("$ref") {
                members.insert("description".to_owned(), json!(next()));
                if members.contains_key("responses") {
                    members.insert("summary".to_owned(), json!(next()));
                } else {
                    members.insert("title".to_owned(), json!(next()));
                }
                members.insert("example".to_owned(), json!(next()));
            }
            for (key, value) in members {
                let names = matches!(
                    key.as_str(),
                    "properties" | "schemas" | "paths" | "responses"
                );
                plant(value, names, next);
            }
        }
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| plant(value, false, next)),
        _ => {}
    }
}

fn hostile(mut document: Value) -> Value {
    // These names become attributes of fields.
    document["components"]["schemas"]["Hostile"] = json!({
        "type": "object",
        "properties": {
            "*/ fn": {"type": "string"},
            "\"# r": {"type": "string"},
            "a`b": {"type": "string"},
            "x\u{202e}y": {"type": "string"},
            "{}": {"type": "string"},
            "type": {"type": "string", "enum": ["*/ a", "\"# b", "{} c", "#![d]"]},
        }
    });
    document["components"]["schemas"]["HostileStatus"] = json!({
        "type": "string",
        "x-extensible-enum": ["`a`", "*/ b", "\"#]c", "<d>", "[e]", "\u{202e}f", "```g"],
    });
    document["components"]["schemas"]["Hostile"]["properties"]["status"] =
        json!({"$ref": "#/components/schemas/HostileStatus"});
    let attacks = attacks();
    let mut turn = 0;
    plant(&mut document, false, &mut || {
        turn += 1;
        attacks[turn % attacks.len()].clone()
    });
    // One text with all attacks.
    document["components"]["schemas"]["Hostile"]["description"] = json!(attacks.join("\n\n"));
    document
}

#[test]
fn hostile_text_neither_runs_nor_breaks_the_build() {
    let public = hostile(published());
    // The superset has the same texts in the same places, and additional operations.
    let mut all = hostile(superset());
    for (path, item) in public["paths"].as_object().unwrap() {
        all["paths"][path] = item.clone();
    }
    for (name, schema) in public["components"]["schemas"].as_object().unwrap() {
        all["components"]["schemas"][name] = schema.clone();
    }
    let sources = generate(&all, &public).unwrap();
    let blocks = code_blocks(&sources.generated);
    assert!(blocks.len() > 10, "{blocks:?}");
    assert!(blocks.iter().all(|kind| kind == "text"), "{blocks:?}");

    let folder = tempfile::tempdir().unwrap();
    let package = copy_of_the_crate(folder.path());
    fs::write(package.join("src/generated.rs"), &sources.generated).unwrap();
    fs::write(package.join("src/open_enums.rs"), &sources.open_enums).unwrap();
    let library = package.join("src/lib.rs");
    let behaviour: String = include_str!("client/behaviour.rs")
        .lines()
        .map(|line| format!("/// {line}\n"))
        .collect();
    let control = format!("\n/// ```\n{behaviour}/// ```\npub fn control() {{}}\n");
    fs::write(&library, fs::read_to_string(&library).unwrap() + &control).unwrap();

    let (marker, control) = (folder.path().join("hostile"), folder.path().join("control"));
    let cargo = |arguments: &[&str]| {
        let output = Command::new(std::env::var_os("CARGO").unwrap())
            .args(arguments)
            .args(["--all-features", "--quiet", "-p", "hostile-client"])
            .current_dir(folder.path())
            .env("CARGO_TARGET_DIR", target_directory())
            .env("RUSTDOCFLAGS", "-D warnings")
            .env(HOSTILE, &marker)
            .env(CONTROL, &control)
            .output()
            .unwrap();
        let log = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
        assert!(!marker.exists(), "text of a page ran: {log}");
        assert!(output.status.success(), "cargo {arguments:?}: {log}");
    };
    cargo(&["test", "--doc"]);
    assert!(
        control.exists(),
        "doctests did not run: this test proves nothing"
    );
    cargo(&["doc", "--no-deps"]);
}

/// Returns the info string of each code block in the doc comments of a source.
fn code_blocks(source: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut doc = String::new();
    for line in source.lines().chain([""]) {
        if let Some(text) = line.trim_start().strip_prefix("///") {
            doc.push_str(text.strip_prefix(' ').unwrap_or(text));
            doc.push('\n');
            continue;
        }
        blocks.extend(Parser::new(&doc).filter_map(|event| match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => Some(info.to_string()),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => Some("indented".to_owned()),
            _ => None,
        }));
        doc.clear();
    }
    blocks
}

/// A workspace of one package, a copy of the checked-in crate with doctests on.
fn copy_of_the_crate(folder: &Path) -> PathBuf {
    let root = xtask::workspace::root().unwrap();
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let alone = manifest.replace(r#"["crates/*", "xtask", "tests"]"#, r#"["crate"]"#);
    assert_ne!(manifest, alone, "the list of members has another form");
    fs::write(folder.join("Cargo.toml"), alone).unwrap();
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();

    let package = folder.join("crate");
    // The documentation of the crate shows an example.
    for part in ["src", "examples"] {
        copy(
            &root.join("crates/stablelink-api").join(part),
            &package.join(part),
        );
    }
    let manifest = fs::read_to_string(root.join("crates/stablelink-api/Cargo.toml")).unwrap();
    let doctested = manifest.replace("doctest = false", "doctest = true");
    assert_ne!(
        manifest, doctested,
        "the published crate must not run doctests"
    );
    // A separate name keeps the real crate's documentation in the target directory.
    let named = doctested.replace("\"stablelink-api\"", "\"hostile-client\"");
    fs::write(package.join("Cargo.toml"), named).unwrap();
    package
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            let text = fs::read_to_string(entry.path()).unwrap();
            fs::write(to, text.replace("stablelink_api", "hostile_client")).unwrap();
        }
    }
}

/// Returns the target directory of the workspace. Test binaries are in `<target>/<profile>/deps`.
fn target_directory() -> PathBuf {
    std::env::current_exe()
        .unwrap()
        .ancestors()
        .nth(3)
        .unwrap()
        .to_owned()
}
