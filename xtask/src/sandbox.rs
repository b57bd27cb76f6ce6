//! The gateway on localhost as a process beside us. A process, so that `xtask` builds when the generated crates don't.

use std::path::Path;

use reqwest::Method;
use serde_json::Value;

use crate::job::{Job, call::Call, running::Running, stop::Stop};
use crate::loopback::Loopback;

/// The variable with its address.
const ADDRESS: &str = "STABLELINK_ENV";
/// The variables that name who calls.
const SECRETS: [&str; 3] = [
    "STABLELINK_API_KEY",
    "STABLELINK_API_SECRET",
    "STABLELINK_SIGN_KEY",
];

/// A gateway with records of its own; it ends with the value.
pub(crate) struct Sandbox {
    _process: Running,
    address: String,
    secrets: Vec<(&'static str, String)>,
}

/// Builds it, so that the first start is as fast as the others.
pub(crate) fn build(job: &mut Job<'_>) -> Result<(), Stop> {
    let call = Call::cargo("build --locked -p stablelink-cli");
    job.need(&call, "the gateway on localhost must compile")
}

impl Sandbox {
    /// Starts one with further arguments of `stablelink sandbox`.
    pub(crate) fn start(root: &Path, args: &[&str]) -> Result<Self, Stop> {
        let call = Call::cargo("run --quiet --locked -p stablelink-cli -- sandbox")
            .args(args.iter().copied());
        // On Unix cargo becomes the program that it runs, so that what ends here is the gateway itself.
        let process = Running::start(&call, root)?;
        let mut lines = Vec::new();
        // The address, and who calls.
        while lines.len() <= SECRETS.len() {
            lines.push(process.line()?);
        }
        let value = |name: &str| {
            exported(&lines, name)
                .ok_or_else(|| Stop(format!("does not say {name}: {call}\n{}", lines.join("\n"))))
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

    /// Tells a program where the gateway is and who calls.
    pub(crate) fn told(&self, call: Call) -> Call {
        let call = call.env(ADDRESS, &self.address);
        let hide = |call: Call, (name, value): &(&'static str, String)| call.hidden(name, value);
        self.secrets.iter().fold(call, hide)
    }

    /// Its answers that did not fit the document.
    pub(crate) fn mismatches(&self) -> Result<Vec<String>, Stop> {
        let status = self.status()?;
        let list = status["mismatches"]
            .as_array()
            .ok_or_else(|| Stop("no `mismatches` in the status of the gateway".to_owned()))?;
        Ok(list.iter().map(ToString::to_string).collect())
    }

    /// What it saw, as its control answers `status`.
    pub(crate) fn status(&self) -> Result<Value, Stop> {
        let failed = |why: &str| {
            Stop(format!(
                "the gateway on localhost does not tell its status: {why}"
            ))
        };
        let client = Loopback::new()?;
        let url = format!("{}/_sandbox/status", self.address);
        let answer = client.send(client.request(Method::GET, &url))?;
        match serde_json::from_str(&answer.text) {
            Ok(status) if answer.status == 200 => Ok(status),
            _ => Err(failed(&format!("HTTP {}: {}", answer.status, answer.text))),
        }
    }
}

/// The value of `export NAME='value'`.
fn exported(lines: &[String], name: &str) -> Option<String> {
    let start = format!("export {name}='");
    let line = lines.iter().find_map(|line| line.strip_prefix(&start))?;
    line.strip_suffix('\'').map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_from_its_line_alone() {
        let lines = ["export A='1'", "export AB='2'", "export C=3"].map(str::to_owned);
        for (name, wanted) in [
            ("A", Some("1")),
            ("AB", Some("2")),
            ("C", None),
            ("D", None),
        ] {
            assert_eq!(exported(&lines, name).as_deref(), wanted, "{name}");
        }
    }
}
