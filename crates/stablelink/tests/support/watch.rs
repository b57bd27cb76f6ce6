//! Checks all log output (level TRACE) and all errors of the tests in one binary. If they contain private data, the process
//! exits with code 101.
//!
//! Secrets, tokens and signatures are recognised by their form, in every test and every gateway. The module `leaks` also searches for
//! planted values in every encoding.
#![allow(dead_code, reason = "not every binary uses all of it")]

use std::error::Error as _;
use std::fmt::{Debug, Write as _};
use std::io::Write as _;
use std::panic::Location;
use std::sync::{LazyLock, Once};

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use stablelink::Error;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

/// The customer of the orders in these tests: personal data in every request and record.
pub(crate) const CUSTOMER: &str = "SuitePersonson60161331926819";

/// Strings that occur only in private data of these tests. The credentials of a sandbox start with the first three.
const PRIVATE: [&str; 12] = [
    "sandbox-key-",
    "sandbox-secret-",
    "sandbox-sign-",
    "unit-test-sign-key",
    "unit-test-key",
    "planted-password",
    "api_key=",
    "api_secret=",
    "refresh_token=",
    "secretive",
    "a@b.example",
    CUSTOMER,
];

/// Each private string in all encodings, and the original.
static ENCODINGS: LazyLock<(AhoCorasick, Vec<&str>)> = LazyLock::new(|| {
    let mut forms = Vec::new();
    for word in PRIVATE {
        let hex: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
        let bytes = format!("{:?}", word.as_bytes());
        let form: String = url::form_urlencoded::byte_serialize(word.as_bytes()).collect();
        // Base64 encodes groups of three bytes. An incomplete last group would depend on the text that follows the secret.
        let base64 = STANDARD.encode(&word.as_bytes()[..word.len() / 3 * 3]);
        let bytes = bytes.trim_matches(['[', ']']).to_owned();
        for form in [word.to_owned(), hex, bytes, form, base64] {
            forms.push((form, word));
        }
    }
    let (forms, words): (Vec<String>, _) = forms.into_iter().unzip();
    let search = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(forms);
    (search.unwrap(), words)
});

/// Returns which private data a text contains, if any.
pub(crate) fn private(text: &str) -> Option<&'static str> {
    let (search, words) = &*ENCODINGS;
    if let Some(found) = search.find(text) {
        return Some(words[found.pattern()]);
    }
    // A token of the sandbox, or most of one.
    if longest(text, |byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'9')) >= 20 {
        return Some("a token");
    }
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let signed = |end: usize| {
        let before = text.as_bytes()[..end].iter().rev();
        before.take_while(|byte| base64(**byte)).count() >= 80
    };
    if text.match_indices("==").any(|(end, _)| signed(end)) {
        return Some("a signature");
    }
    let wallet = |rest: &str| rest.bytes().take_while(u8::is_ascii_hexdigit).count() >= 30;
    if text
        .match_indices("0x")
        .any(|(at, _)| wallet(&text[at + 2..]))
    {
        return Some("an address of a wallet");
    }
    None
}

/// Returns the length of the longest run of such bytes.
fn longest(text: &str, kind: fn(u8) -> bool) -> usize {
    text.as_bytes()
        .split(|byte| !kind(*byte))
        .map(<[u8]>::len)
        .max()
        .unwrap_or_default()
}

/// Ends the process if the text contains private data. A panic is not enough, because some are caught.
fn check(place: &str, text: &str) {
    if let Some(what) = private(text) {
        // Written directly, because the captured output of the test would be lost.
        let _ = writeln!(
            std::io::stderr(),
            "PRIVATE: {what}, written by {place}: {text}"
        );
        std::process::exit(101);
    }
}

/// Returns all texts of an error and its sources.
pub(crate) fn texts(error: &Error) -> String {
    let mut text = format!("{error} {error:#} {error:?} {error:#?} {}", error.kind());
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, " {error} {error:?} {error:#?}");
        cause = error.source();
    }
    text
}

/// Checks the error of a result.
#[track_caller]
pub(crate) fn read<T>(outcome: &Result<T, Error>) {
    if let Err(error) = outcome {
        check(&Location::caller().to_string(), &texts(error));
    }
}

pub(crate) trait CheckedResult {
    /// Checks all texts of the error and returns the result.
    fn checked(self) -> Self;

    /// Checks all texts of the error and returns it, like `unwrap_err`.
    fn checked_err(self) -> Error;
}

impl<T> CheckedResult for Result<T, Error> {
    #[track_caller]
    fn checked(self) -> Self {
        read(&self);
        self
    }

    #[track_caller]
    fn checked_err(self) -> Error {
        read(&self);
        match self {
            Ok(_) => panic!("it succeeded"),
            Err(error) => error,
        }
    }
}

/// Checks the log output of all threads without their own subscriber from now on, including the crate `log`.
pub(crate) fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let _ = tracing_log::LogTracer::init();
        tracing::subscriber::set_global_default(Registry::default().with(Watch)).unwrap();
    });
}

/// Checks every event and every field of every span.
pub(crate) struct Watch;

#[derive(Default)]
struct FieldText(String);

impl Visit for FieldText {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, "{}={value} ", field.name());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Watch {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        let mut line = FieldText::default();
        attributes.record(&mut line);
        check(attributes.metadata().name(), &line.0);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let mut line = FieldText::default();
        values.record(&mut line);
        check(
            context.span(id).map_or("a span", |span| span.name()),
            &line.0,
        );
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = FieldText::default();
        event.record(&mut line);
        check(event.metadata().target(), &line.0);
    }
}

const PLANT: &str = "STABLELINK_TEST_PLANT";

/// This test runs itself in another process, which writes private data.
#[test]
fn leak_in_any_output_ends_run() {
    let planted = "sandbox-secret-7Q";
    if let Ok(place) = std::env::var(PLANT) {
        listen();
        match place.as_str() {
            "event" => tracing::trace!("asking {planted}"),
            "field" => tracing::trace!(url = planted, "asking"),
            "log" => tracing_log::log::trace!("asking {planted}"),
            "span" => drop(tracing::trace_span!("call", key = planted)),
            "record" => {
                let span = tracing::trace_span!("call", key = tracing::field::Empty);
                span.record("key", planted);
            }
            "error" => {
                // The source of the error is the text of the credential source.
                let client = stablelink::Client::builder()
                    .environment(stablelink::Environment::Sandbox)
                    .credentials(move || async move { Err(planted.into()) })
                    .build();
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                let token = client.unwrap();
                runtime.unwrap().block_on(token.token()).checked_err();
            }
            "thread" => {
                let thread = std::thread::spawn(move || tracing::trace!("asking {planted}"));
                thread.join().unwrap();
            }
            _ => tracing::trace!("asking somebody"),
        }
        return;
    }
    let name = "watch::leak_in_any_output_ends_run";
    for (place, found) in [
        ("event", true),
        ("field", true),
        ("log", true),
        ("span", true),
        ("record", true),
        ("error", true),
        ("thread", true),
        ("nowhere", false),
    ] {
        let run = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name])
            .env(PLANT, place)
            .output()
            .unwrap();
        let detected = String::from_utf8_lossy(&run.stderr).contains("PRIVATE: sandbox-secret-");
        assert_eq!(
            (run.status.success(), detected),
            (!found, found),
            "{place}: {run:?}"
        );
    }
}

#[test]
fn private_data_is_recognised_by_form() {
    let signature = format!("{}==", "Ab3+/".repeat(18));
    for (text, what) in [
        ("key sandbox-key-ABC", Some("sandbox-key-")),
        ("SANDBOX-SIGN-abc", Some("sandbox-sign-")),
        ("sandbox%2Dsecret", None),
        (
            &STANDARD.encode("sandbox-secret-ABCDE"),
            Some("sandbox-secret-"),
        ),
        ("73616e64626f782d7369676e2d41", Some("sandbox-sign-")),
        (
            "[115, 97, 110, 100, 98, 111, 120, 45, 107, 101, 121, 45, 65]",
            Some("sandbox-key-"),
        ),
        ("https://h/token?grant_type=x&api_key=7", Some("api_key=")),
        ("Bearer ABCDEFGHJKLMNPQRSTUVWXYZ", Some("a token")),
        ("cut ABCDEFGHJKLMNPQRSTUV", Some("a token")),
        (&signature, Some("a signature")),
        (
            "0x9f9D96DAB48f2E67BF93CCc7Ece46e09D5e4a22C",
            Some("an address of a wallet"),
        ),
        (&format!("of {CUSTOMER}"), Some(CUSTOMER)),
        // Texts that are actually written.
        ("operation=create_checkout_order retcode=00906", None),
        ("orderNo 6f9619ff8b86d011b42d00cf4fc964ff", None),
        ("refresh_token is invalid or has expired", None),
        ("/checkout/order/create", None),
        ("", None),
    ] {
        assert_eq!(private(text), what, "{text}");
    }
}
