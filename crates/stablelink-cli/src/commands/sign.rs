//! The command `sign`, and the message arguments that it shares with `verify`.

use std::time::SystemTime;

use clap::Args;
use stablelink_signature::{
    MessageKind, QueryForm, RequestLine, SIGNATURE, SigningKey, TIMESTAMP, Timestamp,
};

use crate::context::Context;
use crate::error::CliError;
use crate::input::InputArg;

/// The arguments that describe a message.
#[derive(Debug, Args)]
pub(crate) struct MessageArgs {
    /// HTTP method
    #[arg(required_unless_present = "webhook", conflicts_with = "webhook")]
    method: Option<String>,
    /// Path and query as sent, with their escapes; the scheme and host of a URL are ignored
    #[arg(required_unless_present = "webhook", conflicts_with = "webhook")]
    target: Option<String>,
    /// Webhook delivery: only timestamp and body are signed
    #[arg(long)]
    webhook: bool,
    /// Body, used unchanged: a literal text, @FILE, or @- for standard input
    #[arg(short, long, value_name = "BODY|@FILE|@-")]
    data: Option<InputArg>,
    /// Form of the signed query: decoded (documented), decoded-with-mark, encoded-sorted [default: that of the profile]
    #[arg(long, value_name = "FORM")]
    query_form: Option<QueryForm>,
}

/// The parts of a message.
#[derive(Clone, Debug)]
pub(crate) struct MessageParts {
    /// `None` for a webhook.
    pub(crate) target: Option<SignedTarget>,
    pub(crate) body: Vec<u8>,
}

/// Method, path and query of a request.
#[derive(Clone, Debug)]
pub(crate) struct SignedTarget {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) form: QueryForm,
}

impl MessageArgs {
    pub(crate) fn read(&self, context: &Context) -> Result<MessageParts, CliError> {
        let target = match (&self.method, &self.target) {
            (Some(method), Some(target)) => {
                let form = match self.query_form {
                    Some(form) => form,
                    None => context.query_form()?,
                };
                let (path, query) = split_target(target)?;
                Some(SignedTarget {
                    method: method.clone(),
                    path,
                    query,
                    form,
                })
            }
            _ => None,
        };
        let body = self.data.as_ref().map_or(Ok(Vec::new()), InputArg::read)?;
        Ok(MessageParts { target, body })
    }
}

impl MessageParts {
    pub(crate) fn kind(&self) -> MessageKind<'_> {
        match &self.target {
            None => MessageKind::Webhook,
            Some(target) => MessageKind::Request(
                RequestLine::new(&target.method, &target.path)
                    .query(&target.query)
                    .query_form(target.form),
            ),
        }
    }
}

/// Splits a target into path and query.
fn split_target(target: &str) -> Result<(String, String), CliError> {
    let local = match target.split_once("://") {
        Some((scheme, rest))
            if scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http") =>
        {
            &rest[rest.find(['/', '?', '#']).unwrap_or(rest.len())..]
        }
        _ => target,
    };
    if local.contains('#') {
        return Err(
            CliError::usage("the target has a fragment, which is never sent")
                .next("remove `#` and everything after it"),
        );
    }
    let (path, query) = local.split_once('?').unwrap_or((local, ""));
    let path = if path.is_empty() && local.len() < target.len() {
        "/"
    } else {
        path
    };
    if !path.starts_with('/') {
        return Err(CliError::usage("the target has no path")
            .next("pass it as sent, such as /checkout/order/info?orderNo=7"));
    }
    Ok((path.to_owned(), query.to_owned()))
}

/// Signs a request or a webhook.
#[derive(Debug, Args)]
#[command(after_help = "\
The sign key is read from STABLELINK_SIGN_KEY or the profile. With -v, the string to sign is printed to standard error.

    stablelink sign POST /trade/exchange-rate -d '{\"sellCurrency\":\"USDT\"}' --headers | \\
        curl -H @- -H \"Authorization: Bearer $(stablelink token --print)\" -d '{\"sellCurrency\":\"USDT\"}' ...")]
pub(crate) struct Sign {
    #[command(flatten)]
    message: MessageArgs,
    /// Signing time in milliseconds since the epoch [default: now, printed to standard error]
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    timestamp: Option<Timestamp>,
    /// Print both headers instead of only the signature
    #[arg(long)]
    headers: bool,
}

impl Sign {
    pub(crate) fn run(self, context: &Context) -> Result<(), CliError> {
        let key = SigningKey::new(&context.sign_key()?)
            .map_err(|error| CliError::usage(error.to_string()))?;
        let parts = self.message.read(context)?;
        let timestamp = match self.timestamp {
            Some(timestamp) => timestamp,
            None => now()?,
        };
        let message = parts.kind();
        if context.verbose() > 0 {
            let text = message.string_to_sign(timestamp, [&parts.body]);
            let text = String::from_utf8_lossy(&text);
            context.out.exact_note(&format!("string to sign: {text}"));
        }
        let signature = key.sign(message, timestamp, [&parts.body]).to_base64();
        if self.headers {
            context.out.line(format!("{SIGNATURE}: {signature}"))?;
            return context.out.line(format!("{TIMESTAMP}: {timestamp}"));
        }
        if self.timestamp.is_none() {
            // Without the timestamp, the signature is useless: `--quiet` does not hide it.
            context.out.exact_note(&format!("{TIMESTAMP}: {timestamp}"));
        }
        context.out.line(signature)
    }
}

pub(crate) fn now() -> Result<Timestamp, CliError> {
    Timestamp::try_from(SystemTime::now())
        .map_err(|error| CliError::usage(format!("system clock: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_is_split_into_path_and_query() {
        for (target, path, query) in [
            ("/a", "/a", ""),
            ("/a?b=c%20d?e", "/a", "b=c%20d?e"),
            ("https://host:8443/a/b?c", "/a/b", "c"),
            ("http://host", "/", ""),
            ("HTTP://host?x=1", "/", "x=1"),
            ("/a?u=http://b/c", "/a", "u=http://b/c"),
        ] {
            assert_eq!(
                split_target(target).unwrap(),
                (path.to_owned(), query.to_owned()),
                "{target}"
            );
        }
        for wrong in ["a", "", "?a", "/a#b", "ftp://host/a"] {
            assert!(split_target(wrong).is_err(), "{wrong}");
        }
    }
}
