//! No async, no I/O, no clock, nothing that rules out WebAssembly: neither here nor in what this
//! crate depends on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

/// All of them compile for `wasm32-unknown-unknown` and do no I/O. One more must be shown to.
const DEPENDENCIES: [&str; 5] = ["base64", "hmac", "secrecy", "sha2", "thiserror"];

/// What code that only computes has no need of. Single words, for a path may be imported in parts.
const BANNED: [&str; 19] = [
    "async", "await", "elapsed", "env", "extern", "File", "fs", "Instant", "io", "libc", "net",
    "os", "process", "static", "stdin", "stdout", "thread", "tokio", "unsafe",
];

/// The banned words of a source, comments and tests left out.
fn banned(source: &str) -> Vec<&str> {
    let code = source.split("#[cfg(test)]\nmod tests").next().unwrap();
    let mut found = Vec::new();
    for line in code.lines() {
        let line = line.split("//").next().unwrap();
        // `now` alone is the caller's time.
        found.extend(line.contains("::now").then_some("::now"));
        // The lifetime is no state.
        for part in line.split("'static") {
            let words = part.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            found.extend(words.filter(|word| BANNED.contains(word)));
        }
    }
    found
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn the_code_only_computes() {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    assert!(files.len() > 8, "{files:?}");
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        let found = banned(&source);
        assert!(found.is_empty(), "{}: {found:?}", file.display());
    }
}

#[test]
fn it_would_be_noticed() {
    let cases: [(&str, &[&str]); 8] = [
        ("use std::time::{Duration, Instant};", &["Instant"]),
        ("use std::{fs, net};", &["fs", "net"]),
        ("let now = SystemTime::now();", &["::now"]),
        ("fn age(now: u64) {}", &[]),
        ("pub async fn sign() {}", &["async"]),
        ("/// async\nfn f() {} // fs", &[]),
        ("fn f(name: &'static str) {}", &[]),
        ("fn f() {}\n#[cfg(test)]\nmod tests { use std::fs; }", &[]),
    ];
    for (source, expected) in cases {
        assert_eq!(banned(source), expected, "{source}");
    }
}

#[test]
fn the_dependencies_are_few_and_known() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    let names: Vec<_> = manifest
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(names, DEPENDENCIES);
    // By no other door.
    for table in [
        "[target.",
        "[build-dependencies",
        "[dependencies.",
        "[features",
    ] {
        assert!(!manifest.contains(table), "{table}");
    }
}
