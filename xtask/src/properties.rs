//! `cargo xtask properties`: schemathesis generates valid and invalid requests from the document, sends them to the sandbox,
//! and checks each response against the document. `tests/interop/schemathesis` signs the requests and lists the checks.

use std::io::Write;
use std::path::Path;

use crate::job::command::CommandLine;
use crate::job::error::{JobError, JobProblems};
use crate::job::tools::{self, ensure_python};
use crate::job::{self, Job};
use crate::profile::SUPERSET;
use crate::sandbox::{self, SandboxProcess};

/// The hooks, settings and pins, relative to the root.
const SOURCE: &str = "tests/interop/schemathesis";
const ENVIRONMENT: &str = "target/tools/schemathesis";
const TARGET: &str = "target/interop/schemathesis";

/// The values of `--error-status`. It is unknown how the real gateway reports rejections: by HTTP status, or always with 200
/// and a `retcode`.
const MODES: [&str; 2] = ["by-kind", "always200"];

/// Runs schemathesis against a sandbox in each mode.
///
/// # Errors
/// Fails with all problems of both runs.
pub fn run(root: &Path, out: &mut dyn Write) -> Result<(), JobProblems> {
    let mut job = Job::new(root, out);
    let result = run_in_job(&mut job);
    job.into_result(result)
}

pub(crate) fn run_in_job(job: &mut Job<'_>) -> Result<(), JobError> {
    ensure_python(job, ENVIRONMENT, &format!("{SOURCE}/requirements.txt"))?;
    sandbox::build(job)?;
    for mode in MODES {
        let sandbox = SandboxProcess::start(job, &["--error-status", mode])?;
        let script = format!("{SOURCE}/run.py");
        let folder = format!("{TARGET}/{mode}");
        job::recreate_folder(&job.root.join(&folder))?;
        let token_file = job.root.join(format!("{folder}/token"));
        let command = CommandLine::new(
            tools::python(ENVIRONMENT),
            [script.as_str(), SUPERSET, mode, &folder],
        )
        .env("PYTHONDONTWRITEBYTECODE", "1");
        let command = sandbox
            .configure(command)
            .secret_env("STABLELINK_TOKEN_FILE", token_file.to_string_lossy());
        job.check(&command)?;
        for mismatch in sandbox.mismatches()? {
            job.problem(format!(
                "a response that does not match the document: {mismatch}"
            ));
        }
    }
    Ok(())
}
