//! Python: `openapi-python-client`.

use std::fs;
use std::path::Path;

use crate::job::{self, Job, call::Call, python, read, stop::Stop};

use super::folder;
use super::language::Language;
use super::toolkit::{Need, Toolkit, both};

const ENVIRONMENT: &str = "target/tools/interop-python";

pub(super) struct Python;

fn requirements() -> String {
    format!("{}/requirements.txt", Language::Python.source())
}

fn generated() -> String {
    format!("{}/generated", Language::Python.target())
}

/// The name of the package that is generated is that of its folder.
fn package(provisional: bool) -> &'static str {
    match provisional {
        false => "stablelink_api",
        true => "stablelink_api_provisional",
    }
}

fn make(document: &str, folder: &str, provisional: bool) -> Call {
    let script = format!("{}/generate.py", Language::Python.source());
    let made = format!("{folder}/{}", package(provisional));
    Call::new(
        python::interpreter(ENVIRONMENT),
        [script.as_str(), document, &made],
    )
}

impl Toolkit for Python {
    fn generator(&self) -> &'static str {
        "openapi-python-client"
    }

    fn version(&self, root: &Path) -> Result<String, Stop> {
        let pins = read(root, &requirements())?;
        python::pinned(&pins, self.generator())
            .ok_or_else(|| Stop(format!("{}: does not pin the generator", requirements())))
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need {
            what: "python3 3.11 or later",
            present: || {
                let recent = "import sys; sys.exit(sys.version_info < (3, 11))";
                Call::new("python3", ["-c", recent])
            },
        }]
    }

    fn install(&self, job: &mut Job<'_>) -> Result<(), Stop> {
        python::ensure(job, ENVIRONMENT, &requirements())
    }

    fn prepare(&self, root: &Path) -> Result<(), Stop> {
        // The generator leaves files of operations that are gone.
        job::empty(&root.join(generated()))
    }

    fn generate(&self) -> Vec<Call> {
        both(|provisional| {
            let document = folder::document(Language::Python, provisional);
            make(&document, &generated(), provisional)
        })
    }

    fn generate_plain(&self, _root: &Path, folder: &str) -> Vec<Call> {
        both(|provisional| make(folder::plain(provisional), folder, provisional))
    }

    fn is_warning(&self, line: &str) -> bool {
        !line.is_empty() && !line.starts_with("Generating ")
    }

    fn operations(&self, root: &Path, provisional: bool) -> Result<usize, Stop> {
        let api = root
            .join(generated())
            .join(package(provisional))
            .join("api");
        let mut count = 0;
        // One folder a tag, one module an operation.
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

    fn build(&self) -> Vec<Call> {
        let python = python::interpreter(ENVIRONMENT);
        vec![Call::new(python, ["-m", "compileall", "-q"]).args([generated()])]
    }

    fn program(&self) -> Call {
        let main = format!("{}/main.py", Language::Python.source());
        Call::new(python::interpreter(ENVIRONMENT), [main])
            .env("PYTHONPATH", generated())
            // Nothing is left beside the sources.
            .env("PYTHONDONTWRITEBYTECODE", "1")
    }
}
