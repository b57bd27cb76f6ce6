//! A whole documentation site, pulled and checked over loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{collections::BTreeSet, path::Path, time::Duration};

use clap::Parser as _;
use stablelink_tests::{
    bytes_below, copy_of_tree,
    site::{DocPage, Faults, Reply, Site, State},
};
use xtask::cli::Cli;
use xtask::commands;
use xtask::docs::{
    add::{self, Filed},
    lock::{Entry, Kind, Lock, Origin},
    pull::{
        self, Form, Options,
        address::{ApiBase, Site as Address},
        error::PullError,
        report::Change,
        settings::Settings,
    },
};

const FORMS: [Form; 2] = [Form::Json, Form::Markdown];

/// Waits of no length to speak of: a test never waits for a live site's patience.
fn settings() -> Settings {
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

fn site(form: Form, pages: Vec<DocPage>) -> Site {
    Site::start(State {
        pages,
        published: form == Form::Json,
        ..State::default()
    })
    .unwrap()
}

fn options(site: &Site) -> Options {
    Options {
        site: Address::parse(&site.url()).unwrap(),
        api: ApiBase::parse(&site.api_base()).unwrap(),
        form: None,
        without: Vec::new(),
        settings: settings(),
    }
}

fn lock(root: &Path) -> Lock {
    let folder = root.join("spec/docs");
    let lock = Lock::read(&folder).unwrap();
    lock.verify(&folder).unwrap();
    lock
}

fn entry(root: &Path, id: &str) -> Option<Entry> {
    let lock = lock(root);
    lock.pages
        .into_iter()
        .find(|entry| entry.id.as_deref() == Some(id))
}

/// What a person reads, without the port of the test.
fn told(site: &Site, text: impl ToString) -> String {
    let host = &site.url()["http://".len()..];
    text.to_string()
        .replace(host, "<site>")
        .replace(&host.replace(':', "_"), "<site>")
}

#[test]
fn a_site_with_failures_is_captured_whole_and_a_second_run_changes_nothing() {
    for form in FORMS {
        let copy = copy_of_tree().unwrap();
        let site = site(form, DocPage::many(300));
        site.state().faults = Some(Faults {
            seed: 7,
            percent: 10,
        });
        let options = options(&site);

        let first = pull::pull(copy.path(), &options).unwrap();
        assert_eq!((first.form, first.pages, first.resumed), (form, 300, 0));
        assert_eq!(first.lines.len(), 300);
        assert!(first.lines.iter().all(|line| line.change == Change::Added));
        assert!(
            site.take_log().len() > 320,
            "10 % of failures were asked for again"
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
        let extension = if form == Form::Json { "json" } else { "md" };
        assert_eq!(entry.file, format!("900000001e0-get-book-1.{extension}"));
        assert_eq!(
            (entry.kind, entry.origin),
            (Kind::Operation, Origin::Pulled)
        );
        assert_eq!(entry.folder, ["Shelf 1"]);
        assert_eq!(entry.address, Some(format!("{}/900000001e0", site.url())));
        let modified = (form == Form::Json).then_some("2026-01-02 03:04:05");
        assert_eq!(entry.modified.as_deref(), modified);

        let before = bytes_below(copy.path()).unwrap();
        // Other failures, other counters, another order of members.
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
        assert_eq!(bytes_below(copy.path()).unwrap(), before);
    }
}

#[test]
fn changes_are_told_by_page_and_a_check_writes_nothing() {
    for form in FORMS {
        let copy = copy_of_tree().unwrap();
        let site = site(form, DocPage::many(12));
        let options = options(&site);
        pull::pull(copy.path(), &options).unwrap();
        {
            let pages = &mut site.state().pages;
            for index in [1, 4, 5] {
                pages[index].text.push_str(" And more.");
            }
            pages[6].title = "Find Book 7".into();
            pages[7].call = Some(("post".into(), "/shelf/books/8".into()));
            pages[8].folder = "Shelf 9".into();
            pages.remove(10);
            pages.push(DocPage {
                id: 5,
                ..pages[0].clone()
            });
        }
        let before = bytes_below(copy.path()).unwrap();
        let checked = pull::check(copy.path(), &options).unwrap();
        assert!(checked.differs());
        assert_eq!(bytes_below(copy.path()).unwrap(), before);

        let pulled = pull::pull(copy.path(), &options).unwrap();
        assert_eq!(pulled, checked);
        insta::assert_snapshot!(
            format!("changes_as_{}", form.name().replace(' ', "_")),
            told(&site, &pulled)
        );
        assert!(entry(copy.path(), "900000011e0").is_none());
        let renamed = entry(copy.path(), "900000007e0").unwrap();
        assert_eq!(renamed.title, "Find Book 7");
        let names: BTreeSet<String> = lock(copy.path())
            .pages
            .into_iter()
            .map(|entry| entry.file)
            .collect();
        assert!(
            names
                .iter()
                .all(|name| copy.path().join("spec/docs").join(name).exists())
        );
        assert!(!pull::check(copy.path(), &options).unwrap().differs());
    }
}

#[test]
fn a_pulled_page_takes_the_place_of_a_typed_one_and_of_its_stand_in() {
    let copy = copy_of_tree().unwrap();
    let call = |method: &str, path: &str| Some((method.to_owned(), path.to_owned()));
    let page = |id, title: &str, folder: &str, call| DocPage {
        id,
        title: title.into(),
        folder: folder.into(),
        call,
        text: "Words.".into(),
    };
    let site = site(
        Form::Json,
        vec![
            page(
                421_876_920,
                "Get Exchange Rate",
                "Trade",
                call("post", "/trade/get-exchange-rate"),
            ),
            page(407_759_335, "Webhook", "Webhook", call("post", "/")),
            page(
                312_999_615,
                "Create Fee Config",
                "Trade",
                call("post", "/trade/create-fee-config"),
            ),
        ],
    );
    // The site of the captures, its pages on this machine.
    let mut options = options(&site);
    let strangers = lock(copy.path());
    let stranger = strangers
        .pages
        .iter()
        .find(|entry| entry.id.as_deref() == Some("407759335e0"));
    assert_ne!(stranger.unwrap().site, "developer.stablelink.app");
    options.site = Address::parse("https://developer.stablelink.app").unwrap();
    let before = bytes_below(copy.path()).unwrap();
    let error = pull::pull(copy.path(), &options).unwrap_err();
    insta::assert_snapshot!("page_of_another_site", told(&site, error));
    site.state().pages.remove(1);

    let report = pull::pull(copy.path(), &options).unwrap();
    insta::assert_snapshot!("takes_the_place", told(&site, &report));
    assert!(
        !copy
            .path()
            .join("spec/docs/421876920e0-get-exchange-rate.txt")
            .exists()
    );
    let rate = entry(copy.path(), "421876920e0").unwrap();
    assert_eq!(rate.file, "421876920e0-get-exchange-rate.json");
    assert_eq!(rate.origin, Origin::Pulled);
    // The captures of the other pages stay as they were.
    let after = bytes_below(copy.path()).unwrap();
    let kept = before.iter().filter(|file| after.contains(file)).count();
    assert_eq!(before.len() - kept, 2, "the lock and the typed page");

    // A page that the lock knows as a webhook stays one.
    site.state().pages = vec![page(407_759_335, "Webhook", "Webhook", call("post", "/"))];
    options.site = Address::parse(&site.url()).unwrap();
    pull::pull(copy.path(), &options).unwrap();
    assert_eq!(
        entry(copy.path(), "407759335e0").unwrap().kind,
        Kind::Receiver
    );
}

#[test]
fn an_interrupted_run_is_gone_on_with() {
    for form in FORMS {
        let copy = copy_of_tree().unwrap();
        let site = site(form, DocPage::many(40));
        let mut options = options(&site);
        let before = bytes_below(copy.path()).unwrap();
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
                    kept: 30,
                    listed: 40,
                    ..
                }
            ),
            "{error}"
        );
        insta::assert_snapshot!(
            format!("interrupted_as_{}", form.name().replace(' ', "_")),
            told(&site, error)
        );
        let captures = |files: Vec<(std::path::PathBuf, Vec<u8>)>| -> Vec<_> {
            let target = copy.path().join("target");
            files
                .into_iter()
                .filter(|(path, _)| !path.starts_with(&target))
                .collect()
        };
        assert_eq!(captures(bytes_below(copy.path()).unwrap()), before);

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
        assert_eq!(pages(&site), 10, "the ten that had failed, once each");

        // What was kept is not for ever, and not for a run that came to its end.
        options.settings.keep_for = Duration::ZERO;
        assert_eq!(pull::pull(copy.path(), &options).unwrap().resumed, 0);
        assert_eq!(pages(&site), 40);
    }
}

#[test]
fn the_headers_go_to_the_published_json_alone() {
    let copy = copy_of_tree().unwrap();
    let site = site(Form::Markdown, DocPage::many(2));
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
fn a_site_that_has_nothing_right_is_told_and_nothing_changes() {
    type Break = fn(&Site, &mut Options);
    let cases: [(&str, Form, Break); 25] = [
        (
            "a page over the limit, without a length",
            Form::Json,
            |site, options| {
                options.settings.page_bytes = 2_000;
                let path = site.path_of(900_000_003);
                let reply = Reply::new(200, "application/json", "x".repeat(30_000)).unmeasured();
                site.state().replies.insert(path, reply);
            },
        ),
        (
            "a truncated page, without a length",
            Form::Json,
            |site, _| {
                let path = site.path_of(900_000_001);
                let body = r#"{"success": true, "data": {"id": 9000"#;
                let reply = Reply::new(200, "application/json", body).unmeasured();
                site.state().replies.insert(path, reply);
            },
        ),
        (
            "a truncated twin, without a length",
            Form::Markdown,
            |site, _| {
                let path = site.path_of(900_000_001);
                let body = "# Get Book 1\n\n## OpenAPI Specification\n\n```yaml\nopenapi: 3.0.1\n";
                site.state()
                    .replies
                    .insert(path, Reply::markdown(body).unmeasured());
            },
        ),
        ("a page redirects elsewhere", Form::Json, |site, _| {
            let reply =
                Reply::status(302).with_header("Location", "https://elsewhere.example/page");
            let path = site.path_of(900_000_001);
            site.state().replies.insert(path, reply);
        }),
        ("the list redirects elsewhere", Form::Markdown, |site, _| {
            let reply =
                Reply::status(301).with_header("Location", "https://elsewhere.example/llms.txt");
            site.state().replies.insert("/llms.txt".into(), reply);
        }),
        ("a page is not there", Form::Json, |site, _| {
            let path = site.path_of(900_000_002);
            site.state().replies.insert(path, Reply::status(404));
        }),
        (
            "a page that the published JSON does not know",
            Form::Json,
            |site, _| {
                let path = site.path_of(900_000_002);
                site.state()
                    .replies
                    .insert(path, Reply::refused(404, 404_003, "API not found"));
            },
        ),
        (
            "a page over the limit, by its length",
            Form::Markdown,
            |site, options| {
                options.settings.page_bytes = 2_000;
                let path = site.path_of(900_000_003);
                site.state()
                    .replies
                    .insert(path, Reply::markdown("x".repeat(3_000)));
            },
        ),
        ("pages over the limit together", Form::Json, |_, options| {
            options.settings.total_bytes = 3_000;
            options.settings.concurrency = 1;
        }),
        (
            "100,000 pages in the navigation",
            Form::Json,
            |site, options| {
                options.settings.read_timeout = Duration::from_secs(60);
                options.settings.total_timeout = Duration::from_secs(60);
                site.state().pages = DocPage::many(100_000);
            },
        ),
        ("100,000 pages in the list", Form::Markdown, |site, _| {
            site.state().pages = DocPage::many(100_000);
        }),
        ("a climbing id", Form::Json, |site, _| {
            let tree = serde_json::json!([{"type": "apiDetail", "name": "A", "api": {"id": "../../etc/passwd"}}]);
            let path = "/api/v1/published-projects/4242/http-api-tree?branchId=77";
            site.state().replies.insert(path.into(), Reply::json(tree));
        }),
        ("a climbing link", Form::Markdown, |site, _| {
            let list = "# A\n- [A](/../../etc/1e0.md)\n";
            site.state()
                .replies
                .insert("/llms.txt".into(), Reply::markdown(list));
        }),
        ("one id twice in the navigation", Form::Json, |site, _| {
            let pages = &mut site.state().pages;
            pages[2].id = pages[1].id;
        }),
        ("one id twice in the list", Form::Markdown, |site, _| {
            let pages = &mut site.state().pages;
            pages[2].id = pages[1].id;
        }),
        ("a truncated page", Form::Json, |site, _| {
            let path = site.path_of(900_000_001);
            site.state().replies.insert(
                path,
                Reply::json(serde_json::json!({"id": 900_000_001})).cut(),
            );
        }),
        ("a page that never ends", Form::Json, |site, _| {
            let path = site.path_of(900_000_001);
            site.state().replies.insert(
                path,
                Reply::json(serde_json::json!({"id": 900_000_001})).stalled(),
            );
        }),
        ("a link to another origin", Form::Markdown, |site, _| {
            let list = "# A\n- [A](1e0.md)\n- [B](https://elsewhere.example/2e0.md)\n";
            site.state()
                .replies
                .insert("/llms.txt".into(), Reply::markdown(list));
        }),
        ("HTML in the place of a page", Form::Json, |site, _| {
            let path = site.path_of(900_000_001);
            site.state().replies.insert(
                path,
                Reply::new(200, "text/html", "<!DOCTYPE html><title>Password</title>"),
            );
        }),
        (
            "HTML in the place of the list",
            Form::Markdown,
            |site, _| {
                site.state()
                    .replies
                    .insert("/llms.txt".into(), Reply::new(200, "text/html", "\n<html>"));
            },
        ),
        (
            "a client version that is too low",
            Form::Json,
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
            Form::Json,
            |site, _| {
                let path = site.path_of(900_000_001);
                site.state().replies.insert(
                    path,
                    Reply::json(serde_json::json!({"id": 900_000_002, "name": "B"})),
                );
            },
        ),
        ("a page nested 100,000 deep", Form::Json, |site, _| {
            let path = site.path_of(900_000_001);
            let body = format!("{{\"data\": {}", "[".repeat(100_000));
            site.state()
                .replies
                .insert(path, Reply::new(200, "application/json", body));
        }),
        ("a site that is down", Form::Markdown, |site, options| {
            options.settings.patience = 3;
            for number in 1..=9 {
                let path = site.path_of(900_000_000 + number);
                site.state()
                    .replies
                    .insert(path, Reply::status(503).with_header("Retry-After", "86400"));
            }
        }),
        ("neither form", Form::Json, |site, _| {
            site.state().published = false;
            site.state()
                .replies
                .insert("/llms.txt".into(), Reply::status(404));
        }),
    ];
    let mut report = String::new();
    for (name, form, break_it) in cases {
        let copy = copy_of_tree().unwrap();
        let site = site(form, DocPage::many(9));
        let mut options = options(&site);
        break_it(&site, &mut options);
        let before = bytes_below(&copy.path().join("spec")).unwrap();
        let error = pull::pull(copy.path(), &options).unwrap_err();
        assert_eq!(
            bytes_below(&copy.path().join("spec")).unwrap(),
            before,
            "{name}"
        );
        report.push_str(&format!("## {name}\n{}\n\n", told(&site, error)));
    }
    insta::assert_snapshot!("what_cannot_be_pulled", report);
}

#[test]
fn a_page_that_cannot_be_served_is_left_out_by_name() {
    let copy = copy_of_tree().unwrap();
    let site = site(Form::Json, DocPage::many(5));
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

#[test]
fn a_site_does_not_change_its_form_in_silence() {
    let copy = copy_of_tree().unwrap();
    let site = site(Form::Json, DocPage::many(3));
    let mut options = options(&site);
    pull::pull(copy.path(), &options).unwrap();
    site.state().published = false;
    let error = pull::pull(copy.path(), &options).unwrap_err();
    insta::assert_snapshot!("no_published_json_any_more", told(&site, error));
    options.form = Some(Form::Markdown);
    let report = pull::pull(copy.path(), &options).unwrap();
    assert_eq!(report.form, Form::Markdown);
    let files: Vec<&str> = report.lines.iter().map(|line| line.file.as_str()).collect();
    assert_eq!(
        files,
        [
            "900000001e0-get-book-1.md",
            "900000002e0-get-book-2.md",
            "900000003e0-get-book-3.md"
        ]
    );
    assert!(
        !copy
            .path()
            .join("spec/docs/900000001e0-get-book-1.json")
            .exists()
    );
}

#[test]
fn what_is_not_captured_is_said() {
    let copy = copy_of_tree().unwrap();
    let site = site(Form::Json, DocPage::many(2));
    let page = serde_json::json!({"id": 900_000_001, "name": "Get Book 1", "method": "get", "path": "/x",
        "responses": [{"jsonSchema": {"$ref": "#/definitions/31"}}, {"jsonSchema": {"$ref": "#/definitions/4"}}]});
    let tree = serde_json::json!([
        {"type": "apiDetail", "name": "Get Book 1", "api": {"id": 900_000_001}},
        {"type": "webSocket", "name": "Live"}, {"type": "webSocket", "name": "Live 2"},
    ]);
    let path = site.path_of(900_000_001);
    site.state().replies.insert(path, Reply::json(page));
    let path = "/api/v1/published-projects/4242/http-api-tree?branchId=77";
    site.state().replies.insert(path.into(), Reply::json(tree));
    let report = pull::check(copy.path(), &options(&site)).unwrap();
    insta::assert_snapshot!("what_is_not_captured", told(&site, &report));
}

#[test]
fn the_command_ends_with_a_code_of_its_own_where_the_site_differs() {
    let copy = copy_of_tree().unwrap();
    let site = site(Form::Json, DocPage::many(3));
    let run = |command: &str, url: &str| {
        let words = [
            "xtask",
            "docs",
            command,
            "--site",
            url,
            "--api-base",
            &site.api_base(),
        ];
        let cli = Cli::try_parse_from(words).unwrap();
        commands::run(copy.path(), cli).map(commands::Outcome::code)
    };
    assert_eq!(run("check", &site.url()).unwrap(), 3);
    assert_eq!(run("pull", &site.url()).unwrap(), 0);
    assert_eq!(run("check", &site.url()).unwrap(), 0);
    let error = run("check", "http://docs.example").unwrap_err();
    assert_eq!(
        error.to_string(),
        "--site \"http://docs.example\": http is for this machine alone; give https"
    );
}

#[test]
fn a_page_that_is_filed_in_another_form_takes_the_place_of_the_first() {
    let copy = copy_of_tree().unwrap();
    let docs = copy.path().join("spec/docs");
    let text = docs.join("421876920e0-get-exchange-rate.txt");
    let saved = copy.path().join("421876920e0.md");
    std::fs::copy(&text, &saved).unwrap();
    let added = add::add(copy.path(), &[saved], None, Origin::Saved).unwrap();
    let file = "421876920e0-get-exchange-rate.md";
    assert_eq!(added.filed, [Filed::Changed(file.into())]);
    assert!(!text.exists() && docs.join(file).exists());
    assert_eq!(entry(copy.path(), "421876920e0").unwrap().file, file);
}

/// The page of the exchange rate as its site publishes it: examples and no schema. `answer` is the
/// example of the answer.
fn rate_page(answer: &str) -> Reply {
    Reply::json(serde_json::json!({
        "id": 421_876_920,
        "name": "Get Exchange Rate",
        "method": "post",
        "path": "/trade/exchange-rate",
        "status": "released",
        "description": "Gives the rate at which one currency is sold for another.",
        "updatedAt": "2026-03-31T05:13:12.000Z",
        "requestBody": {
            "type": "application/json",
            "required": true,
            "examples": [{
                "mediaType": "application/json",
                "value": "{\"sellCurrency\": \"USDT\", \"buyCurrency\": \"USD\", \"amount\": 358.79, \"clientId\": 600002706}",
            }],
        },
        "responses": [{"id": 1, "name": "OK", "code": 200, "contentType": "json"}],
        "responseExamples": [{"name": "OK", "responseId": 1, "data": answer}],
    }))
}

/// The day on which the vendor changes the docs: look, pull, regenerate.
#[test]
fn a_changed_site_is_followed_to_the_client() {
    const WHOLE: &str = r#"{"retcode": "13", "retdata": {"sellCurrency": "USDT", "buyCurrency": "USD", "channelRate": 40,
        "rateExpiryTime": "2025-05-14 17:46:00", "developerFixAmount": 399, "developerRate": 77, "developerFee": 33,
        "clientId": 23}, "success": false}"#;
    let copy = copy_of_tree().unwrap();
    let mut pages: Vec<DocPage> = DocPage::many(320)
        .into_iter()
        .map(|page| DocPage { call: None, ..page })
        .collect();
    pages.push(DocPage {
        id: 421_876_920,
        title: "Get Exchange Rate".into(),
        folder: "Trade".into(),
        call: Some(("post".into(), "/trade/exchange-rate".into())),
        text: String::new(),
    });
    let site = site(Form::Json, pages);
    let rate = site.path_of(421_876_920);
    site.state().replies.insert(rate.clone(), rate_page(WHOLE));
    site.state().faults = Some(Faults {
        seed: 11,
        percent: 10,
    });
    let mut options = options(&site);
    options.site = Address::parse("https://developer.stablelink.app").unwrap();
    options.settings.attempts = 4;

    pull::pull(copy.path(), &options).unwrap();
    xtask::regen::build(copy.path())
        .unwrap()
        .outputs
        .write(copy.path())
        .unwrap();
    let before = document(copy.path());
    let former = copy.path().join("former.json");
    std::fs::copy(copy.path().join("spec/openapi.json"), &former).unwrap();
    let rate_fields = |document: &serde_json::Value| -> Vec<String> {
        let fields = &document["components"]["schemas"]["ExchangeRate"]["properties"];
        fields.as_object().unwrap().keys().cloned().collect()
    };
    assert!(rate_fields(&before).contains(&"clientId".to_owned()));

    let without = WHOLE.replace(",\n        \"clientId\": 23", "");
    site.state().replies.insert(rate, rate_page(&without));
    for page in &mut site.state().pages[..2] {
        page.text.push_str(" And more.");
    }
    let found = pull::check(copy.path(), &options).unwrap();
    assert_eq!(found.lines.len(), 3, "{}", told(&site, &found));
    let pulled = pull::pull(copy.path(), &options).unwrap();
    assert_eq!(pulled.lines.len(), 3);
    assert!(
        told(&site, &pulled).contains("421876920e0"),
        "{}",
        told(&site, &pulled)
    );

    xtask::regen::build(copy.path())
        .unwrap()
        .outputs
        .write(copy.path())
        .unwrap();
    let after = document(copy.path());
    let lost: Vec<String> = rate_fields(&before)
        .into_iter()
        .filter(|field| !rate_fields(&after).contains(field))
        .collect();
    assert_eq!(lost, ["clientId"]);

    let told = xtask::diff::command::run(
        copy.path(),
        &former.display().to_string(),
        &copy.path().join("spec/openapi.json").display().to_string(),
        xtask::diff::command::Format::Text,
    )
    .unwrap();
    assert!(told.breaking, "{}", told.text);
    let text = told
        .text
        .replace(&copy.path().display().to_string(), "<root>");
    insta::assert_snapshot!("what_a_lost_field_breaks", text);
}

fn document(root: &Path) -> serde_json::Value {
    let text = std::fs::read_to_string(root.join("spec/openapi.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}
