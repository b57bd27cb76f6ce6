//! The local sandbox as a server.

use std::net::{Ipv4Addr, SocketAddr};

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use secrecy::ExposeSecret;
use stablelink_sandbox::{
    ErrorStatus, Fault, InvalidFault, RateForm, RetcodeForm, Sandbox, SandboxQueryForm, StartError,
    TokenShape,
};

use crate::context::{Context, ENV};
use crate::error::CliError;
use crate::input::integer_from;
use crate::settings::{API_KEY, API_SECRET, SIGN_KEY};
use crate::terminal;

/// The address and the behaviour of the sandbox.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Port on 127.0.0.1; 0 selects a free one
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    port: u16,
    /// URL that receives webhooks, such as http://127.0.0.1:8787/ of `stablelink webhook listen`
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// Fault to start with, as listed by `stablelink sandbox fault --help`; may be repeated
    #[arg(long = "fault", value_name = "FAULT", value_parser = parse_fault)]
    faults: Vec<String>,
    /// Lifetime of a token in seconds
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = integer_from(0))]
    token_lifetime: Option<u64>,
    /// HTTP status of rejected calls; that of the real gateway is unknown
    #[arg(long, default_value = "always200", value_name = "STATUS", value_parser = one_of([
        ("always200", "HTTP 200 with an error envelope", ErrorStatus::Always200),
        ("by-kind", "HTTP 4xx with an error envelope", ErrorStatus::ByKind),
    ]))]
    error_status: ErrorStatus,
    /// Type of the retcode
    #[arg(long, default_value = "observed", value_name = "TYPE", value_parser = one_of([
        ("observed", "The string \"200\"; the integer 200 for the simulated event", RetcodeForm::Observed),
        ("as-documented", "As shown on the page of each operation", RetcodeForm::AsDocumented),
        ("integer", "The integer 200", RetcodeForm::Integer),
        ("text", "The string \"200\"", RetcodeForm::String),
    ]))]
    retcode: RetcodeForm,
    /// Shape of the token response
    #[arg(long, default_value = "enveloped", value_name = "SHAPE", value_parser = one_of([
        ("enveloped", "In the envelope, as shown on the page of the token", TokenShape::Enveloped),
        ("bare", "Without an envelope: only the five fields of the token", TokenShape::Bare),
    ]))]
    token_shape: TokenShape,
    /// Form of the exchange rate
    #[arg(long, default_value = "channel-rate", value_name = "FORM", value_parser = one_of([
        ("channel-rate", "The form of 2026-03-31: channelRate and fees", RateForm::ChannelRate),
        ("quote-id", "The form of 2026-03-03: rate and quoteId", RateForm::QuoteId),
    ]))]
    rate: RateForm,
    /// Form of signed queries
    #[arg(long, default_value = "decoded", value_name = "FORM", value_parser = one_of([
        ("decoded", "The documented form", SandboxQueryForm::Decoded),
        ("decoded-with-mark", "With a leading question mark", SandboxQueryForm::DecodedWithMark),
        ("encoded-sorted", "The form of the vendor's client", SandboxQueryForm::EncodedSorted),
    ]))]
    query_form: SandboxQueryForm,
}

/// Returns a parser for one of these values. Each entry has the name, the help and the value.
fn one_of<T, const N: usize>(
    values: [(&'static str, &'static str, T); N],
) -> impl TypedValueParser<Value = T>
where
    T: Clone + Send + Sync + 'static,
{
    let names = values
        .iter()
        .map(|(name, help, _)| PossibleValue::new(*name).help(*help));
    PossibleValuesParser::new(names.collect::<Vec<_>>()).try_map(move |name| {
        let value = values.iter().find(|(known, ..)| *known == name);
        value
            .map(|(.., value)| value.clone())
            .ok_or("unknown value")
    })
}

/// Validates a fault. Its text is kept, because the dashboard shows it.
pub(super) fn parse_fault(text: &str) -> Result<String, InvalidFault> {
    text.parse::<Fault>().map(|_| text.to_owned())
}

impl ServeArgs {
    pub(super) async fn run(self, context: &Context) -> Result<(), CliError> {
        let stopped = terminal::stop_signal()?;
        let sandbox = self.start().await?;
        let url = sandbox.url();
        let secrets = sandbox.credentials();
        for (name, value) in [
            (ENV, url),
            (API_KEY, secrets.api_key().expose_secret()),
            (API_SECRET, secrets.api_secret().expose_secret()),
            (SIGN_KEY, secrets.sign_key().expose_secret()),
        ] {
            context.out.line(format!("export {name}='{value}'"))?;
        }
        context.out.note(format!(
            "local sandbox (not the vendor's) on {url} ; paste the lines above into another terminal and run \
             `stablelink whoami` ; dashboard {url}/ , API reference {url}/docs ; stop with Ctrl-C"
        ));
        stopped.await?;
        sandbox.shutdown().await;
        context.out.note("stopped; all records are deleted");
        Err(CliError::interrupted(None))
    }

    async fn start(&self) -> Result<Sandbox, CliError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut builder = Sandbox::builder()
            .bind(address)
            .error_status(self.error_status)
            .retcode(self.retcode)
            .token_shape(self.token_shape)
            .rate_form(self.rate)
            .query_form(self.query_form);
        if let Some(seconds) = self.token_lifetime {
            builder = builder.token_lifetime(seconds);
        }
        let sandbox = builder.start().await.map_err(|error| match error {
            StartError::Listen(_) => CliError::usage(format!("{address}: {error}"))
                .next("use another --port, or omit it"),
            other => CliError::other(other.to_string()),
        })?;
        if let Some(url) = &self.webhook {
            sandbox
                .set_webhook_url(url)
                .map_err(|error| CliError::usage(format!("--webhook {url}: {error}")))?;
        }
        for fault in &self.faults {
            let added = sandbox.faults().add_text(fault);
            added.map_err(|error| CliError::usage(format!("--fault {fault}: {error}")))?;
        }
        Ok(sandbox)
    }
}

#[cfg(test)]
mod tests {
    use super::super::FAULTS;
    use super::{Fault, parse_fault};

    #[test]
    fn faults_of_the_help_are_valid() {
        let examples = FAULTS
            .lines()
            .filter_map(|line| line.strip_prefix("    "))
            .map(|line| line.split_whitespace().next().unwrap());
        assert!(examples.clone().count() >= 4);
        for example in examples {
            assert_eq!(parse_fault(example).unwrap(), example);
        }
        for kind in Fault::KINDS {
            let row = FAULTS.lines().find_map(|line| {
                let name = line.strip_prefix("  ")?.split(['=', '[', ' ']).next();
                name.filter(|name| *name == kind)
            });
            assert!(row.is_some(), "{kind}");
        }
        let error = parse_fault("reset@nowhere").unwrap_err().to_string();
        assert!(error.contains("`nowhere` is not a valid target"), "{error}");
    }
}
