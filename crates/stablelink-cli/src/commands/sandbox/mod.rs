//! `sandbox`: the gateway on localhost, and what happens around it.

mod control;
mod serve;

use clap::Args;

use crate::context::Context;
use crate::failure::Failure;

/// Runs the gateway on localhost, or steers one that runs.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = FAULTS)]
pub(crate) struct Sandbox {
    #[command(subcommand)]
    control: Option<control::Control>,
    #[command(flatten)]
    serve: serve::Serve,
}

const FAULTS: &str = "\
Without a command it runs the gateway. Its lines set the environment of another terminal: paste them there. Everything is in
memory; Ctrl-C ends it. The commands steer the gateway that STABLELINK_ENV or --env names: they are what happens outside of it.

Faults: KIND[=ARGUMENT][@TARGET][:OPTION]..., such as
    reset                              the next connection is cut
    reset@createTrade:after            the trade is made, and its answer lost
    status=503@calls:times=3           three times HTTP 503
    latency=500ms:rate=0.2             every fifth request, at random, half a second late
    date-skew=-90s:always              a gateway whose clock is behind
Kinds: reset, stall, stall-within-body, truncate, latency=TIME, date-skew=TIME, status=CODE, html=CODE, unauthorized,
rate-limited[=SECONDS], malformed-json, unexpected-json, large-error=BYTES, duplicate, null=MEMBER, wrong-type=MEMBER,
unknown-value=MEMBER. Targets: an operation such as createCheckoutOrder, `token`, `calls` (all but the token's), or a path.
Options: before, after, times=N, always, skip=N, rate=P, seed=N, retry-after=SECONDS, no-body.";

impl Sandbox {
    /// Whether it runs until it is stopped.
    pub(crate) const fn serves(&self) -> bool {
        self.control.is_none()
    }

    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self.control {
            Some(control) => control.run(context).await,
            None => self.serve.run(context).await,
        }
    }
}
