//! `sign`, and what `sign` and `verify` are told of a message.

use std::time::SystemTime;

use clap::Args;
use stablelink_signature::{
    MessageKind, QueryForm, RequestLine, SIGNATURE, SigningKey, TIMESTAMP, Timestamp,
};

use crate::context::Context;
use crate::failure::Failure;
use crate::input::Input;

/// What is signed.
#[derive(Debug, Args)]
pub(crate) struct Message {
    /// HTTP method
    #[arg(required_unless_present = "webhook", conflicts_with = "webhook")]
    method: Option<String>,
    /// Path and query as they are sent, with their escapes; of an address, host and scheme are left out
    #[arg(required_unless_present = "webhook", conflicts_with = "webhook")]
    target: Option<String>,
    /// A delivery to a webhook: timestamp and body alone are signed
    #[arg(long)]
    webhook: bool,
    /// Body: a text as it is, @FILE, or @- for standard input; not a byte is added or taken away
    #[arg(short, long, value_name = "BODY|@FILE|@-")]
    data: Option<Input>,
    /// How the query is signed: decoded (documented), decoded-with-mark, encoded-sorted [default: that of the profile]
    #[arg(long, value_name = "FORM")]
    query_form: Option<QueryForm>,
}

/// The parts of a message, read.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    /// None of a webhook.
    pub(crate) line: Option<Line>,
    pub(crate) body: Vec<u8>,
}

/// Method, path and query.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) form: QueryForm,
}

impl Message {
    pub(crate) fn read(&self, context: &Context) -> Result<Parts, Failure> {
        let line = match (&self.method, &self.target) {
            (Some(method), Some(target)) => {
                let form = match self.query_form {
                    Some(form) => form,
                    None => context.query_form()?,
                };
                let (path, query) = split(target)?;
                Some(Line {
                    method: method.clone(),
                    path,
                    query,
                    form,
                })
            }
            _ => None,
        };
        let body = self.data.as_ref().map_or(Ok(Vec::new()), Input::read)?;
        Ok(Parts { line, body })
    }
}

impl Parts {
    pub(crate) fn subject(&self) -> MessageKind<'_> {
        match &self.line {
            None => MessageKind::Webhook,
            Some(line) => MessageKind::Request(
                RequestLine::new(&line.method, &line.path)
                    .query(&line.query)
                    .query_form(line.form),
            ),
        }
    }
}

/// Path and query of a target.
fn split(target: &str) -> Result<(String, String), Failure> {
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
            Failure::usage("the target has a fragment, which is never sent")
                .next("leave out `#` and what follows"),
        );
    }
    let (path, query) = local.split_once('?').unwrap_or((local, ""));
    let path = if path.is_empty() && local.len() < target.len() {
        "/"
    } else {
        path
    };
    if !path.starts_with('/') {
        return Err(Failure::usage("the target has no path")
            .next("write it as it is sent, such as /checkout/order/info?orderNo=7"));
    }
    Ok((path.to_owned(), query.to_owned()))
}

/// Signs a request or a webhook.
#[derive(Debug, Args)]
#[command(after_help = "\
The key is that of STABLELINK_SIGN_KEY, or of the profile. With -v the string to sign is shown on standard error.

    stablelink sign POST /trade/exchange-rate -d '{\"sellCurrency\":\"USDT\"}' --headers | \\
        curl -H @- -H \"Authorization: Bearer $(stablelink token --print)\" -d '{\"sellCurrency\":\"USDT\"}' ...")]
pub(crate) struct Sign {
    #[command(flatten)]
    message: Message,
    /// Time of signing, in milliseconds since the epoch [default: now, which is told on standard error]
    #[arg(long, value_name = "MS")]
    timestamp: Option<Timestamp>,
    /// Print both headers in place of the signature alone
    #[arg(long)]
    headers: bool,
}

impl Sign {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let key = SigningKey::new(&context.sign_key()?)
            .map_err(|error| Failure::usage(error.to_string()))?;
        let parts = self.message.read(context)?;
        let timestamp = match self.timestamp {
            Some(timestamp) => timestamp,
            None => now()?,
        };
        let subject = parts.subject();
        if context.verbose() > 0 {
            let text = subject.string_to_sign(timestamp, [&parts.body]);
            context.out.note(format!(
                "string to sign: {}",
                String::from_utf8_lossy(&text)
            ));
        }
        let signature = key.sign(subject, timestamp, [&parts.body]).to_base64();
        if self.headers {
            context.out.line(format!("{SIGNATURE}: {signature}"))?;
            return context.out.line(format!("{TIMESTAMP}: {timestamp}"));
        }
        if self.timestamp.is_none() {
            context.out.note(format!("{TIMESTAMP}: {timestamp}"));
        }
        context.out.line(signature)
    }
}

pub(crate) fn now() -> Result<Timestamp, Failure> {
    Timestamp::try_from(SystemTime::now())
        .map_err(|error| Failure::usage(format!("the clock of this machine: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_query_are_taken_as_they_are() {
        for (target, path, query) in [
            ("/a", "/a", ""),
            ("/a?b=c%20d?e", "/a", "b=c%20d?e"),
            ("https://host:8443/a/b?c", "/a/b", "c"),
            ("http://host", "/", ""),
            ("HTTP://host?x=1", "/", "x=1"),
            ("/a?u=http://b/c", "/a", "u=http://b/c"),
        ] {
            assert_eq!(
                split(target).unwrap(),
                (path.to_owned(), query.to_owned()),
                "{target}"
            );
        }
        for wrong in ["a", "", "?a", "/a#b", "ftp://host/a"] {
            assert!(split(wrong).is_err(), "{wrong}");
        }
    }
}
