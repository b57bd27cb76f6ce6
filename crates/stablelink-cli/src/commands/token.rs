//! `token`.

use clap::Args;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use stablelink::BearerToken;

use crate::context::Context;
use crate::failure::Failure;

/// Gets a token, or shows how long the present one lives.
#[derive(Debug, Args)]
#[command(after_help = "\
All commands of this user share one token, for only one lives per client at a time; it is renewed when it is due. For a
program that can't share it:

    curl -H \"Authorization: Bearer $(stablelink token --print)\" ...")]
pub(crate) struct Token {
    /// Print the token itself, and nothing else: whoever has it can call as you, with the sign key
    #[arg(long)]
    print: bool,
}

impl Token {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let token = context.client()?.token().await?;
        if self.print {
            return context.out.line(token.token().expose_secret());
        }
        context.out.pairs(&[
            ("lives until", until(&token)),
            ("number", token.generation().to_string()),
        ])
    }
}

/// When it ends, in UTC.
pub(crate) fn until(token: &BearerToken) -> String {
    Timestamp::try_from(token.expires_at()).map_or_else(
        |_| "a time that can't be shown".to_owned(),
        |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}
