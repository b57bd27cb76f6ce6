//! A subscriber that keeps all it is told, of this crate and of those below it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

/// A span as it was when it closed.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) name: &'static str,
    pub(crate) level: Level,
    pub(crate) parent: Option<&'static str>,
    pub(crate) fields: BTreeMap<&'static str, String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) target: String,
    pub(crate) level: Level,
    pub(crate) text: String,
}

/// A subscriber that nobody tells anything. As long as there is but one, `tracing` asks that of the thread which comes first
/// whether a span is wanted, and believes it for all threads: a test without a subscriber would silence one with.
static ANOTHER: LazyLock<Dispatch> =
    LazyLock::new(|| Dispatch::new(Registry::default().with(Capture::default())));

#[derive(Clone, Default)]
pub(crate) struct Capture(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    spans: Vec<Span>,
    told: Vec<Told>,
}

impl Capture {
    /// Keeps what is told on this thread, until the guard goes; what is written through `log` too.
    pub(crate) fn start() -> (Self, tracing::subscriber::DefaultGuard) {
        // Only the first time: there is one for the process.
        let _ = tracing_log::LogTracer::init();
        LazyLock::force(&ANOTHER);
        let capture = Self::default();
        let subscriber = Registry::default().with(capture.clone());
        (capture, tracing::subscriber::set_default(subscriber))
    }

    /// The spans that have closed, in that order.
    pub(crate) fn spans(&self, name: &str) -> Vec<Span> {
        let kept = self.0.lock().unwrap();
        let of_name = kept.spans.iter().filter(|span| span.name == name);
        of_name.cloned().collect()
    }

    /// All events, and all spans as text.
    pub(crate) fn told(&self) -> Vec<Told> {
        let kept = self.0.lock().unwrap();
        let mut all = kept.told.clone();
        all.extend(kept.spans.iter().map(|span| Told {
            target: "span".to_owned(),
            level: span.level,
            text: format!("{span:?}"),
        }));
        all
    }
}

#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Capture {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let span = context.span(id).unwrap();
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        values.record(span.extensions_mut().get_mut::<Fields>().unwrap());
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut text = String::new();
        for (name, value) in &fields.0 {
            let _ = write!(text, "{name}={value} ");
        }
        // Of an event of `log` the target is a field.
        let target = fields.0.get("log.target");
        let target = target.map_or(event.metadata().target(), String::as_str);
        self.0.lock().unwrap().told.push(Told {
            target: target.to_owned(),
            level: *event.metadata().level(),
            text,
        });
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let fields = span.extensions_mut().remove::<Fields>().unwrap();
        let closed = Span {
            name: span.name(),
            level: *span.metadata().level(),
            parent: span.parent().map(|parent| parent.name()),
            fields: fields.0,
        };
        self.0.lock().unwrap().spans.push(closed);
    }
}
