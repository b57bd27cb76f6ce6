//! TypeScript: `openapi-typescript` with `openapi-fetch`.

use std::path::Path;

use serde_json::Value;

use crate::job::{Job, call::Call, node, read, stop::Stop};

use super::folder;
use super::language::{Language, Need, Toolkit};

pub(super) struct TypeScript;

/// The program is built in here, so that Node finds what is installed in the folder above.
fn program() -> String {
    format!("{}/program", Language::Typescript.target())
}

fn module(provisional: bool) -> &'static str {
    match provisional {
        false => "gateway",
        true => "provisional",
    }
}

impl Toolkit for TypeScript {
    fn generator(&self) -> &'static str {
        "openapi-typescript"
    }

    fn version(&self, root: &Path) -> Result<String, Stop> {
        let path = format!("{}/package.json", Language::Typescript.source());
        let pins: Value = serde_json::from_str(&read(root, &path)?)
            .map_err(|error| Stop(format!("{path}: {error}")))?;
        let pin = &pins["devDependencies"][self.generator()];
        match pin.as_str() {
            Some(version) => Ok(version.to_owned()),
            None => Err(Stop(format!("{path}: does not pin the generator"))),
        }
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            Need {
                what: "node 20 or later",
                present: || {
                    let recent = "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)";
                    Call::new("node", ["-e", recent])
                },
            },
            Need {
                what: "npm",
                present: || Call::new("npm", ["--version"]),
            },
        ]
    }

    fn install(&self, job: &mut Job<'_>) -> Result<(), Stop> {
        node::ensure(
            job,
            &Language::Typescript.target(),
            &Language::Typescript.source(),
        )
    }

    fn prepare(&self, root: &Path) -> Result<(), Stop> {
        todo!()
    }

    fn generate(&self) -> Vec<Call> {
        todo!()
    }

    fn is_warning(&self, line: &str) -> bool {
        todo!()
    }

    fn operations(&self, root: &Path, provisional: bool) -> Result<usize, Stop> {
        todo!()
    }

    fn build(&self) -> Vec<Call> {
        todo!()
    }

    fn program(&self) -> Call {
        todo!()
    }
}
