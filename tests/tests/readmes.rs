//! What the READMEs say can be followed: their links lead somewhere, and the code at the top is code that is compiled.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use stablelink_tests::root;

/// Every Markdown file that a person reads, below the root.
fn pages() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            // What is built or fetched is not ours to check.
            let left_out = name.starts_with('.') || ["target", "node_modules"].contains(&name);
            if path.is_dir() && !left_out {
                open.push(path);
            } else if path.extension().is_some_and(|it| it == "md") {
                found.push(path);
            }
        }
    }
    found
}

/// The targets of the links in a text.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let inline = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let pictures = text
        .split("src=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    inline.chain(pictures)
}

/// Headings as GitHub names them in addresses.
fn anchors(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            let heading = line.trim_start_matches('#').trim().to_lowercase();
            heading
                .chars()
                .filter(|it| it.is_alphanumeric() || [' ', '-', '_'].contains(it))
                .map(|it| if it == ' ' { '-' } else { it })
                .collect()
        })
        .collect()
}

/// What is wrong with a link of this file, if anything.
fn problem(file: &Path, text: &str, link: &str) -> Option<String> {
    let outside = ["http://", "https://", "mailto:"];
    if outside.iter().any(|start| link.starts_with(start)) {
        return None;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = file.parent().unwrap().join(path);
    if !path.is_empty() && !target.exists() {
        return Some("there is no such file".to_owned());
    }
    if anchor.is_empty() {
        return None;
    }
    let text = match path {
        "" => text.to_owned(),
        _ => fs::read_to_string(target).unwrap(),
    };
    let known = anchors(&text);
    (!known.iter().any(|it| it == anchor)).then(|| format!("its headings are {known:?}"))
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    assert!(pages.len() > 10, "{pages:?}");
    let mut problems = Vec::new();
    for file in pages {
        let text = fs::read_to_string(&file).unwrap();
        for link in links(&text) {
            if let Some(problem) = problem(&file, &text, link) {
                problems.push(format!("{}: {link}: {problem}", file.display()));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let file = root().join("README.md");
    let text = "# A title, `code`\n";
    for (link, right) in [
        ("#a-title-code", true),
        ("#a-title", false),
        ("spec/README.md", true),
        ("spec/none.md", false),
        ("spec/README.md#changes", true),
        ("spec/README.md#none", false),
        ("https://anywhere.invalid/", true),
    ] {
        assert_eq!(problem(&file, text, link).is_none(), right, "{link}");
    }
}

/// The first block of Rust.
fn code(file: &str) -> String {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let block = text.split("```rust").nth(1).unwrap();
    let (_, block) = block.split_once('\n').unwrap();
    block.split("```").next().unwrap().to_owned()
}

#[test]
fn the_code_of_the_readme_is_that_of_the_crate() {
    // Whose README is compiled as a part of its documentation.
    assert_eq!(code("README.md"), code("crates/stablelink/README.md"));
}
