//! Runs the gateway until it is stopped.

use std::net::{Ipv4Addr, SocketAddr};

use clap::{Args, ValueEnum};
use secrecy::ExposeSecret;
use stablelink_sandbox::{
    ErrorStatus, Fault, InvalidFault, RateVersion, RetcodeForm, Sandbox, SandboxQueryForm,
    StartError, TokenShape,
};

use crate::context::{API_KEY, API_SECRET, Context, ENV, SIGN_KEY};
use crate::failure::Failure;
use crate::terminal;

/// The gateway and how it behaves.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Where webhooks go, such as http://127.0.0.1:8787/ of `stablelink webhook listen`
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// A fault, see below; may be given again
    #[arg(long = "fault", value_name = "FAULT", value_parser = fault)]
    faults: Vec<String>,
    /// How long a token lives, in seconds
    #[arg(long, value_name = "SECONDS")]
    token_life: Option<u64>,
    /// How refusals come: nobody has recorded what the real one does
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    error_status: Errors,
    /// Type of the retcode
    #[arg(long, value_enum, default_value_t, value_name = "TYPE")]
    retcode: Retcode,
    /// Form of the token answer
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    token_shape: Shape,
    /// Version of the exchange rate
    #[arg(long, value_enum, default_value_t, value_name = "VERSION")]
    rate: Rate,
    /// How queries are signed
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    query_form: Query,
}

/// A fault of the sandbox, kept as text so that its dashboard can name it.
pub(super) fn fault(text: &str) -> Result<String, InvalidFault> {
    text.parse::<Fault>().map(|_| text.to_owned())
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Errors {
    /// HTTP 200 with an error envelope
    #[default]
    Always200,
    /// 4xx with an error envelope
    ByKind,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Retcode {
    /// As each page shows it
    #[default]
    AsDocumented,
    /// 200
    Integer,
    /// "200"
    Text,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Shape {
    /// In the envelope, as the page of the token shows it
    #[default]
    Enveloped,
    /// The five fields alone
    Bare,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Rate {
    /// Of 2026-03-31: channelRate and fees
    #[default]
    Today,
    /// Of 2026-03-03: rate and quoteId
    Earlier,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Query {
    /// The documented form
    #[default]
    Decoded,
    /// With a question mark
    DecodedWithMark,
    /// As the vendor's client does
    EncodedSorted,
}

impl Serve {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let stop = terminal::stop().await;
        let sandbox = self.start().await?;
        let url = sandbox.url().to_owned();
        let secrets = sandbox.credentials();
        for (name, value) in [
            (ENV, url.as_str()),
            (API_KEY, secrets.api_key().expose_secret()),
            (API_SECRET, secrets.api_secret().expose_secret()),
            (SIGN_KEY, secrets.sign_key().expose_secret()),
        ] {
            context.out.line(format!("export {name}='{value}'"))?;
        }
        context.out.note(format!(
            "the gateway of this project (not the vendor's) on {url} ; paste the lines above into another terminal and try \
             `stablelink whoami` ; dashboard {url}/ , reference {url}/docs ; Ctrl-C ends it"
        ));
        stop.await;
        sandbox.shutdown().await;
        context.out.note("ended; its records are gone");
        Ok(())
    }

    async fn start(&self) -> Result<Sandbox, Failure> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut builder = Sandbox::builder()
            .bind(address)
            .error_status(match self.error_status {
                Errors::Always200 => ErrorStatus::Always200,
                Errors::ByKind => ErrorStatus::ByKind,
            })
            .retcode(match self.retcode {
                Retcode::AsDocumented => RetcodeForm::AsDocumented,
                Retcode::Integer => RetcodeForm::Integer,
                Retcode::Text => RetcodeForm::String,
            })
            .token_shape(match self.token_shape {
                Shape::Enveloped => TokenShape::Enveloped,
                Shape::Bare => TokenShape::Bare,
            })
            .rate_version(match self.rate {
                Rate::Today => RateVersion::Current,
                Rate::Earlier => RateVersion::Previous,
            })
            .query_form(match self.query_form {
                Query::Decoded => SandboxQueryForm::Decoded,
                Query::DecodedWithMark => SandboxQueryForm::DecodedWithMark,
                Query::EncodedSorted => SandboxQueryForm::EncodedSorted,
            });
        if let Some(seconds) = self.token_life {
            builder = builder.token_lifetime(seconds);
        }
        let sandbox = builder.start().await.map_err(|error| match error {
            StartError::Listen(_) => {
                Failure::usage(format!("{address}: {error}")).next("take another --port, or none")
            }
            other => Failure::other(other.to_string()),
        })?;
        if let Some(url) = &self.webhook {
            sandbox
                .set_webhook_url(url)
                .map_err(|error| Failure::usage(format!("--webhook {url}: {error}")))?;
        }
        for fault in &self.faults {
            let added = sandbox.faults().add_text(fault);
            added.map_err(|error| Failure::usage(format!("--fault {fault}: {error}")))?;
        }
        Ok(sandbox)
    }
}

#[cfg(test)]
mod tests {
    use super::super::FAULTS;
    use super::fault;

    #[test]
    fn the_faults_of_the_help_are_faults() {
        let examples = FAULTS
            .lines()
            .filter_map(|line| line.strip_prefix("    "))
            .map(|line| line.split_whitespace().next().unwrap());
        assert!(examples.clone().count() >= 4);
        for example in examples {
            assert_eq!(fault(example).unwrap(), example);
        }
        let error = fault("reset@nowhere").unwrap_err().to_string();
        assert!(error.contains("`nowhere` is not a valid target"), "{error}");
    }
}
