//! Go: `oapi-codegen`.

use std::path::Path;

use crate::job::{self, Job, call::Call, read, stop::Stop};

use super::folder;
use super::language::Language;
use super::toolkit::{Need, Toolkit, both};

/// The generator's module, as `go.mod` names it.
const MODULE: &str = "github.com/oapi-codegen/oapi-codegen/v2";

pub(super) struct Go;

fn package(provisional: bool) -> &'static str {
    match provisional {
        false => "gateway",
        true => "provisional",
    }
}

/// The generated file, below the root.
fn file(provisional: bool) -> String {
    let package = package(provisional);
    format!("{}/{package}/{package}.go", Language::Go.target())
}

impl Toolkit for Go {
    fn generator(&self) -> &'static str {
        "oapi-codegen"
    }

    fn version(&self, root: &Path) -> Result<String, Stop> {
        let path = format!("{}/go.mod", Language::Go.source());
        let pins = read(root, &path)?;
        let mut words = pins.lines().map(str::split_whitespace);
        let version = words.find_map(|mut line| (line.next() == Some(MODULE)).then(|| line.next()));
        match version.flatten() {
            Some(version) => Ok(version.trim_start_matches('v').to_owned()),
            None => Err(Stop(format!("{path}: does not pin {MODULE}"))),
        }
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need {
            what: "go 1.21 or later (which fetches the version that go.mod names)",
            present: || Call::new("go", ["version"]),
        }]
    }

    fn install(&self, job: &mut Job<'_>) -> Result<(), Stop> {
        // Go keeps modules in a cache of its own, checked against go.sum.
        let fetch = Call::new("go", ["mod", "download"]).within(Language::Go.source());
        job.need(&fetch, "the Go module proxy must be reachable")
    }

    fn prepare(&self, root: &Path) -> Result<(), Stop> {
        // Program and generated code are one module: they must stand in one folder.
        let target = root.join(Language::Go.target());
        folder::copy(&root.join(Language::Go.source()), &target)?;
        for provisional in [false, true] {
            job::empty(&target.join(package(provisional)))?;
        }
        Ok(())
    }

    fn generate(&self) -> Vec<Call> {
        let up = "../../..";
        both(|provisional| {
            Call::new("go", ["tool", "oapi-codegen"])
                .args(["-config", "oapi-codegen.yaml"])
                .args(["-package", package(provisional)])
                .args(["-o", &format!("{up}/{}", file(provisional))])
                // The generator applies the profile itself, as it can.
                .args([format!("{up}/{}", folder::plain(provisional))])
                .within(Language::Go.source())
        })
    }

    fn generate_plain(&self, _root: &Path, folder: &str) -> Vec<Call> {
        let up = "../../..";
        both(|provisional| {
            let package = package(provisional);
            Call::new("go", ["tool", "oapi-codegen"])
                .args(["-generate", "models,client", "-package", package])
                .args(["-o", &format!("{up}/{folder}/{package}.go")])
                .args([format!("{up}/{}", folder::plain(provisional))])
                .within(Language::Go.source())
        })
    }

    fn is_warning(&self, line: &str) -> bool {
        !line.is_empty() && !line.starts_with("go: downloading ")
    }

    fn operations(&self, root: &Path, provisional: bool) -> Result<usize, Stop> {
        let code = read(root, &file(provisional))?;
        let is_answer = |line: &&str| {
            line.strip_prefix("type ")
                .and_then(|line| line.strip_suffix("Response struct {"))
                .is_some_and(|name| !name.contains(' '))
        };
        Ok(code.lines().filter(is_answer).count())
    }

    fn build(&self) -> Vec<Call> {
        let call = |words: &str| Call::new("go", words.split(' ')).within(Language::Go.target());
        vec![call("vet ./..."), call("build -o interop .")]
    }

    fn program(&self) -> Call {
        Call::new(format!("{}/interop", Language::Go.target()), [""; 0])
    }
}
