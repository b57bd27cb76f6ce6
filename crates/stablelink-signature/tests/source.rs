//! Checks of the source text: no async, no I/O, no clock and nothing that prevents WebAssembly, in
//! this crate and its dependencies; and signatures are compared in constant time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

/// Each of them compiles for `wasm32-unknown-unknown` and does no I/O. Check this before adding one.
const DEPENDENCIES: [&str; 5] = ["base64", "hmac", "secrecy", "sha2", "thiserror"];

/// Words that pure computation does not need. Single words, because a path may be imported in parts.
const BANNED: [&str; 19] = [
    "async", "await", "elapsed", "env", "extern", "File", "fs", "Instant", "io", "libc", "net",
    "os", "process", "static", "stdin", "stdout", "thread", "tokio", "unsafe",
];

/// The lines of a source without comments and tests.
fn code(source: &str) -> impl Iterator<Item = &str> {
    let code = source.split("#[cfg(test)]\nmod tests").next().unwrap();
    code.lines().map(|line| line.split("//").next().unwrap())
}

/// Returns the banned words in a source.
fn banned(source: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in code(source) {
        // A parameter called `now` is the caller's time.
        found.extend(line.contains("::now").then_some("::now"));
        // The lifetime `'static` is not a static item.
        for part in line.split("'static") {
            let words = part.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            found.extend(words.filter(|word| BANNED.contains(word)));
        }
    }
    found
}

/// Returns the name and text of every source file.
fn all_sources() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&folder, &mut files);
    files.sort();
    // The root and each of its modules: no file is missed, so that no check passes without reading it.
    let root = std::fs::read_to_string(folder.join("lib.rs")).unwrap();
    let modules = root.lines().filter(|line| {
        let line = line.trim_start_matches("pub ");
        line.starts_with("mod ") && line.ends_with(';')
    });
    assert_eq!(files.len(), 1 + modules.count(), "{files:?}");
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
fn source_has_no_banned_words() {
    for (name, source) in all_sources() {
        let found = banned(&source);
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}

/// A timing test cannot prove that a comparison runs in constant time. Instead, this test ensures
/// that MACs are compared in one place, in constant time, and that their bytes are read in one place.
#[test]
fn signatures_are_compared_in_one_place_in_constant_time() {
    let sources = all_sources();
    let occurrences = |what: &str| -> Vec<(&str, usize)> {
        let count = |source| code(source).map(|line| line.matches(what).count()).sum();
        sources
            .iter()
            .map(|(name, source)| (name.as_str(), count(source)))
            .filter(|(_, count)| *count > 0)
            .collect()
    };
    assert_eq!(
        occurrences("verify"),
        [("signature.rs", 1), ("verifier.rs", 1)]
    );
    assert_eq!(
        occurrences("mac.verify_slice(&self.0)"),
        [("signature.rs", 1)]
    );
    assert_eq!(occurrences("fn verify"), [("verifier.rs", 1)]);
    for out in ["finalize", "into_bytes"] {
        assert_eq!(occurrences(out), [("signing_key.rs", 1)], "{out}");
    }
}

#[test]
fn banned_words_are_detected() {
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
fn dependencies_are_the_known_ones() {
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
    // No dependencies through other tables.
    for table in [
        "[target.",
        "[build-dependencies",
        "[dependencies.",
        "[features",
    ] {
        assert!(!manifest.contains(table), "{table}");
    }
}
