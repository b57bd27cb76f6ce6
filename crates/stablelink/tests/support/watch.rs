//! Listens to all tests of a binary at TRACE, and reads their errors: what is private and told ends the run.
//!
//! Secrets, tokens and signatures are known by their form, so that it finds those of every gateway of every test, and of one that is
//! not written yet. `leaks` looks besides for each planted text in every form that it may have on its way.
#![allow(dead_code, reason = "not every binary needs all of it")]

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

/// Who pays in the orders of these tests: personal, and in every request and record of one.
pub(crate) const CUSTOMER: &str = "SuitePersonson60161331926819";

/// What is private in the tests of this crate, and in nothing else that they write. The credentials of a sandbox begin with the first
/// three.
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

/// Each word in the forms that it may have on its way, and which word that is.
static FORMS: LazyLock<(AhoCorasick, Vec<&str>)> = LazyLock::new(|| {
    let mut forms = Vec::new();
    for word in PRIVATE {
        let hex: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
        let bytes = format!("{:?}", word.as_bytes());
        let form: String = url::form_urlencoded::byte_serialize(word.as_bytes()).collect();
        // Whole groups alone: what follows in the text changes the last one.
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

/// What of a text is private, if anything is.
pub(crate) fn private(text: &str) -> Option<&'static str> {
    let (search, words) = &*FORMS;
    if let Some(found) = search.find(text) {
        return Some(words[found.pattern()]);
    }
    // A token of the sandbox, or the greater part of one.
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

/// How many bytes of this kind stand in a row.
fn longest(text: &str, kind: fn(u8) -> bool) -> usize {
    text.as_bytes()
        .split(|byte| !kind(*byte))
        .map(<[u8]>::len)
        .max()
        .unwrap_or_default()
}

/// Ends the run of the whole binary if something private is told. A panic would not do: some are caught.
fn look(place: &str, text: &str) {
    if let Some(what) = private(text) {
        // Past the capture of the test, whose text would be lost.
        let _ = writeln!(
            std::io::stderr(),
            "PRIVATE: {what}, told by {place}: {text}"
        );
        std::process::exit(101);
    }
}

/// An error in every form, and all that caused it.
pub(crate) fn texts(error: &Error) -> String {
    let mut text = format!("{error} {error:#} {error:?} {error:#?} {}", error.kind());
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, " {error} {error:?} {error:#?}");
        cause = error.source();
    }
    text
}

/// Reads the error of an outcome, if it is one.
#[track_caller]
pub(crate) fn read<T>(outcome: &Result<T, Error>) {
    if let Err(error) = outcome {
        look(&Location::caller().to_string(), &texts(error));
    }
}

pub(crate) trait Told {
    /// The outcome itself, after all texts of its error were read.
    fn told(self) -> Self;

    /// The error, as `unwrap_err` gives it, after all its texts were read.
    fn told_err(self) -> Error;
}

impl<T> Told for Result<T, Error> {
    #[track_caller]
    fn told(self) -> Self {
        read(&self);
        self
    }

    #[track_caller]
    fn told_err(self) -> Error {
        read(&self);
        match self {
            Ok(_) => panic!("it succeeded"),
            Err(error) => error,
        }
    }
}

/// Listens from now on, to every thread that has no subscriber of its own; what is written through `log` too.
pub(crate) fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let _ = tracing_log::LogTracer::init();
        tracing::subscriber::set_global_default(Registry::default().with(Watch)).unwrap();
    });
}

/// Looks at every event, and at every field of every span.
pub(crate) struct Watch;

#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, "{}={value} ", field.name());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Watch {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        let mut line = Line::default();
        attributes.record(&mut line);
        look(attributes.metadata().name(), &line.0);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let mut line = Line::default();
        values.record(&mut line);
        look(
            context.span(id).map_or("a span", |span| span.name()),
            &line.0,
        );
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        look(event.metadata().target(), &line.0);
    }
}

const PLANT: &str = "STABLELINK_TEST_PLANT";

/// This test runs itself as a process of its own, in which it tells what it must not.
#[test]
fn a_leak_anywhere_ends_the_run() {
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
                // Its cause is shown, and is what a source of credentials says.
                let client = stablelink::Client::builder()
                    .environment(stablelink::Environment::Sandbox)
                    .credentials(move || async move { Err(planted.into()) })
                    .build();
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                let token = client.unwrap();
                runtime.unwrap().block_on(token.token()).told_err();
            }
            "thread" => {
                let told = std::thread::spawn(move || tracing::trace!("asking {planted}"));
                told.join().unwrap();
            }
            _ => tracing::trace!("asking somebody"),
        }
        return;
    }
    let name = "watch::a_leak_anywhere_ends_the_run";
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
        let told = String::from_utf8_lossy(&run.stderr).contains("PRIVATE: sandbox-secret-");
        assert_eq!(
            (run.status.success(), told),
            (!found, found),
            "{place}: {run:?}"
        );
    }
}

#[test]
fn what_is_private_is_known_by_its_form() {
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
        // What is told in earnest.
        ("operation=create_checkout_order retcode=00906", None),
        ("orderNo 6f9619ff8b86d011b42d00cf4fc964ff", None),
        ("refresh_token is invalid or has expired", None),
        ("/checkout/order/create", None),
        ("", None),
    ] {
        assert_eq!(private(text), what, "{text}");
    }
}
