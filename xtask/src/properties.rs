//! `cargo xtask properties`: schemathesis sends what the document allows, and what it does not, to the gateway on localhost, and
//! holds the answers against it. `tests/interop/schemathesis` signs, and says what is checked.

use std::io::Write;
use std::path::Path;

use crate::job::call::Call;
use crate::job::{self, Job, python, stop::Stop};
use crate::profile::SUPERSET;
use crate::sandbox::{self, Sandbox};

/// Hooks, settings and pins, below the root.
const SOURCE: &str = "tests/interop/schemathesis";
const ENVIRONMENT: &str = "target/tools/schemathesis";
const TARGET: &str = "target/interop/schemathesis";

/// How the gateway refuses, in the words of its option: nobody has recorded which of the two the real one does.
const MODES: [&str; 2] = ["by-kind", "always200"];

/// Why the document and the gateway on localhost were found apart.
#[derive(Debug, thiserror::Error)]
pub enum PropertiesError {
    /// What was found, or why nothing could be looked for.
    #[error("{}", .0.join("\n"))]
    Problems(Vec<String>),
}

/// Runs schemathesis against a gateway that refuses by status codes, and against one that refuses by retcodes alone.
///
/// # Errors
/// [`PropertiesError::Problems`] after both ran.
pub fn run(root: &Path, out: &mut dyn Write) -> Result<(), PropertiesError> {
    let mut job = Job::new(root, out);
    let work = in_job(&mut job);
    job.ended(work).map_err(PropertiesError::Problems)
}

/// As [`run`], with what goes wrong as problems of `job`.
pub(crate) fn in_job(job: &mut Job<'_>) -> Result<(), Stop> {
    python::ensure(job, ENVIRONMENT, &format!("{SOURCE}/requirements.txt"))?;
    sandbox::build(job)?;
    for mode in MODES {
        let gateway = Sandbox::start(job.root, &["--error-status", mode])?;
        let script = format!("{SOURCE}/run.py");
        let folder = format!("{TARGET}/{mode}");
        job::empty(&job.root.join(&folder))?;
        let call = Call::new(
            python::interpreter(ENVIRONMENT),
            [script.as_str(), SUPERSET, mode, &folder],
        )
        .env("PYTHONDONTWRITEBYTECODE", "1");
        let token = job.root.join(format!("{folder}/token"));
        let call = gateway
            .told(call)
            .hidden("STABLELINK_TOKEN_FILE", token.to_string_lossy());
        job.check(&call)?;
        for mismatch in gateway.mismatches()? {
            job.problem(format!("an answer outside the document: {mismatch}"));
        }
    }
    Ok(())
}
