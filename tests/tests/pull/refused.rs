//! A faulty site: the error is reported, and no file changes.

use std::time::Duration;

use stablelink_tests::{
    copy_of_shop, read_files_below,
    site::{DocPage, Reply, Site},
};
use xtask::docs::pull::{self, CaptureFormat, PullOptions};

use crate::support::{entry, options, site, without_port};

#[test]
fn faulty_site_is_rejected_without_changes() {
    type Break = fn(&Site, &mut PullOptions);
    let cases: [(&str, CaptureFormat, Break); 25] = [
        (
            "a page over the limit, without a length",
            CaptureFormat::Json,
            |site, options| {
                options.settings.page_bytes = 2_000;
                let path = site.path_of(900_000_003);
                let reply = Reply::new(200, "application/json", "x".repeat(30_000)).unmeasured();
                site.state().replies.insert(path, reply);
            },
        ),
        (
            "a truncated page, without a length",
            CaptureFormat::Json,
            |site, _| {
                let path = site.path_of(900_000_001);
                let body = r#"{"success": true, "data": {"id": 9000"#;
                let reply = Reply::new(200, "application/json", body).unmeasured();
                site.state().replies.insert(path, reply);
            },
        ),
        (
            "a truncated twin, without a length",
            CaptureFormat::Markdown,
            |site, _| {
                let path = site.path_of(900_000_001);
                let body = "# Get Book 1\n\n## OpenAPI Specification\n\n```yaml\nopenapi: 3.0.1\n";
                site.state()
                    .replies
                    .insert(path, Reply::markdown(body).unmeasured());
            },
        ),
        (
            "a page redirects elsewhere",
            CaptureFormat::Json,
            |site, _| {
                let reply =
                    Reply::status(302).with_header("Location", "https://elsewhere.example/page");
                let path = site.path_of(900_000_001);
                site.state().replies.insert(path, reply);
            },
        ),
        (
            "the list redirects elsewhere",
            CaptureFormat::Markdown,
            |site, _| {
                let reply = Reply::status(301)
                    .with_header("Location", "https://elsewhere.example/llms.txt");
                site.state().replies.insert("/llms.txt".into(), reply);
            },
        ),
        ("a page is not there", CaptureFormat::Json, |site, _| {
            let path = site.path_of(900_000_002);
            site.state().replies.insert(path, Reply::status(404));
        }),
        (
            "a page that the published JSON does not know",
            CaptureFormat::Json,
            |site, _| {
                let path = site.path_of(900_000_002);
                site.state()
                    .replies
                    .insert(path, Reply::refused(404, 404_003, "API not found"));
            },
        ),
        (
            "a page over the limit, by its length",
            CaptureFormat::Markdown,
            |site, options| {
                options.settings.page_bytes = 2_000;
                let path = site.path_of(900_000_003);
                site.state()
                    .replies
                    .insert(path, Reply::markdown("x".repeat(3_000)));
            },
        ),
        (
            "pages over the limit together",
            CaptureFormat::Json,
            |_, options| {
                options.settings.total_bytes = 3_000;
                options.settings.concurrency = 1;
            },
        ),
        (
            "100,000 pages in the navigation",
            CaptureFormat::Json,
            |site, options| {
                options.settings.read_timeout = Duration::from_secs(60);
                options.settings.total_timeout = Duration::from_secs(60);
                site.state().pages = DocPage::many(100_000);
            },
        ),
        (
            "100,000 pages in the list",
            CaptureFormat::Markdown,
            |site, _| {
                site.state().pages = DocPage::many(100_000);
            },
        ),
        ("a climbing id", CaptureFormat::Json, |site, _| {
            let tree = serde_json::json!([{"type": "apiDetail", "name": "A", "api": {"id": "../../etc/passwd"}}]);
            let path = "/api/v1/published-projects/4242/http-api-tree?branchId=77";
            site.state().replies.insert(path.into(), Reply::json(tree));
        }),
        ("a climbing link", CaptureFormat::Markdown, |site, _| {
            let list = "# A\n- [A](/../../etc/1e0.md)\n";
            site.state()
                .replies
                .insert("/llms.txt".into(), Reply::markdown(list));
        }),
        (
            "one id twice in the navigation",
            CaptureFormat::Json,
            |site, _| {
                let pages = &mut site.state().pages;
                pages[2].id = pages[1].id;
            },
        ),
        (
            "one id twice in the list",
            CaptureFormat::Markdown,
            |site, _| {
                let pages = &mut site.state().pages;
                pages[2].id = pages[1].id;
            },
        ),
        ("a truncated page", CaptureFormat::Json, |site, _| {
            let path = site.path_of(900_000_001);
            site.state().replies.insert(
                path,
                Reply::json(serde_json::json!({"id": 900_000_001})).cut(),
            );
        }),
        ("a page that never ends", CaptureFormat::Json, |site, _| {
            let path = site.path_of(900_000_001);
            site.state().replies.insert(
                path,
                Reply::json(serde_json::json!({"id": 900_000_001})).stalled(),
            );
        }),
        (
            "a link to another origin",
            CaptureFormat::Markdown,
            |site, _| {
                let list = "# A\n- [A](1e0.md)\n- [B](https://elsewhere.example/2e0.md)\n";
                site.state()
                    .replies
                    .insert("/llms.txt".into(), Reply::markdown(list));
            },
        ),
        (
            "HTML in the place of a page",
            CaptureFormat::Json,
            |site, _| {
                let path = site.path_of(900_000_001);
                site.state().replies.insert(
                    path,
                    Reply::new(200, "text/html", "<!DOCTYPE html><title>Password</title>"),
                );
            },
        ),
        (
            "HTML in the place of the list",
            CaptureFormat::Markdown,
            |site, _| {
                site.state()
                    .replies
                    .insert("/llms.txt".into(), Reply::new(200, "text/html", "\n<html>"));
            },
        ),
        (
            "a client version that is too low",
            CaptureFormat::Json,
            |site, options| {
                let domain = options.site.host();
                let path = format!("/api/v1/published-projects/domains/{domain}");
                site.state()
                    .replies
                    .insert(path, Reply::refused(400, 400_105, "Client version too low"));
            },
        ),
        (
            "another page than the one asked for",
            CaptureFormat::Json,
            |site, _| {
                let path = site.path_of(900_000_001);
                site.state().replies.insert(
                    path,
                    Reply::json(serde_json::json!({"id": 900_000_002, "name": "B"})),
                );
            },
        ),
        (
            "a page nested 100,000 deep",
            CaptureFormat::Json,
            |site, _| {
                let path = site.path_of(900_000_001);
                let body = format!("{{\"data\": {}", "[".repeat(100_000));
                site.state()
                    .replies
                    .insert(path, Reply::new(200, "application/json", body));
            },
        ),
        (
            "a site that is down",
            CaptureFormat::Markdown,
            |site, options| {
                options.settings.max_failures = 3;
                for number in 1..=9 {
                    let path = site.path_of(900_000_000 + number);
                    site.state()
                        .replies
                        .insert(path, Reply::status(503).with_header("Retry-After", "86400"));
                }
            },
        ),
        ("neither form", CaptureFormat::Json, |site, _| {
            site.state().published = false;
            site.state()
                .replies
                .insert("/llms.txt".into(), Reply::status(404));
        }),
    ];
    let mut report = String::new();
    for (name, form, break_it) in cases {
        let copy = copy_of_shop().unwrap();
        let site = site(form, DocPage::many(9));
        let mut options = options(&site);
        break_it(&site, &mut options);
        let before = read_files_below(&copy.path().join("spec")).unwrap();
        let error = pull::pull(copy.path(), &options).unwrap_err();
        assert_eq!(
            read_files_below(&copy.path().join("spec")).unwrap(),
            before,
            "{name}"
        );
        report.push_str(&format!("## {name}\n{}\n\n", without_port(&site, error)));
    }
    insta::assert_snapshot!("what_cannot_be_pulled", report);
}

#[test]
fn page_that_cannot_be_served_can_be_skipped() {
    let copy = copy_of_shop().unwrap();
    let site = site(CaptureFormat::Json, DocPage::many(5));
    let mut options = options(&site);
    pull::pull(copy.path(), &options).unwrap();
    let broken = site.path_of(900_000_002);
    site.state()
        .replies
        .insert(broken.clone(), Reply::status(404));
    pull::pull(copy.path(), &options).unwrap_err();
    site.take_log();
    options.without = vec!["900000002e0".into()];
    let report = pull::pull(copy.path(), &options).unwrap();
    assert!(!report.differs(), "{report}");
    assert!(
        site.take_log()
            .iter()
            .all(|request| request.target != broken)
    );
    assert!(entry(copy.path(), "900000002e0").is_some());
}
