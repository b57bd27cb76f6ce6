//! What only the source shows. No async, no I/O, no clock, nothing that rules out WebAssembly:
//! neither here nor in what this crate depends on. And signatures are compared in constant time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

/// All of them compile for `wasm32-unknown-unknown` and do no I/O. One more must be shown to.
const DEPENDENCIES: [&str; 5] = ["base64", "hmac", "secrecy", "sha2", "thiserror"];

/// What code that only computes has no need of. Single words, for a path may be imported in parts.
const BANNED: [&str; 19] = [
    "async", "await", "elapsed", "env", "extern", "File", "fs", "Instant", "io", "libc", "net",
    "os", "process", "static", "stdin", "stdout", "thread", "tokio", "unsafe",
];

/// What is compiled of a source: comments and tests left out.
fn code(source: &str) -> impl Iterator<Item = &str> {
    let code = source.split("#[cfg(test)]\nmod tests").next().unwrap();
    code.lines().map(|line| line.split("//").next().unwrap())
}

/// The banned words of a source.
fn banned(source: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in code(source) {
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

/// Name and text of every source.
fn all_sources() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&folder, &mut files);
    files.sort();
    assert!(files.len() > 8, "{files:?}");
    files
        .into_iter()
        .map(|file| {
            let name = file.strip_prefix(&folder).unwrap().display().to_string();
            (name, std::fs::read_to_string(file).unwrap())
        })
        .collect()
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
    for (name, source) in all_sources() {
        let found = banned(&source);
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}

/// No test tells by the clock whether a comparison stops at the first byte that differs. But a MAC
/// can be asked in one place only, in constant time, and its bytes come out in one place only, to
/// be sent.
#[test]
fn signatures_are_compared_in_one_place_and_in_constant_time() {
    let sources = all_sources();
    let places = |what: &str| -> Vec<(&str, usize)> {
        let count = |source| code(source).map(|line| line.matches(what).count()).sum();
        sources
            .iter()
            .map(|(name, source)| (name.as_str(), count(source)))
            .filter(|(_, count)| *count > 0)
            .collect()
    };
    assert_eq!(places("verify"), [("signature.rs", 1), ("verifier.rs", 1)]);
    assert_eq!(places("mac.verify_slice(&self.0)"), [("signature.rs", 1)]);
    assert_eq!(places("fn verify"), [("verifier.rs", 1)]);
    for out in ["finalize", "into_bytes"] {
        assert_eq!(places(out), [("signing_key.rs", 1)], "{out}");
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
