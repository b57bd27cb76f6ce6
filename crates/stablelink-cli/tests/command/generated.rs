//! `completions` and `man`, and the shell commands of the README.

use std::process::Command;

use crate::sandbox::RunningSandbox;
use crate::support::{TestEnvironment, run};

#[test]
fn completions_exist_for_every_shell() {
    let env = TestEnvironment::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let shown = run(env.bare().args(["completions", shell]), b"");
        assert_eq!(shown.code, 0, "{shell}");
        for word in ["checkout", "deposit-address", "safe-to-retry"] {
            assert!(shown.stdout.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(run(env.bare().args(["completions", "none"]), b"").code, 2);
}

#[test]
fn manual_page_exists_for_every_command() {
    let env = TestEnvironment::new();
    let page = run(env.bare().arg("man"), b"");
    assert!(page.stdout.contains(".TH stablelink 1"), "{}", page.stdout);
    assert!(page.stdout.contains("Exit codes"), "{}", page.stdout);
    let folder = env.home.path().join("man");
    let pages = run(env.bare().args(["man", "--dir"]).arg(&folder), b"");
    assert_eq!(pages.code, 0, "{pages:?}");
    let page = std::fs::read_to_string(folder.join("stablelink-trade-create.1")).unwrap();
    assert!(page.contains("Evidence: inferred"), "{page}");
}

/// Runs the shell blocks of the README in one shell, with `stablelink sandbox` running.
#[cfg(unix)]
#[test]
fn readme_shell_commands_succeed() {
    let readme = include_str!("../../README.md");
    let blocks = readme
        .split("```sh\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap());
    let script: String = blocks.collect();
    assert!(script.contains("stablelink trade confirm"), "{script}");
    let env = TestEnvironment::new();
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_stablelink"))
        .parent()
        .unwrap();
    let sandbox = RunningSandbox::start(&env, &[]);
    let mut shell = Command::new("sh");
    shell
        .arg("-euc")
        .arg(&script)
        .current_dir(env.home.path())
        .env_clear()
        .env("HOME", env.home.path())
        .envs(sandbox.variables.clone());
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
