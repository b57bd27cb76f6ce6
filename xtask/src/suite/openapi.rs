//! The published documents pass the validators that people of other languages use.

use crate::job::{Job, call::Call, node, python, stop::Stop};

/// What is published, relative to the root.
pub(super) const DOCUMENTS: [&str; 3] = [
    "spec/openapi.json",
    "spec/openapi.yaml",
    "spec/openapi.provisional.json",
];

/// A document that every tool must refuse: proof that a pass means something.
const INVALID: &str = "xtask/tests/suite/invalid.yaml";

/// The pins of both tools and the configuration of Redocly.
const PINS: &str = "spec/tools";

/// Where they are installed.
const PYTHON: &str = "target/tools/python";
const NODE: &str = "target/tools/node";

/// Checks `documents`, paths relative to the root, with both tools.
pub(super) fn run(job: &mut Job<'_>, documents: &[&str]) -> Result<(), Stop> {
    let missing: Vec<&str> = documents
        .iter()
        .copied()
        .filter(|document| !job.root.join(document).is_file())
        .collect();
    if !missing.is_empty() {
        return Err(Stop(format!(
            "{} not there\n  help: cargo xtask regen",
            missing.join(", ")
        )));
    }
    let tools: [Tool; 2] = [
        Tool {
            install: install_validator,
            call: validator,
        },
        Tool {
            install: install_redocly,
            call: redocly,
        },
    ];
    for tool in tools {
        // A tool that can't be had must not hide what the other one finds.
        if let Err(Stop(reason)) = (tool.install)(job) {
            job.problem(reason);
            continue;
        }
        if (tool.call)(&[INVALID]).succeeds_quietly(job.root) {
            job.problem(format!(
                "this command passes a document that is wrong, so it proves nothing: {}",
                (tool.call)(&[INVALID])
            ));
        }
        job.check(&(tool.call)(documents))?;
    }
    Ok(())
}

struct Tool {
    install: fn(&mut Job<'_>) -> Result<(), Stop>,
    call: fn(&[&str]) -> Call,
}

fn validator(documents: &[&str]) -> Call {
    Call::new(
        python::interpreter(PYTHON),
        ["-m", "openapi_spec_validator"],
    )
    .args(["--validation-errors", "all"])
    .args(documents.iter().copied())
}

fn install_validator(job: &mut Job<'_>) -> Result<(), Stop> {
    python::ensure(job, PYTHON, &format!("{PINS}/requirements.txt"))
}

fn redocly(documents: &[&str]) -> Call {
    let program = format!("{NODE}/node_modules/@redocly/cli/bin/cli.js");
    let config = format!("{PINS}/redocly.yaml");
    Call::new("node", [&program, "lint", "--config", &config])
        .args(["--format", "stylish"])
        .args(documents.iter().copied())
        .env("REDOCLY_TELEMETRY", "off")
        .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true")
}

fn install_redocly(job: &mut Job<'_>) -> Result<(), Stop> {
    node::ensure(job, NODE, PINS)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::job::read;

    fn root() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
    }

    #[test]
    fn documents_that_are_not_there_are_named() {
        let mut out = Vec::new();
        let mut job = Job::new(root(), &mut out);
        let documents = ["xtask/tests/suite/valid.yaml", "spec/a.json", "spec/b.yaml"];
        let Err(Stop(reason)) = run(&mut job, &documents) else {
            panic!("passed");
        };
        assert_eq!(
            reason,
            "spec/a.json, spec/b.yaml not there\n  help: cargo xtask regen"
        );
    }

    #[test]
    fn every_python_package_is_pinned_exactly() {
        let pins = read(root(), "spec/tools/requirements.txt").ok().unwrap();
        for line in pins.lines().filter(|line| !line.starts_with('#')) {
            let (name, version) = line.split_once("==").unwrap();
            assert!(!name.is_empty() && !version.is_empty(), "{line}");
        }
        assert!(pins.contains("\nopenapi-spec-validator=="));
    }

    #[test]
    fn the_npm_lock_pins_and_names_no_registry() {
        let lock = read(root(), "spec/tools/package-lock.json").ok().unwrap();
        assert!(!lock.contains("://"), "an address stands in it");
        let lock: serde_json::Value = serde_json::from_str(&lock).unwrap();
        let redocly = &lock["packages"]["node_modules/@redocly/cli"];
        assert!(redocly["version"].is_string());
        assert!(redocly["integrity"].is_string());
    }

    #[test]
    fn the_commands_read_as_a_person_would_type_them() {
        let documents = ["a.json", "b.yaml"];
        insta::assert_snapshot!(format!(
            "{}\n{}",
            validator(&documents),
            redocly(&documents)
        ));
    }
}
