//! A site on localhost, and the options for pulling it.

use std::{path::Path, time::Duration};

use stablelink_tests::site::{DocPage, Site, SiteState};
use xtask::docs::{
    lock::{CaptureEntry, CaptureLock},
    pull::{
        CaptureFormat, PullOptions,
        address::{ApiBase, Site as Address},
        settings::PullSettings,
    },
};

pub(crate) const FORMS: [CaptureFormat; 2] = [CaptureFormat::Json, CaptureFormat::Markdown];

/// Returns settings with short delays.
pub(crate) fn settings() -> PullSettings {
    PullSettings {
        connect_timeout: Duration::from_secs(5),
        read_timeout: Duration::from_millis(500),
        total_timeout: Duration::from_secs(5),
        attempts: 2,
        backoff: Duration::ZERO,
        max_backoff: Duration::ZERO,
        ..PullSettings::default()
    }
}

pub(crate) fn site(form: CaptureFormat, pages: Vec<DocPage>) -> Site {
    Site::start(SiteState {
        pages,
        published: form == CaptureFormat::Json,
        ..SiteState::default()
    })
    .unwrap()
}

pub(crate) fn options(site: &Site) -> PullOptions {
    PullOptions {
        site: Address::parse(&site.url()).unwrap(),
        api: vec![ApiBase::parse(&site.api_base()).unwrap()],
        form: None,
        site_id: None,
        password: None,
        without: Vec::new(),
        settings: settings(),
    }
}

pub(crate) fn lock(root: &Path) -> CaptureLock {
    let folder = root.join("spec/docs");
    let lock = CaptureLock::read(&folder).unwrap();
    lock.verify(&folder).unwrap();
    lock
}

pub(crate) fn entry(root: &Path, id: &str) -> Option<CaptureEntry> {
    let lock = lock(root);
    lock.pages
        .into_iter()
        .find(|entry| entry.id.as_deref() == Some(id))
}

/// Returns the text without the port of the site.
pub(crate) fn without_port(site: &Site, text: impl ToString) -> String {
    let host = &site.url()["http://".len()..];
    text.to_string()
        .replace(host, "<site>")
        .replace(&host.replace(':', "_"), "<site>")
}
