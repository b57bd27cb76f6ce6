//! A site on this machine, and how it is pulled.

use std::{path::Path, time::Duration};

use stablelink_tests::site::{DocPage, Site, State};
use xtask::docs::{
    lock::{Entry, Lock},
    pull::{
        Form, Options,
        address::{ApiBase, Site as Address},
        settings::Settings,
    },
};

pub(crate) const FORMS: [Form; 2] = [Form::Json, Form::Markdown];

/// Waits of no length to speak of: a test never waits for a live site's patience.
pub(crate) fn settings() -> Settings {
    Settings {
        connect_timeout: Duration::from_secs(5),
        read_timeout: Duration::from_millis(500),
        total_timeout: Duration::from_secs(5),
        attempts: 2,
        backoff: Duration::ZERO,
        longest_backoff: Duration::ZERO,
        ..Settings::default()
    }
}

pub(crate) fn site(form: Form, pages: Vec<DocPage>) -> Site {
    Site::start(State {
        pages,
        published: form == Form::Json,
        ..State::default()
    })
    .unwrap()
}

pub(crate) fn options(site: &Site) -> Options {
    Options {
        site: Address::parse(&site.url()).unwrap(),
        api: ApiBase::parse(&site.api_base()).unwrap(),
        form: None,
        without: Vec::new(),
        settings: settings(),
    }
}

pub(crate) fn lock(root: &Path) -> Lock {
    let folder = root.join("spec/docs");
    let lock = Lock::read(&folder).unwrap();
    lock.verify(&folder).unwrap();
    lock
}

pub(crate) fn entry(root: &Path, id: &str) -> Option<Entry> {
    let lock = lock(root);
    lock.pages
        .into_iter()
        .find(|entry| entry.id.as_deref() == Some(id))
}

/// What a person reads, without the port of the test.
pub(crate) fn told(site: &Site, text: impl ToString) -> String {
    let host = &site.url()["http://".len()..];
    text.to_string()
        .replace(host, "<site>")
        .replace(&host.replace(':', "_"), "<site>")
}
