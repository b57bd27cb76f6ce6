//! Checks the Markdown files: relative links resolve, and the README's code is compiled code.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use stablelink_tests::root;

/// Returns every Markdown file of the workspace.
fn markdown_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut pending = vec![root()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            // Build output and installed packages are not checked.
            let is_excluded = name.starts_with('.') || ["target", "node_modules"].contains(&name);
            if path.is_dir() && !is_excluded {
                pending.push(path);
            } else if path.extension().is_some_and(|it| it == "md") {
                found.push(path);
            }
        }
    }
    found
}

/// Returns the targets of links and images.
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

/// Returns the anchors that GitHub generates for headings.
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

/// Returns why a link in this file is broken, or `None`.
fn link_error(file: &Path, text: &str, link: &str) -> Option<String> {
    let outside = ["http://", "https://", "mailto:"];
    if outside.iter().any(|start| link.starts_with(start)) {
        return None;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = file.parent().unwrap().join(path);
    if !path.is_empty() && !target.exists() {
        return Some("the file does not exist".to_owned());
    }
    if anchor.is_empty() {
        return None;
    }
    let text = match path {
        "" => text.to_owned(),
        _ => fs::read_to_string(target).unwrap(),
    };
    let known = anchors(&text);
    (!known.iter().any(|it| it == anchor))
        .then(|| format!("the file has only these anchors: {known:?}"))
}

#[test]
fn relative_links_resolve() {
    let files = markdown_files();
    assert!(files.len() > 10, "{files:?}");
    let mut problems = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for link in links(&text) {
            if let Some(problem) = link_error(&file, &text, link) {
                problems.push(format!("{}: {link}: {problem}", file.display()));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn link_check_detects_broken_links() {
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
        assert_eq!(link_error(&file, text, link).is_none(), right, "{link}");
    }
}

/// Returns the first Rust code block of a file.
fn first_rust_block(file: &str) -> String {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let block = text.split("```rust").nth(1).unwrap();
    let (_, block) = block.split_once('\n').unwrap();
    block.split("```").next().unwrap().to_owned()
}

#[test]
fn root_readme_shows_compiled_code() {
    // The doctests of the crate compile the crate's README.
    assert_eq!(
        first_rust_block("README.md"),
        first_rust_block("crates/stablelink/README.md")
    );
}
