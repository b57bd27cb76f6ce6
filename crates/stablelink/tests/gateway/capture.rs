//! A tracing subscriber that records all spans and events, of this crate and of its dependencies.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

use crate::watch::Watch;

/// A closed span with its fields.
#[derive(Clone, Debug)]
pub(crate) struct CapturedSpan {
    pub(crate) name: &'static str,
    pub(crate) level: Level,
    pub(crate) parent: Option<&'static str>,
    pub(crate) fields: BTreeMap<&'static str, String>,
}

#[derive(Clone, Debug)]
pub(crate) struct CapturedEvent {
    pub(crate) target: String,
    pub(crate) level: Level,
    pub(crate) text: String,
}

#[derive(Clone, Default)]
pub(crate) struct Capture(Arc<Mutex<CapturedLog>>);

#[derive(Default)]
struct CapturedLog {
    spans: Vec<CapturedSpan>,
    events: Vec<CapturedEvent>,
}

impl Capture {
    /// Records spans and events of this thread, including those of `log`, until the guard is dropped.
    pub(crate) fn start() -> (Self, tracing::subscriber::DefaultGuard) {
        crate::watch::listen();
        let capture = Self::default();
        let subscriber = Registry::default().with(capture.clone()).with(Watch);
        (capture, tracing::subscriber::set_default(subscriber))
    }

    /// Like [`start`](Self::start), but without the check for secrets, for tests that log secrets on purpose.
    pub(crate) fn unwatched() -> (Self, tracing::subscriber::DefaultGuard) {
        crate::watch::listen();
        let capture = Self::default();
        let subscriber = Registry::default().with(capture.clone());
        (capture, tracing::subscriber::set_default(subscriber))
    }

    /// Returns the closed spans of this name, in the order in which they closed.
    pub(crate) fn spans(&self, name: &str) -> Vec<CapturedSpan> {
        let log = self.0.lock().unwrap();
        let matching = log.spans.iter().filter(|span| span.name == name);
        matching.cloned().collect()
    }

    /// Returns all events, and all spans as text.
    pub(crate) fn events(&self) -> Vec<CapturedEvent> {
        let log = self.0.lock().unwrap();
        let mut all = log.events.clone();
        all.extend(log.spans.iter().map(|span| CapturedEvent {
            target: "span".to_owned(),
            level: span.level,
            text: format!("{span:?}"),
        }));
        all
    }
}

#[derive(Default)]
struct FieldVisitor(BTreeMap<&'static str, String>);

impl Visit for FieldVisitor {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Capture {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = FieldVisitor::default();
        attributes.record(&mut fields);
        let span = context.span(id).unwrap();
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        values.record(span.extensions_mut().get_mut::<FieldVisitor>().unwrap());
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = FieldVisitor::default();
        event.record(&mut fields);
        let mut text = String::new();
        for (name, value) in &fields.0 {
            let _ = write!(text, "{name}={value} ");
        }
        // The target of a `log` record is a field.
        let target = fields.0.get("log.target");
        let target = target.map_or(event.metadata().target(), String::as_str);
        self.0.lock().unwrap().events.push(CapturedEvent {
            target: target.to_owned(),
            level: *event.metadata().level(),
            text,
        });
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let fields = span.extensions_mut().remove::<FieldVisitor>().unwrap();
        let closed = CapturedSpan {
            name: span.name(),
            level: *span.metadata().level(),
            parent: span.parent().map(|parent| parent.name()),
            fields: fields.0,
        };
        self.0.lock().unwrap().spans.push(closed);
    }
}
