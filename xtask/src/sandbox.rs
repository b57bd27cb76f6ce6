//! The sandbox as a child process. `xtask` does not link to the sandbox, so that `xtask` builds
//! even if the generated crates do not.

use std::time::Duration;

use serde_json::Value;

use crate::job::command::CommandLine;
use crate::job::process::BackgroundProcess;
use crate::job::{Job, error::JobError};

/// The variable with the address of the sandbox.
const ADDRESS: &str = "STABLELINK_ENV";

/// The variables with the credentials of a client.
const SECRETS: [&str; 3] = [
    "STABLELINK_API_KEY",
    "STABLELINK_API_SECRET",
    "STABLELINK_SIGN_KEY",
];

/// The timeout for the status request.
const STATUS_TIMEOUT: Duration = Duration::from_secs(30);

/// A running sandbox with an empty ledger. Dropping the value stops it.
pub(crate) struct SandboxProcess {
    _process: BackgroundProcess,
    address: String,
    secrets: Vec<(&'static str, String)>,
}

/// Compiles the sandbox. The timeout of [`SandboxProcess::start`] does not include a build.
pub(crate) fn build(job: &mut Job<'_>) -> Result<(), JobError> {
    let command = CommandLine::cargo("build --locked -p stablelink-cli");
    job.require(&command, "the sandbox must compile")
}

impl SandboxProcess {
    /// Starts a sandbox that [`build`] compiled, with additional arguments of `stablelink sandbox`.
    pub(crate) fn start(job: &Job<'_>, args: &[&str]) -> Result<Self, JobError> {
        let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
        let program = format!("{target}/debug/stablelink{}", std::env::consts::EXE_SUFFIX);
        let command = CommandLine::new(program, ["sandbox"]).args(args.iter().copied());
        let process = BackgroundProcess::start(&command, job.root)?;
        // The first lines export the address and the credentials.
        let mut lines = Vec::new();
        while lines.len() <= SECRETS.len() {
            lines.push(process.next_line()?);
        }
        let value = |name: &str| {
            exported(&lines, name).ok_or_else(|| {
                let lines = lines.join("\n");
                JobError(format!("no {name} in the output of {command}\n{lines}"))
            })
        };
        let mut secrets = Vec::new();
        for name in SECRETS {
            secrets.push((name, value(name)?));
        }
        Ok(Self {
            address: value(ADDRESS)?,
            secrets,
            _process: process,
        })
    }

    /// Adds the address and the credentials to the environment of a command.
    pub(crate) fn configure(&self, command: CommandLine) -> CommandLine {
        let command = command.env(ADDRESS, &self.address);
        self.secrets.iter().fold(command, |command, (name, value)| {
            command.secret_env(name, value)
        })
    }

    /// Returns the responses of the sandbox that did not match the document.
    pub(crate) fn mismatches(&self) -> Result<Vec<String>, JobError> {
        let status = self.status()?;
        let list = status["mismatches"].as_array().ok_or_else(|| {
            JobError("the status of the sandbox has no field `mismatches`".to_owned())
        })?;
        Ok(list.iter().map(ToString::to_string).collect())
    }

    /// Requests the status from the control interface.
    pub(crate) fn status(&self) -> Result<Value, JobError> {
        let failed =
            |reason: String| JobError(format!("the sandbox did not return its status: {reason}"));
        // The connection is plain HTTP, but reqwest creates no client without a TLS provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url = format!("{}/_sandbox/status", self.address);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let response = runtime.block_on(async {
            let client = reqwest::Client::builder()
                .no_proxy()
                .timeout(STATUS_TIMEOUT)
                .build()?;
            let response = client.get(url).send().await?;
            Ok((response.status(), response.text().await?))
        });
        let (status, body) = response.map_err(|error: reqwest::Error| failed(error.to_string()))?;
        match serde_json::from_str(&body) {
            Ok(value) if status == 200 => Ok(value),
            _ => Err(failed(format!("HTTP {status}: {body}"))),
        }
    }
}

/// Returns the value of a line `export NAME='value'`.
fn exported(lines: &[String], name: &str) -> Option<String> {
    let start = format!("export {name}='");
    let line = lines.iter().find_map(|line| line.strip_prefix(&start))?;
    line.strip_suffix('\'').map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exported_value_requires_the_exact_name_and_quotes() {
        let lines = ["export A='1'", "export AB='2'", "export C=3"].map(str::to_owned);
        for (name, expected) in [
            ("A", Some("1")),
            ("AB", Some("2")),
            ("C", None),
            ("D", None),
        ] {
            assert_eq!(exported(&lines, name).as_deref(), expected, "{name}");
        }
    }
}
