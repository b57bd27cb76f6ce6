//! A whole site is captured despite failures, with retries and a cache.

use std::time::Duration;

use stablelink_tests::{
    copy_of_shop, read_files_below,
    site::{DocPage, Faults, Reply, Site},
};
use xtask::docs::{
    lock::{CaptureKind, CaptureOrigin},
    pull::{self, CaptureFormat, error::PullError, report::PageChange},
};

use crate::support::{FORMS, entry, options, site, without_port};

#[test]
fn site_with_failures_is_captured_and_second_run_changes_nothing() {
    for form in FORMS {
        let copy = copy_of_shop().unwrap();
        let site = site(form, DocPage::many(300));
        site.state().faults = Some(Faults {
            seed: 7,
            percent: 10,
        });
        let options = options(&site);

        let first = pull::pull(copy.path(), &options).unwrap();
        assert_eq!((first.form, first.pages, first.resumed), (form, 300, 0));
        assert_eq!(first.lines.len(), 300);
        assert!(
            first
                .lines
                .iter()
                .all(|line| line.change == PageChange::Added)
        );
        assert!(
            site.take_log().len() > 320,
            "10 % of the requests failed and were retried"
        );
        assert!(
            !copy
                .path()
                .join("target")
                .read_dir()
                .unwrap()
                .any(|folder| { folder.unwrap().path().read_dir().unwrap().next().is_some() })
        );

        let entry = entry(copy.path(), "900000001e0").unwrap();
        let extension = if form == CaptureFormat::Json {
            "json"
        } else {
            "md"
        };
        assert_eq!(entry.file, format!("900000001e0-get-book-1.{extension}"));
        assert_eq!(
            (entry.kind, entry.origin),
            (CaptureKind::Operation, CaptureOrigin::Pulled)
        );
        assert_eq!(entry.folder, ["Shelf 1"]);
        assert_eq!(entry.address, Some(format!("{}/900000001e0", site.url())));
        let modified = (form == CaptureFormat::Json).then_some("2026-01-02 03:04:05");
        assert_eq!(entry.modified.as_deref(), modified);

        let before = read_files_below(copy.path()).unwrap();
        // With other failures, other counters, and another order of fields.
        site.state().faults = Some(Faults {
            seed: 8,
            percent: 10,
        });
        let second = pull::pull(copy.path(), &options).unwrap();
        assert!(!second.differs(), "{second}");
        assert!(second.to_string().ends_with(&format!(
            "nothing changed: 300 pages of {} as {}\n",
            &site.url()[7..],
            form.name()
        )));
        assert!(!pull::check(copy.path(), &options).unwrap().differs());
        assert_eq!(read_files_below(copy.path()).unwrap(), before);
    }
}

#[test]
fn interrupted_run_continues_from_cache() {
    for form in FORMS {
        let copy = copy_of_shop().unwrap();
        let site = site(form, DocPage::many(40));
        let mut options = options(&site);
        let before = read_files_below(copy.path()).unwrap();
        let broken: Vec<String> = (31..=40)
            .map(|number| site.path_of(900_000_000 + number))
            .collect();
        for path in &broken {
            site.state()
                .replies
                .insert(path.clone(), Reply::status(500));
        }
        let error = pull::pull(copy.path(), &options).unwrap_err();
        assert!(
            matches!(
                error,
                PullError::Incomplete {
                    cached: 30,
                    listed: 40,
                    ..
                }
            ),
            "{error}"
        );
        insta::assert_snapshot!(
            format!("interrupted_as_{}", form.name().replace(' ', "_")),
            without_port(&site, error)
        );
        let captures = |files: Vec<(std::path::PathBuf, Vec<u8>)>| -> Vec<_> {
            let target = copy.path().join("target");
            files
                .into_iter()
                .filter(|(path, _)| !path.starts_with(&target))
                .collect()
        };
        assert_eq!(captures(read_files_below(copy.path()).unwrap()), before);

        site.state().replies.clear();
        site.take_log();
        let report = pull::check(copy.path(), &options).unwrap();
        assert_eq!((report.resumed, report.lines.len()), (30, 40));
        let pages = |site: &Site| {
            site.take_log()
                .iter()
                .filter(|request| {
                    (1..=40).any(|number| request.target == site.path_of(900_000_000 + number))
                })
                .count()
        };
        assert_eq!(pages(&site), 10, "each of the ten failed pages once");

        // The cache expires, and a complete run clears it.
        options.settings.cache_lifetime = Duration::ZERO;
        assert_eq!(pull::pull(copy.path(), &options).unwrap().resumed, 0);
        assert_eq!(pages(&site), 40);
    }
}

#[test]
fn api_headers_are_sent_only_to_published_json() {
    let copy = copy_of_shop().unwrap();
    let site = site(CaptureFormat::Markdown, DocPage::many(2));
    pull::check(copy.path(), &options(&site)).unwrap();
    let mut api = 0;
    for request in site.take_log() {
        let origin = request.headers.get("origin");
        let referer = request.headers.get("referer");
        let version = request.headers.get("x-client-version");
        if request.target.starts_with("/api/") {
            api += 1;
            assert_eq!(origin, Some(&site.url()));
            assert_eq!(referer, Some(&format!("{}/", site.url())));
            assert_eq!(version.map(String::as_str), Some("2.0.0"));
        } else {
            assert_eq!(
                (origin, referer, version),
                (None, None, None),
                "{}",
                request.target
            );
        }
        assert!(
            !request.headers.contains_key("cookie")
                && !request.headers.contains_key("authorization")
        );
    }
    assert_eq!(api, 1);
}

#[test]
fn guide_may_end_in_unclosed_block() {
    let copy = copy_of_shop().unwrap();
    let site = site(CaptureFormat::Markdown, DocPage::many(6));
    let path = site.path_of(900_000_006);
    let guide = "# About Shelf 6\n\nSend:\n\n```json\n{\"a\": 1}\n";
    site.state().replies.insert(path, Reply::markdown(guide));
    let report = pull::pull(copy.path(), &options(&site)).unwrap();
    assert_eq!(report.pages, 6);
    let file = entry(copy.path(), "900000006m0").unwrap().file;
    let stored = std::fs::read_to_string(copy.path().join("spec/docs").join(file)).unwrap();
    assert_eq!(stored, guide);
}
