//! Completions and manual pages, and that the README can be followed.

use std::process::Command;

use crate::sandbox::Served;
use crate::support::{Stage, run};

#[test]
fn every_shell_has_its_completions() {
    let stage = Stage::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let shown = run(stage.bare().args(["completions", shell]), b"");
        assert_eq!(shown.code, 0, "{shell}");
        for word in ["checkout", "deposit-address", "safe-to-repeat"] {
            assert!(shown.stdout.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(run(stage.bare().args(["completions", "none"]), b"").code, 2);
}

#[test]
fn every_command_has_its_manual_page() {
    let stage = Stage::new();
    let page = run(stage.bare().arg("man"), b"");
    assert!(page.stdout.contains(".TH stablelink 1"), "{}", page.stdout);
    assert!(page.stdout.contains("Exit codes"), "{}", page.stdout);
    let folder = stage.home.path().join("man");
    let pages = run(stage.bare().args(["man", "--dir"]).arg(&folder), b"");
    assert_eq!(pages.code, 0, "{pages:?}");
    let page = std::fs::read_to_string(folder.join("stablelink-trade-create.1")).unwrap();
    assert!(page.contains("Evidence: inferred"), "{page}");
}

/// The blocks of shell in the README, from top to bottom, in one shell, beside `stablelink sandbox` in another terminal.
#[cfg(unix)]
#[test]
fn the_readme_can_be_followed() {
    let readme = include_str!("../../README.md");
    let blocks = readme
        .split("```sh\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap());
    let script: String = blocks.collect();
    assert!(script.contains("stablelink trade confirm"), "{script}");
    let stage = Stage::new();
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_stablelink"))
        .parent()
        .unwrap();
    let served = Served::start(&stage, &[]);
    let mut shell = Command::new("sh");
    shell
        .arg("-euc")
        .arg(&script)
        .current_dir(stage.home.path())
        .env_clear()
        .env("HOME", stage.home.path())
        .envs(served.variables.clone());
    shell.env("PATH", format!("{}:/usr/bin:/bin", folder.display()));
    let shown = run(&mut shell, b"");
    assert_eq!(shown.code, 0, "{shown:?}");
    let states: Vec<&str> = shown
        .stdout
        .lines()
        .filter(|line| ["Processing", "Completed"].contains(line))
        .collect();
    assert_eq!(states, ["Processing", "Completed"], "{shown:?}");
    assert!(
        shown.stdout.contains(r#""orderStatus":"PAID""#),
        "{shown:?}"
    );
}
