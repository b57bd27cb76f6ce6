//! TypeScript: `openapi-typescript` with `openapi-fetch`.

use std::path::Path;

use serde_json::Value;

use crate::job::{self, Job, command::CommandLine, error::JobError, read, tools};

use super::language::Language;
use super::toolkit::{self, Requirement, Toolkit, for_both};

pub(super) struct TypeScript;

/// Returns the build folder. It is inside the installation folder, where Node.js finds the packages.
fn program() -> String {
    format!("{}/program", Language::Typescript.target())
}

fn generated() -> String {
    format!("{}/generated", program())
}

/// Returns the name of a generated file.
fn module(provisional: bool) -> &'static str {
    match provisional {
        false => "gateway.ts",
        true => "provisional.ts",
    }
}

impl Toolkit for TypeScript {
    fn generator(&self) -> &'static str {
        "openapi-typescript"
    }

    fn version(&self, root: &Path) -> Result<String, JobError> {
        let path = format!("{}/package.json", Language::Typescript.source());
        let pins: Value = serde_json::from_str(&read(root, &path)?)
            .map_err(|error| JobError(format!("{path}: {error}")))?;
        let pin = &pins["devDependencies"][self.generator()];
        match pin.as_str() {
            Some(version) => Ok(version.to_owned()),
            None => Err(JobError(format!("{path}: no version of the generator"))),
        }
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![
            Requirement {
                name: "node 20 or later",
                probe: || {
                    let recent = "process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)";
                    CommandLine::new("node", ["-e", recent])
                },
            },
            Requirement {
                name: "npm",
                probe: || CommandLine::new("npm", ["--version"]),
            },
        ]
    }

    fn install(&self, job: &mut Job<'_>) -> Result<(), JobError> {
        tools::ensure_node(
            job,
            &Language::Typescript.target(),
            &Language::Typescript.source(),
        )
    }

    fn prepare(&self, root: &Path) -> Result<(), JobError> {
        let program = root.join(program());
        job::recreate_folder(&program)?;
        toolkit::copy_folder(&root.join(Language::Typescript.source()), &program)?;
        job::recreate_folder(&root.join(generated()))
    }

    fn generate(&self) -> Vec<CommandLine> {
        for_both(|provisional| {
            let document = toolkit::generator_document(Language::Typescript, provisional);
            let script = format!("{}/generate.mjs", program());
            let module = format!("{}/{}", generated(), module(provisional));
            CommandLine::new("node", [script, document, module])
        })
    }

    fn is_warning(&self, line: &str) -> bool {
        !line.is_empty()
    }

    fn count_operations(&self, root: &Path, provisional: bool) -> Result<usize, JobError> {
        let code = read(root, &format!("{}/{}", generated(), module(provisional)))?;
        let mut lines = code.lines();
        // The interface has one property per operation, with its parameters and responses indented below it.
        lines.find(|line| *line == "export interface operations {");
        let properties = lines
            .take_while(|line| *line != "}")
            .filter(|line| line.ends_with(": {") && line.len() - line.trim_start().len() == 4);
        Ok(properties.count())
    }

    fn build(&self) -> Vec<CommandLine> {
        let compiler = format!(
            "{}/node_modules/typescript/bin/tsc",
            Language::Typescript.target()
        );
        vec![CommandLine::new(
            "node",
            [compiler, "-p".to_owned(), program()],
        )]
    }

    fn program(&self) -> CommandLine {
        CommandLine::new("node", [format!("{}/dist/src/main.js", program())])
    }
}
