//! Sends a delivery to a receiver, to test it.

use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use reqwest::Url;
use stablelink::testing::TestDelivery;

use crate::commands::sign::now;
use crate::context::Context;
use crate::error::{CliError, CliExitCode, root_cause};
use crate::input::InputArg;
use crate::output::sanitize;

/// Sends a delivery signed like the gateway's.
#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// Event type, such as CHECKOUT_ORDER_CHANGED
    #[arg(long, value_name = "TYPE", required_unless_present = "body")]
    event: Option<String>,
    /// URL of the receiver
    #[arg(long, value_name = "URL", value_parser = parse_receiver)]
    to: Url,
    /// Event data as JSON: a literal text, @FILE, or @- for standard input
    #[arg(short, long, value_name = "JSON|@FILE|@-")]
    data: Option<InputArg>,
    /// Event ID [default: generated]
    #[arg(long)]
    id: Option<String>,
    /// Whole body instead of an event, sent and signed unchanged
    #[arg(long, value_name = "BODY|@FILE|@-", conflicts_with_all = ["event", "data", "id"])]
    body: Option<InputArg>,
}

impl SendArgs {
    pub(crate) async fn send(self, context: &Context) -> Result<(), CliError> {
        let key = context.sign_key()?;
        let delivery = match self.body {
            Some(body) => TestDelivery::raw(body.read()?),
            None => {
                let id = self.id;
                let id = id.unwrap_or_else(|| format!("evt_{}", stablelink::request_id()));
                let seconds = i64::try_from(now()?.as_millis() / 1000).unwrap_or_default();
                let delivery = TestDelivery::new(self.event.unwrap_or_default())
                    .id(id)
                    .timestamp(seconds);
                match &self.data {
                    Some(data) => delivery.data(data.read_text()?.trim()),
                    None => delivery,
                }
            }
        };
        let signed = delivery.signed(&key, SystemTime::now())?;
        let start = Instant::now();
        let http = context.network()?.http_client(TIMEOUT)?;
        let request = http.post(self.to).headers(signed.headers);
        let response = request.body(signed.body).send().await.map_err(|error| {
            let problem = format!("sending the delivery failed: {}", root_cause(&error));
            CliError::new(CliExitCode::Network, problem)
                .next("is the receiver running? `stablelink webhook listen` is one")
        })?;
        let status = response.status();
        let body = response.text().await.unwrap_or_default();
        let body: String = sanitize(body.trim()).chars().take(200).collect();
        let (code, ms) = (status.as_u16(), start.elapsed().as_millis());
        context.out.note(format!("HTTP {code} · {ms} ms"));
        context.out.line(body)?;
        if status.is_success() {
            return Ok(());
        }
        let problem = format!("the receiver rejected the delivery: HTTP {code}");
        Err(CliError::other(problem).next("the gateway would deliver it again, up to 14 times"))
    }
}

/// The timeout of a delivery, which is shorter than that of the gateway.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(14);

/// Parses the URL of a receiver.
pub(super) fn parse_receiver(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "expected a URL such as http://127.0.0.1:8080/hook")?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err("expected a URL with http or https"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receiver_is_a_url_with_http() {
        for (text, is_valid) in [
            ("http://127.0.0.1:8080/hook", true),
            ("https://receiver.example", true),
            ("", false),
            ("localhost:8080", false),
            ("127.0.0.1:8080", false),
            ("http://", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(parse_receiver(text).is_ok(), is_valid, "{text}");
        }
    }
}
