//! The pipeline builds a compiling client of another vendor from its pages, without an edit of Rust.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{fs, path::Path, process::Command};

use clap::Parser as _;
use serde_json::Value;
use xtask::{cli::Cli, output_files::FileState, regen, workspace};

/// Copies the invented vendor.
fn shop() -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let shop = workspace::root().unwrap().join("tests/fixtures/shop");
    copy_folder(&shop, copy.path());
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn pages_of_another_vendor_become_a_compiling_client() {
    let shop = shop();
    let root = shop.path();
    regen::build(root).unwrap().outputs.write(root).unwrap();

    // The pages are in three forms, and three of them use one shared schema.
    let document: Value =
        serde_json::from_slice(&fs::read(root.join("spec/openapi.json")).unwrap()).unwrap();
    assert_eq!(document["info"]["title"], "Harbour Teas");
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths.len(), 6, "{paths:?}");
    assert!(document["components"]["schemas"].get("OrderLine").is_some());
    for (folder, _) in read_files(root) {
        assert!(!folder.contains("stablelink"), "{folder}");
    }

    let workspace = workspace::root().unwrap();
    fs::copy(workspace.join("Cargo.lock"), root.join("Cargo.lock")).unwrap();
    let check = |features: &[&str]| {
        let output = Command::new(std::env::var_os("CARGO").unwrap())
            .args(["check", "--quiet", "--package", "teas-api"])
            .args(features)
            .current_dir(root)
            .env("CARGO_TARGET_DIR", target_directory())
            .output()
            .unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{features:?}: {log}");
    };
    check(&[]);
    check(&["--all-features"]);

    // A second run changes nothing, and keeps an edited hand-written file.
    let library = root.join("crates/teas-api/src/lib.rs");
    fs::write(&library, "// edited\n").unwrap();
    let built = regen::build(root).unwrap();
    let states = built.outputs.compare(root).unwrap();
    assert!(
        states
            .iter()
            .all(|(_, state)| *state == FileState::Unchanged)
    );
    assert_eq!(fs::read_to_string(&library).unwrap(), "// edited\n");
}

#[test]
fn lost_signing_rule_is_an_error() {
    let shop = shop();
    // A profile removes the rule for one generator.
    fs::remove_file(shop.path().join("spec/profiles/plain.yaml")).unwrap();
    let overlay = shop.path().join("spec/overlays/75-security.yaml");
    let text = fs::read_to_string(&overlay).unwrap();
    fs::write(&overlay, text.replace("x-signature:", "x-other:")).unwrap();
    let error = regen::build(shop.path()).unwrap_err().to_string();
    assert!(
        error.contains("no security scheme of the published document has `x-signature`"),
        "{error}"
    );
}

#[test]
fn option_vendor_is_for_commands_of_the_pipeline() {
    let takes = |words: &[&str]| {
        let words = ["xtask", "--vendor", "teas"].iter().chain(words);
        let cli = Cli::try_parse_from(words).unwrap();
        assert_eq!(cli.vendor.as_deref(), Some(Path::new("teas")));
        cli.command.takes_vendor()
    };
    assert!(takes(&["regen"]) && takes(&["docs", "status"]) && takes(&["curate", "getPrice"]));
    assert!(!takes(&["release"]) && !takes(&["test"]) && !takes(&["demo"]));
}

fn read_files(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                files.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    files
}

/// Returns the target directory of the workspace. Test binaries are in `<target>/<profile>/deps`.
fn target_directory() -> std::path::PathBuf {
    let program = std::env::current_exe().unwrap();
    program.ancestors().nth(3).unwrap().to_owned()
}
