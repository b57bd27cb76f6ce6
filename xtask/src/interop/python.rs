//! Python: `openapi-python-client`.

use std::fs;
use std::path::Path;

use crate::job::{self, Job, command::CommandLine, error::JobError, read, tools};

use super::language::Language;
use super::toolkit::{self, Requirement, Toolkit, for_both};

const ENVIRONMENT: &str = "target/tools/interop-python";

pub(super) struct Python;

fn requirements() -> String {
    format!("{}/requirements.txt", Language::Python.source())
}

fn generated() -> String {
    format!("{}/generated", Language::Python.target())
}

/// Returns the name of the generated package, which is also the name of its folder.
fn package(provisional: bool) -> &'static str {
    match provisional {
        false => "stablelink_api",
        true => "stablelink_api_provisional",
    }
}

impl Toolkit for Python {
    fn generator(&self) -> &'static str {
        "openapi-python-client"
    }

    fn version(&self, root: &Path) -> Result<String, JobError> {
        let pins = read(root, &requirements())?;
        tools::python_pin(&pins, self.generator())
            .ok_or_else(|| JobError(format!("{}: no version of the generator", requirements())))
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![Requirement {
            name: "python3 3.11 or later",
            probe: || {
                let recent = "import sys; sys.exit(sys.version_info < (3, 11))";
                CommandLine::new("python3", ["-c", recent])
            },
        }]
    }

    fn install(&self, job: &mut Job<'_>) -> Result<(), JobError> {
        tools::ensure_python(job, ENVIRONMENT, &requirements())
    }

    fn prepare(&self, root: &Path) -> Result<(), JobError> {
        // The generator does not delete the files of removed operations.
        job::recreate_folder(&root.join(generated()))
    }

    fn generate(&self) -> Vec<CommandLine> {
        for_both(|provisional| {
            let document = toolkit::generator_document(Language::Python, provisional);
            let script = format!("{}/generate.py", Language::Python.source());
            let client = format!("{}/{}", generated(), package(provisional));
            CommandLine::new(tools::python(ENVIRONMENT), [script, document, client])
        })
    }

    fn is_warning(&self, line: &str) -> bool {
        !line.is_empty() && !line.starts_with("Generating ")
    }

    fn count_operations(&self, root: &Path, provisional: bool) -> Result<usize, JobError> {
        let api = root
            .join(generated())
            .join(package(provisional))
            .join("api");
        let mut count = 0;
        // There is one folder per tag and one module per operation.
        for tag in fs::read_dir(api)? {
            let tag = tag?.path();
            if tag.is_dir() {
                for module in fs::read_dir(tag)? {
                    let name = module?.file_name();
                    let name = name.to_string_lossy();
                    count += usize::from(name.ends_with(".py") && name != "__init__.py");
                }
            }
        }
        Ok(count)
    }

    fn build(&self) -> Vec<CommandLine> {
        let python = tools::python(ENVIRONMENT);
        vec![CommandLine::new(python, ["-m", "compileall", "-q"]).args([generated()])]
    }

    fn program(&self) -> CommandLine {
        let main = format!("{}/main.py", Language::Python.source());
        CommandLine::new(tools::python(ENVIRONMENT), [main])
            .env("PYTHONPATH", generated())
            // Prevents cache files in the source folder.
            .env("PYTHONDONTWRITEBYTECODE", "1")
    }
}
