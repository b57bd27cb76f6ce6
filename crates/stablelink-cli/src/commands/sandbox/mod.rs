//! `sandbox`: the gateway on localhost.

mod fault;
mod relay;

use clap::{Args, ValueEnum};
use secrecy::ExposeSecret;
use stablelink_sandbox::{
    ErrorStatus, QueryForm, RateVersion, RetcodeForm, Sandbox as Gateway, TokenShape,
};

use crate::context::{API_KEY, API_SECRET, Context, ENV, SIGN_KEY};
use crate::failure::Failure;
use crate::terminal;
use fault::FaultSpec;

/// Runs the gateway on localhost.
#[derive(Debug, Args)]
#[command(after_help = "\
Its lines set the environment of another terminal: paste them there. Everything is in memory; Ctrl-C ends it.

Faults: KIND[:ARGUMENT][@OPERATION][*TIMES|%PERCENT], such as
    reset                       the next connection is cut
    after-reset@createTrade     the trade is made, and its answer lost
    status:503*3                three times HTTP 503
    latency:500%20              every fifth request, at random, half a second late
Kinds: reset, after-reset, stall, truncate, malformed, wrong-json, unauthorized, duplicate, status:CODE, html:CODE,
rate-limited:SECONDS, latency:MS, date-skew:MS. Operations: names of the document, such as createCheckoutOrder, or `token`,
or `calls` (all but the token call).")]
pub(crate) struct Sandbox {
    /// Port on 127.0.0.1 [default: a free one]
    #[arg(long)]
    port: Option<u16>,
    /// A fault, see below; may be given again
    #[arg(long = "fault", value_name = "FAULT")]
    faults: Vec<FaultSpec>,
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

impl Sandbox {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let stop = terminal::stop().await;
        let gateway = self.start().await?;
        let url = match self.port {
            Some(port) => relay::start(port, gateway.address()).await?,
            None => gateway.url().to_owned(),
        };
        for fault in self.faults {
            gateway.faults().add(fault.0);
        }
        let secrets = gateway.credentials();
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
             `stablelink whoami` ; Ctrl-C ends it"
        ));
        stop.await;
        gateway.shutdown().await;
        context.out.note("ended; its records are gone");
        Ok(())
    }

    async fn start(&self) -> Result<Gateway, Failure> {
        let mut builder = Gateway::builder()
            .error_status(match self.error_status {
                Errors::Always200 => ErrorStatus::Always200,
                Errors::ByKind => ErrorStatus::ByKind,
            })
            .retcode(match self.retcode {
                Retcode::AsDocumented => RetcodeForm::AsDocumented,
                Retcode::Integer => RetcodeForm::Integer,
                Retcode::Text => RetcodeForm::Text,
            })
            .token_shape(match self.token_shape {
                Shape::Enveloped => TokenShape::Enveloped,
                Shape::Bare => TokenShape::Bare,
            })
            .rate_version(match self.rate {
                Rate::Today => RateVersion::Today,
                Rate::Earlier => RateVersion::Earlier,
            })
            .query_form(match self.query_form {
                Query::Decoded => QueryForm::Decoded,
                Query::DecodedWithMark => QueryForm::DecodedWithMark,
                Query::EncodedSorted => QueryForm::EncodedSorted,
            });
        if let Some(seconds) = self.token_life {
            builder = builder.token_life(seconds);
        }
        builder
            .start()
            .await
            .map_err(|error| Failure::other(error.to_string()))
    }
}
