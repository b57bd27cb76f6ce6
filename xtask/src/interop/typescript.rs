//! TypeScript: `openapi-typescript` with `openapi-fetch`.

use std::path::Path;

use serde_json::Value;

use crate::job::{self, Job, call::Call, node, read, stop::Stop};

use super::folder;
use super::language::Language;
use super::toolkit::{Need, Toolkit, both};

pub(super) struct TypeScript;

/// The program is built in here, so that Node finds what is installed in the folder above.
fn program() -> String {
    format!("{}/program", Language::Typescript.target())
}

fn generated() -> String {
    format!("{}/generated", program())
}

/// The generated file, within its folder.
fn module(provisional: bool) -> &'static str {
    match provisional {
        false => "gateway.ts",
        true => "provisional.ts",
    }
}

fn make(document: &str, folder: &str, provisional: bool) -> Call {
    let script = format!("{}/generate.mjs", program());
    let made = format!("{folder}/{}", module(provisional));
    Call::new("node", [script.as_str(), document, &made])
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
        let program = root.join(program());
        job::empty(&program)?;
        folder::copy(&root.join(Language::Typescript.source()), &program)?;
        job::empty(&root.join(generated()))
    }

    fn generate(&self) -> Vec<Call> {
        both(|provisional| {
            let document = folder::document(Language::Typescript, provisional);
            make(&document, &generated(), provisional)
        })
    }

    fn generate_plain(&self, _root: &Path, folder: &str) -> Vec<Call> {
        both(|provisional| make(folder::plain(provisional), folder, provisional))
    }

    fn is_warning(&self, line: &str) -> bool {
        !line.is_empty()
    }

    fn operations(&self, root: &Path, provisional: bool) -> Result<usize, Stop> {
        let code = read(root, &format!("{}/{}", generated(), module(provisional)))?;
        let mut lines = code.lines();
        // One member an operation, with what each takes and answers indented below it.
        lines.find(|line| *line == "export interface operations {");
        let members = lines
            .take_while(|line| *line != "}")
            .filter(|line| line.ends_with(": {") && line.len() - line.trim_start().len() == 4);
        Ok(members.count())
    }

    fn build(&self) -> Vec<Call> {
        let compiler = format!(
            "{}/node_modules/typescript/bin/tsc",
            Language::Typescript.target()
        );
        vec![Call::new("node", [compiler, "-p".to_owned(), program()])]
    }

    fn program(&self) -> Call {
        Call::new("node", [format!("{}/dist/src/main.js", program())])
    }
}
