//! The command `probe`: read-only calls that test undocumented behaviour, and a report without secrets.
//!
//! `checks` has the checks in the order of the report, `probe_client` sends the calls, `report` formats the findings.

mod checks;
mod probe_client;
mod report;

use clap::Args;
use serde_json::json;
use stablelink::Environment;

use crate::context::Context;
use crate::error::CliError;
use probe_client::ProbeClient;
use report::report;

/// Tests undocumented behaviour of the gateway.
#[derive(Debug, Args)]
#[command(after_help = "\
The command sends about fifteen calls, none of which changes a record: two for a token, an exchange rate, an order that does not
exist, and the same order with deliberately wrong signatures, tokens and times. **A new token invalidates the previous one**:
other programs with the same credentials have to get a new token (programs that use this project do so automatically).

The report contains no secret, token, account number or record. Paste it into an issue of this project.")]
pub(crate) struct Probe {
    /// Allow production, where the token of running programs is invalidated
    #[arg(long)]
    yes: bool,
}

impl Probe {
    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        let environment = context.environment()?.value;
        if environment == Environment::Production && !self.yes {
            let problem = "on production, a new token invalidates that of running programs";
            return Err(CliError::usage(problem).next("probe the sandbox, or pass --yes"));
        }
        // The client rejects addresses without TLS on other hosts, and missing secrets.
        context.client()?;
        let (secrets, network) = (context.secrets()?.value, context.network()?);
        let client = ProbeClient::new(&environment.origin(), secrets, &network)?;
        let findings = checks::run_all(client, |step| context.out.note(step)).await?;
        let gateway = match environment {
            Environment::Custom(_) => "a custom address".to_owned(),
            named => named.origin().to_string(),
        };
        if !context.out.is_json() {
            return context.out.line(report(&gateway, &findings));
        }
        let findings: Vec<_> = findings
            .iter()
            .map(|finding| json!({"question": finding.question, "found": finding.found, "seen": finding.seen}))
            .collect();
        let result = json!({"gateway": gateway, "findings": findings});
        context.out.json_line(result.to_string())
    }
}
