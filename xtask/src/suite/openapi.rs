//! The published documents pass the validators that people of other languages use.

use std::fs;
use std::path::Path;

use super::call::Call;
use super::install::{self, TOOLS};
use super::job::Job;
use super::stop::Stop;

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
    let python = format!("{TOOLS}/python/bin/python");
    Call::new(python, ["-m", "openapi_spec_validator"])
        .args(["--validation-errors", "all"])
        .args(documents.iter().copied())
}

fn install_validator(job: &mut Job<'_>) -> Result<(), Stop> {
    python_with_venv(job)?;
    let requirements = format!("{PINS}/requirements.txt");
    // An environment belongs to the interpreter that made it.
    let version = Call::new("python3", ["--version"]).text(job.root);
    let pins = read(job.root, &requirements)?;
    let wanted = format!("{}\n{pins}", version.unwrap_or_default());
    install::ensure(job, "python", &wanted, |job| {
        let folder = format!("{TOOLS}/python");
        let make = Call::new("python3", ["-m", "venv", &folder]);
        job.need(&make, "python3 must be able to make an environment")?;
        let pip = Call::new(format!("{folder}/bin/python"), ["-m", "pip", "install"])
            .args(["--quiet", "--disable-pip-version-check"])
            .args(["--requirement", &requirements]);
        job.need(&pip, "the Python package index must be reachable")
    })
}

/// Debian ships Python without the part that makes environments.
fn python_with_venv(job: &mut Job<'_>) -> Result<(), Stop> {
    let probe = Call::new("python3", ["-c", "import ensurepip, venv"]);
    if probe.succeeds_quietly(job.root) {
        return Ok(());
    }
    let package = "python3-venv";
    let is_root = Call::new("id", ["-u"]).text(job.root).as_deref() == Some("0");
    let has_apt = Call::new("apt-get", ["--version"]).succeeds_quietly(job.root);
    if !(is_root && has_apt) {
        return Err(Stop(format!(
            "python3 is missing, or can't make environments\n  \
             help: on Debian, apt-get install {package}"
        )));
    }
    let help = format!("install {package} by hand");
    job.need(&Call::new("apt-get", ["update", "--quiet"]), &help)?;
    let install = Call::new("apt-get", ["install", "--yes", "--quiet", package])
        .env("DEBIAN_FRONTEND", "noninteractive");
    job.need(&install, &help)?;
    if probe.succeeds_quietly(job.root) {
        return Ok(());
    }
    Err(Stop(format!(
        "the python3 that stands first on the PATH can't make environments, although {package} \
         is installed\n  help: put one that can first"
    )))
}

fn redocly(documents: &[&str]) -> Call {
    let program = format!("{TOOLS}/node/node_modules/@redocly/cli/bin/cli.js");
    let config = format!("{PINS}/redocly.yaml");
    Call::new("node", [&program, "lint", "--config", &config])
        .args(["--format", "stylish"])
        .args(documents.iter().copied())
        .env("REDOCLY_TELEMETRY", "off")
        .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true")
}

fn install_redocly(job: &mut Job<'_>) -> Result<(), Stop> {
    let files = ["package.json", "package-lock.json"];
    let mut wanted = String::new();
    for file in files {
        wanted += &read(job.root, &format!("{PINS}/{file}"))?;
    }
    install::ensure(job, "node", &wanted, |job| {
        let folder = format!("{TOOLS}/node");
        for file in files {
            let copy = job.root.join(&folder).join(file);
            fs::copy(job.root.join(PINS).join(file), copy)?;
        }
        let call = Call::new("npm", ["ci", "--prefix", &folder]).args([
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ]);
        job.need(
            &call,
            "Node.js 20.19 or later with npm is needed, and the npm registry must be reachable",
        )
    })
}

fn read(root: &Path, file: &str) -> Result<String, Stop> {
    fs::read_to_string(root.join(file)).map_err(|error| Stop(format!("{file}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

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
