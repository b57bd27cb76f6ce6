//! Go: `oapi-codegen`.

use std::path::Path;

use crate::job::{self, Job, command::CommandLine, error::JobError, read};

use super::language::Language;
use super::toolkit::{self, Requirement, Toolkit, for_both};

/// The module of the generator in `go.mod`.
const MODULE: &str = "github.com/oapi-codegen/oapi-codegen/v2";

pub(super) struct Go;

fn package(provisional: bool) -> &'static str {
    match provisional {
        false => "gateway",
        true => "provisional",
    }
}

/// Returns the path of the generated file, relative to the repository root.
fn generated_file(provisional: bool) -> String {
    let package = package(provisional);
    format!("{}/{package}/{package}.go", Language::Go.target())
}

impl Toolkit for Go {
    fn generator(&self) -> &'static str {
        "oapi-codegen"
    }

    fn version(&self, root: &Path) -> Result<String, JobError> {
        let path = format!("{}/go.mod", Language::Go.source());
        let pins = read(root, &path)?;
        let mut words = pins.lines().map(str::split_whitespace);
        let version = words.find_map(|mut line| (line.next() == Some(MODULE)).then(|| line.next()));
        match version.flatten() {
            Some(version) => Ok(version.trim_start_matches('v').to_owned()),
            None => Err(JobError(format!("{path}: no version of {MODULE}"))),
        }
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![Requirement {
            name: "go 1.21 or later (it downloads the version in go.mod)",
            probe: || CommandLine::new("go", ["version"]),
        }]
    }

    fn install(&self, job: &mut Job<'_>) -> Result<(), JobError> {
        // The modules go to the cache of Go, which checks them against go.sum.
        let fetch = CommandLine::new("go", ["mod", "download"]).in_folder(Language::Go.source());
        job.require(&fetch, "the Go module proxy must be reachable")
    }

    fn prepare(&self, root: &Path) -> Result<(), JobError> {
        // The program and the generated code are one module, so they must be in one folder.
        let target = root.join(Language::Go.target());
        toolkit::copy_folder(&root.join(Language::Go.source()), &target)?;
        for provisional in [false, true] {
            job::recreate_folder(&target.join(package(provisional)))?;
        }
        Ok(())
    }

    fn generate(&self) -> Vec<CommandLine> {
        let up = "../../..";
        for_both(|provisional| {
            CommandLine::new("go", ["tool", "oapi-codegen"])
                .args(["-config", "oapi-codegen.yaml"])
                .args(["-package", package(provisional)])
                .args(["-o", &format!("{up}/{}", generated_file(provisional))])
                // This generator applies the profile itself.
                .args([format!("{up}/{}", toolkit::spec_document(provisional))])
                .in_folder(Language::Go.source())
        })
    }

    fn is_warning(&self, line: &str) -> bool {
        !line.is_empty() && !line.starts_with("go: downloading ")
    }

    fn count_operations(&self, root: &Path, provisional: bool) -> Result<usize, JobError> {
        let code = read(root, &generated_file(provisional))?;
        let is_response = |line: &&str| {
            line.strip_prefix("type ")
                .and_then(|line| line.strip_suffix("Response struct {"))
                .is_some_and(|name| !name.contains(' '))
        };
        Ok(code.lines().filter(is_response).count())
    }

    fn build(&self) -> Vec<CommandLine> {
        let call =
            |words: &str| CommandLine::new("go", words.split(' ')).in_folder(Language::Go.target());
        vec![call("vet ./..."), call("build -o interop .")]
    }

    fn program(&self) -> CommandLine {
        CommandLine::new(format!("{}/interop", Language::Go.target()), [""; 0])
    }
}
