//! Checks the published documents with the validators of other ecosystems.

use crate::job::Job;
use crate::job::command::CommandLine;
use crate::job::error::JobError;
use crate::job::tools::{self, ensure_node, ensure_python};

/// The published documents, relative to the root.
pub(super) const DOCUMENTS: [&str; 3] = [
    "spec/openapi.json",
    "spec/openapi.yaml",
    "spec/openapi.provisional.json",
];

/// An invalid document that every validator must reject, which shows that a pass is meaningful.
const INVALID: &str = "xtask/tests/suite/invalid.yaml";

/// A document that breaks each of [`REDOCLY_RULES`].
const BREAKS_REDOCLY_RULES: &str = "xtask/tests/suite/redocly_rules.yaml";

/// The rules that `redocly.yaml` adds to the recommended set, or makes errors.
const REDOCLY_RULES: [&str; 14] = [
    "no-invalid-media-type-examples",
    "no-required-schema-properties-undefined",
    "no-unused-components",
    "operation-4xx-response",
    "operation-description",
    "operation-operationId-unique",
    "operation-tag-defined",
    "rule/component-has-description",
    "rule/component-name-is-no-common-type",
    "rule/component-name-is-pascal-case",
    "rule/operation-has-tag",
    "rule/operation-id-is-verb-and-noun",
    "rule/operation-texts-are-not-blank",
    "spec-ref-siblings",
];

/// The pins of both validators and the configuration of Redocly.
const PINS: &str = "spec/tools";

const PYTHON: &str = "target/tools/python";
const NODE: &str = "target/tools/node";

struct Validator {
    install: fn(&mut Job<'_>) -> Result<(), JobError>,
    command: fn(&[&str]) -> CommandLine,
}

const VALIDATORS: [Validator; 2] = [
    Validator {
        install: |job| ensure_python(job, PYTHON, &format!("{PINS}/requirements.txt")),
        command: openapi_spec_validator,
    },
    Validator {
        install: |job| ensure_node(job, NODE, PINS),
        command: redocly,
    },
];

/// Checks `documents`, paths relative to the root, with both validators.
pub(super) fn run(job: &mut Job<'_>, documents: &[&str]) -> Result<(), JobError> {
    let missing: Vec<&str> = documents
        .iter()
        .copied()
        .filter(|document| !job.root.join(document).is_file())
        .collect();
    if !missing.is_empty() {
        return Err(JobError(format!(
            "{} missing\n  help: cargo xtask regen",
            missing.join(", ")
        )));
    }
    for validator in VALIDATORS {
        // If one validator cannot be installed, the other one still runs.
        if let Err(JobError(reason)) = (validator.install)(job) {
            job.problem(reason);
            continue;
        }
        let invalid = (validator.command)(&[INVALID]);
        if invalid.succeeds(job.root) {
            job.problem(format!(
                "this command accepts an invalid document: {invalid}"
            ));
        }
        job.check(&(validator.command)(documents))?;
    }
    if job.root.join(NODE).is_dir() {
        check_redocly_rules(job)?;
    }
    Ok(())
}

/// Reports each rule that Redocly does not find in the document that breaks it.
fn check_redocly_rules(job: &mut Job<'_>) -> Result<(), JobError> {
    let mut found = String::new();
    redocly(&[BREAKS_REDOCLY_RULES]).for_each_line(job.root, |line| {
        found.push_str(&String::from_utf8_lossy(line));
        Ok(())
    })?;
    for rule in REDOCLY_RULES {
        if !found.split_whitespace().any(|word| word == rule) {
            job.problem(format!(
                "Redocly does not report {rule} in {BREAKS_REDOCLY_RULES}"
            ));
        }
    }
    Ok(())
}

fn openapi_spec_validator(documents: &[&str]) -> CommandLine {
    CommandLine::new(tools::python(PYTHON), ["-m", "openapi_spec_validator"])
        .args(["--validation-errors", "all"])
        .args(documents.iter().copied())
}

fn redocly(documents: &[&str]) -> CommandLine {
    let program = format!("{NODE}/node_modules/@redocly/cli/bin/cli.js");
    let config = format!("{PINS}/redocly.yaml");
    CommandLine::new("node", [&program, "lint", "--config", &config])
        .args(["--format", "stylish"])
        .args(documents.iter().copied())
        .env("REDOCLY_TELEMETRY", "off")
        .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{job::read, workspace};

    fn root() -> std::path::PathBuf {
        workspace::root().unwrap()
    }

    #[test]
    fn run_missing_documents_are_named() {
        let (root, mut out) = (root(), Vec::new());
        let mut job = Job::new(&root, &mut out);
        let documents = ["xtask/tests/suite/valid.yaml", "spec/a.json", "spec/b.yaml"];
        let JobError(reason) = run(&mut job, &documents).unwrap_err();
        assert_eq!(
            reason,
            "spec/a.json, spec/b.yaml missing\n  help: cargo xtask regen"
        );
    }

    #[test]
    fn python_requirements_pin_exact_versions() {
        let pins = read(&root(), "spec/tools/requirements.txt").unwrap();
        for line in pins.lines().filter(|line| !line.starts_with('#')) {
            let (name, version) = line.split_once("==").unwrap();
            assert!(!name.is_empty() && !version.is_empty(), "{line}");
        }
        assert!(pins.contains("\nopenapi-spec-validator=="));
    }

    #[test]
    fn npm_lock_pins_redocly_and_names_no_registry() {
        let lock = read(&root(), "spec/tools/package-lock.json").unwrap();
        assert!(!lock.contains("://"), "contains an address");
        let lock: serde_json::Value = serde_json::from_str(&lock).unwrap();
        let redocly = &lock["packages"]["node_modules/@redocly/cli"];
        assert!(redocly["version"].is_string());
        assert!(redocly["integrity"].is_string());
    }

    #[test]
    fn validator_commands_match_the_snapshot() {
        let documents = ["a.json", "b.yaml"];
        insta::assert_snapshot!(
            VALIDATORS
                .map(|it| (it.command)(&documents).to_string())
                .join("\n")
        );
    }
}
