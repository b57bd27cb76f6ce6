//! The variants of sites that public programs read: where the published JSON is, how it is addressed, and what a site
//! lacks.

use std::{fs, time::Duration};

use serde_json::{Value, json};
use stablelink_tests::{
    copy_of_shop, read_files_below,
    site::{DocPage, Reply, SHARED, Site},
};
use xtask::docs::{
    captures,
    lock::CaptureKind,
    pull::{
        self, CaptureFormat, PullOptions,
        address::{ApiBase, Site as Address},
        error::PullError,
    },
};

use crate::support::{entry, lock, options, site, without_port};

const DOMAINS: &str = "/api/v1/published-projects/domains/127.0.0.1";

/// Returns a published site with six pages; the last one is a guide.
fn published() -> Site {
    site(CaptureFormat::Json, DocPage::many(6))
}

fn base(site: &Site) -> ApiBase {
    ApiBase::parse(&site.api_base()).unwrap()
}

/// Pulls the site twice, and expects six pages in this format and no difference the second time.
fn assert_pulled(name: &str, options: &PullOptions, form: CaptureFormat) -> tempfile::TempDir {
    let copy = copy_of_shop().unwrap();
    let report = pull::pull(copy.path(), options).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!((report.form, report.pages), (form, 6), "{name}");
    assert!(
        !pull::check(copy.path(), options).unwrap().differs(),
        "{name}"
    );
    copy
}

#[test]
fn published_json_is_found_below_the_site_itself() {
    let site = published();
    let mut options = options(&site);
    options.api = ApiBase::candidates(&options.site);
    assert_pulled("own API", &options, CaptureFormat::Json);
    assert_eq!(site.take_log()[0].target, DOMAINS);
}

#[test]
fn next_base_is_tried_if_one_does_not_know_the_site() {
    let no_data = Reply::new(
        200,
        "application/json",
        r#"{"success": true, "data": null}"#,
    );
    for (name, reply) in [
        ("404", Reply::status(404)),
        ("error code", Reply::refused(200, 404_001, "no such domain")),
        ("no data", no_data.clone()),
        ("HTML", Reply::new(200, "text/html", "<!DOCTYPE html>")),
        (
            "redirect",
            Reply::status(302).with_header("Location", "/login"),
        ),
        ("broken", Reply::status(500)),
    ] {
        let (site, other) = (published(), published());
        other.state().replies.insert(DOMAINS.to_owned(), reply);
        let mut options = options(&site);
        options.api.insert(0, base(&other));
        assert_pulled(name, &options, CaptureFormat::Json);
        assert!(!other.take_log().is_empty(), "{name}");
    }
    // A base that knows the domain but not the project is passed over too.
    let (site, other) = (published(), published());
    let project = json!({"projectId": 9});
    other
        .state()
        .replies
        .insert(DOMAINS.to_owned(), Reply::json(project));
    let mut with_other = options(&site);
    with_other.api.insert(0, base(&other));
    assert_pulled("other project", &with_other, CaptureFormat::Json);

    // If no base knows the site, its Markdown pages are captured.
    let site = self::site(CaptureFormat::Markdown, DocPage::many(6));
    site.state().replies.insert(DOMAINS.to_owned(), no_data);
    assert_pulled("Markdown", &options(&site), CaptureFormat::Markdown);

    // If a base is broken and no other one has the site, the format is not changed silently.
    site.state()
        .replies
        .insert(DOMAINS.to_owned(), Reply::status(500));
    let copy = copy_of_shop().unwrap();
    let error = pull::pull(copy.path(), &options(&site)).unwrap_err();
    assert!(error.to_string().contains("responds with 500"), "{error}");
}

#[test]
fn project_without_branches_is_read() {
    let site = published();
    site.state().unbranched = true;
    assert_pulled("no versions", &options(&site), CaptureFormat::Json);

    // The record names a branch that the navigation does not know.
    let record = json!({"projectId": 4242, "versionSettings": [{"branchId": 77}]});
    site.state()
        .replies
        .insert(DOMAINS.to_owned(), Reply::json(record));
    assert_pulled("unknown branch", &options(&site), CaptureFormat::Json);

    let record = json!({"projectId": 4242, "versionSettings": [{"locale": "en-US"}]});
    site.state()
        .replies
        .insert(DOMAINS.to_owned(), Reply::json(record));
    assert_pulled(
        "version of a language",
        &options(&site),
        CaptureFormat::Json,
    );
}

#[test]
fn shared_documentation_is_read_by_its_uuid() {
    for path in [SHARED.to_owned(), format!("apidoc/shared-{SHARED}")] {
        let site = published();
        site.state().shared = true;
        let mut options = options(&site);
        options.site = Address::parse(&format!("{}/{path}", site.url())).unwrap();
        let copy = assert_pulled(&path, &options, CaptureFormat::Json);
        let entry = entry(copy.path(), "900000001e0").unwrap();
        assert_eq!(
            entry.address,
            Some(format!("{}/{path}/900000001e0", site.url()))
        );
        assert_eq!(entry.site, options.site.name());
        assert!(
            site.take_log()
                .iter()
                .all(|request| !request.target.contains("domains"))
        );
    }
}

#[test]
fn protected_documentation_needs_the_right_password() {
    for shared in [false, true] {
        let site = published();
        site.state().shared = shared;
        site.state().password = Some("a+b c&d".to_owned());
        let mut options = options(&site);
        if shared {
            options.site = Address::parse(&format!("{}/{SHARED}", site.url())).unwrap();
        }
        let copy = copy_of_shop().unwrap();
        let before = read_files_below(copy.path()).unwrap();
        let error = pull::pull(copy.path(), &options).unwrap_err();
        assert!(
            matches!(error, PullError::PasswordRequired { .. }),
            "{error}"
        );
        let text = error.to_string();
        assert!(text.contains("APIFOX_DOCS_PASSWORD"), "{text}");

        options.password = Some("wrong".into());
        let error = pull::pull(copy.path(), &options).unwrap_err().to_string();
        assert!(error.contains("the password was not accepted"), "{error}");
        assert_eq!(read_files_below(copy.path()).unwrap(), before);

        options.password = Some("a%2Bb+c%26d".into());
        pull::pull(copy.path(), &options).unwrap_err();
        site.state().password = Some("a%2Bb+c%26d".to_owned());
        options.password = Some("a+b c&d".into());
        site.take_log();
        assert_pulled("password", &options, CaptureFormat::Json);
        let log = site.take_log();
        assert!(
            log.iter()
                .any(|request| request.headers.contains_key("cookie"))
        );
        assert!(!format!("{options:?}").contains("c&d"));
    }
}

#[test]
fn cookie_is_sent_only_to_the_server_that_set_it() {
    let (site, api) = (published(), published());
    api.state().password = Some("secret".to_owned());
    // The navigation of the other server is gone after the password was accepted.
    for suffix in ["", "?branchId=77"] {
        let tree = format!("/api/v1/published-projects/4242/http-api-tree{suffix}");
        api.state().replies.insert(tree, Reply::status(404));
    }
    site.state().password = Some("secret".to_owned());
    site.state().replies.insert(
        "/api/v1/published-projects-auth".to_owned(),
        Reply::status(404),
    );
    let mut options = options(&site);
    options.api.insert(0, base(&api));
    options.password = Some("secret".into());
    let copy = copy_of_shop().unwrap();
    pull::pull(copy.path(), &options).unwrap_err();
    let sends_cookie = |site: &Site| {
        let log = site.take_log();
        log.iter()
            .any(|request| request.headers.contains_key("cookie"))
    };
    assert!(sends_cookie(&api));
    assert!(!sends_cookie(&site));
}

#[test]
fn password_is_sent_only_to_the_server_that_denies_access() {
    let missing = Reply::status(404);
    let denied = Reply::refused(200, 403_001, "No access");
    let tree = format!("/api/v1/shared-docs/{SHARED}/http-api-tree");
    // A site without protection, and one that another base does not have.
    for (password, other) in [
        (None, &missing),
        (Some("secret"), &missing),
        (None, &denied),
    ] {
        let (site, api) = (published(), published());
        site.state().shared = true;
        site.state().password = password.map(str::to_owned);
        api.state().replies.insert(tree.clone(), other.clone());
        let mut options = options(&site);
        options.site = Address::parse(&format!("{}/{SHARED}", site.url())).unwrap();
        options.api.insert(0, base(&api));
        options.password = Some("secret".into());
        assert_pulled("shared", &options, CaptureFormat::Json);
        let has_password = |site: &Site| site.take_log().iter().any(|it| !it.body.is_empty());
        assert_eq!(has_password(&site), password.is_some());
        assert_eq!(has_password(&api), std::ptr::eq(other, &denied));

        // Without a password, a base that denies access does not hide the next one.
        options.password = None;
        match pull::check(copy_of_shop().unwrap().path(), &options) {
            Ok(_) => assert!(password.is_none()),
            Err(error) => assert!(
                matches!(error, PullError::PasswordRequired { .. }),
                "{error}"
            ),
        }
    }
}

#[test]
fn site_may_be_in_a_subdirectory() {
    let site = published();
    let record = json!({"projectId": 4242, "enableSubdirectory": true, "subdirectory": "/help",
        "versionSettings": [{"branchId": 77}]});
    site.state()
        .replies
        .insert(DOMAINS.to_owned(), Reply::json(record));
    let copy = assert_pulled("record", &options(&site), CaptureFormat::Json);
    let address = entry(copy.path(), "900000001e0").unwrap().address;
    assert_eq!(address, Some(format!("{}/help/900000001e0", site.url())));

    let site = self::site(CaptureFormat::Markdown, Vec::new());
    for (path, text) in [
        (
            "/help/llms.txt",
            "- [Start](1m0.md)\n- [Other](/help/2m0.md)\n",
        ),
        ("/help/1m0.md", "# Start\n"),
        ("/help/2m0.md", "# Other\n"),
    ] {
        site.state()
            .replies
            .insert(path.to_owned(), Reply::markdown(text));
    }
    let mut options = options(&site);
    options.site = Address::parse(&format!("{}/help", site.url())).unwrap();
    let copy = copy_of_shop().unwrap();
    assert_eq!(pull::pull(copy.path(), &options).unwrap().pages, 2);
    let entry = entry(copy.path(), "2m0").unwrap();
    assert_eq!(entry.address, Some(format!("{}/help/2m0", site.url())));
    assert!(entry.site.ends_with("/help"), "{}", entry.site);
}

#[test]
fn compressed_responses_are_read_although_not_requested() {
    for form in crate::support::FORMS {
        let site = site(form, DocPage::many(6));
        site.state().gzip = true;
        assert_pulled("gzip", &options(&site), form);
        let log = site.take_log();
        assert!(
            log.iter()
                .all(|request| !request.headers.contains_key("accept-encoding"))
        );
        let path = site.path_of(900_000_001);
        let reply = Reply::status(200).with_header("Content-Encoding", "br");
        site.state().replies.insert(path, reply);
        let copy = copy_of_shop().unwrap();
        let error = pull::pull(copy.path(), &options(&site))
            .unwrap_err()
            .to_string();
        assert!(error.contains("is compressed with \"br\""), "{error}");
    }
}

#[test]
fn list_of_guides_does_not_remove_captured_operations() {
    let site = site(CaptureFormat::Markdown, DocPage::many(12));
    let options = options(&site);
    let copy = copy_of_shop().unwrap();
    pull::pull(copy.path(), &options).unwrap();
    let before = read_files_below(&copy.path().join("spec")).unwrap();
    let pages = site.state().pages.clone();
    site.state().pages.retain(|page| !page.is_api());
    let error = pull::pull(copy.path(), &options).unwrap_err();
    assert_eq!(
        without_port(&site, error),
        "http://<site>/llms.txt: lists only guides, but 10 API pages of the site are captured\n  \
         help: nothing was changed; use `--form export` with `--site-id`, or remove the pages with `docs remove` if they are gone"
    );
    assert_eq!(read_files_below(&copy.path().join("spec")).unwrap(), before);

    let copy = copy_of_shop().unwrap();
    let report = pull::pull(copy.path(), &options).unwrap();
    assert_eq!(report.pages, 2);
    assert!(
        report.to_string().contains("the list has only guides"),
        "{report}"
    );
    site.state().pages = pages;
    assert_eq!(pull::pull(copy.path(), &options).unwrap().pages, 12);
}

#[test]
fn pull_that_exceeds_its_deadline_is_resumed_from_the_cache() {
    let site = published();
    let path = site.path_of(900_000_006);
    site.state()
        .replies
        .insert(path, Reply::json(json!({})).stalled());
    let mut options = options(&site);
    options.settings.concurrency = 1;
    options.settings.read_timeout = Duration::from_secs(60);
    options.settings.total_timeout = Duration::from_secs(60);
    options.settings.deadline = Duration::from_secs(1);
    let copy = copy_of_shop().unwrap();
    let error = pull::pull(copy.path(), &options).unwrap_err().to_string();
    assert!(error.contains("the pull took longer than 1 s"), "{error}");
    site.state().replies.clear();
    assert_eq!(pull::pull(copy.path(), &options).unwrap().resumed, 5);
}

const EXPORT: &str = "/api/v1/docs-sites/31/export-mcp-data";

fn export(price: &str) -> Value {
    json!({
        "openapi": "3.0.1", "info": {"title": "Harbour Books", "version": "1.0.0"},
        "paths": {
            "/books": {
                "get": {"summary": "List Books", "x-apifox-folder": "Shelf/Old", "x-run-in-apifox": "https://app.apifox.com/web/project/1/apis/api-12-run",
                    "responses": {"200": {"description": "", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Book"}}}}}},
                "post": {"summary": "Add Book", "responses": {}}
            }
        },
        "components": {"schemas": {
            "Book": {"type": "object", "properties": {"title": {"type": "string"}, price: {"type": "string"}}},
            "Unused": {"type": "string"}
        }}
    })
}

#[test]
fn export_of_site_becomes_a_page_for_each_operation() {
    let site = site(CaptureFormat::Markdown, Vec::new());
    let mut options = options(&site);
    options.form = Some(CaptureFormat::Export);
    options.site_id = Some(31);
    let set = |value: Value| {
        let reply = Reply::new(200, "application/json", value.to_string());
        site.state().replies.insert(EXPORT.to_owned(), reply);
    };
    set(export("price"));
    let copy = copy_of_shop().unwrap();
    let guide = "# Books\n\nAll about books.\n";
    let report = pull::pull(copy.path(), &options).unwrap();
    assert_eq!(report.pages, 2);
    let requests = site.take_log();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        (requests[0].method.as_str(), requests[0].body.as_str()),
        ("POST", "")
    );
    assert_eq!(requests[0].headers["x-client-version"], "100.100.100");
    assert!(!requests[0].headers.contains_key("authorization"));

    let listed = entry(copy.path(), "12e0").unwrap();
    assert_eq!(
        (listed.file.as_str(), listed.folder.join("/")),
        ("12e0-list-books.json", "Shelf/Old".to_owned())
    );
    let lock = lock(copy.path());
    let added = lock
        .pages
        .iter()
        .find(|entry| entry.key() == "post-books")
        .unwrap();
    assert_eq!(
        (added.id.as_deref(), added.title.as_str()),
        (None, "Add Book")
    );
    let captures = captures::load(copy.path()).unwrap();
    let page = captures
        .pages
        .iter()
        .find(|page| page.key == "12e0")
        .unwrap();
    let schemas: Vec<&str> = page.schemas.iter().map(|schema| &*schema.name).collect();
    assert_eq!(schemas, ["Book"]);
    assert!(captures.pages.iter().any(|page| page.key == "post-books"));
    assert!(!pull::check(copy.path(), &options).unwrap().differs());

    // The change of a schema changes only the pages that use it.
    set(json!({"success": true, "data": export("cost")}));
    let report = pull::check(copy.path(), &options).unwrap();
    let changed: Vec<&str> = report.lines.iter().map(|line| line.file.as_str()).collect();
    assert_eq!(changed, ["12e0-list-books.json"]);

    // An export has no guides, so that the captured ones are kept.
    site.state().replies.insert(
        "/llms.txt".to_owned(),
        Reply::markdown("- [Books](7m0.md)\n- [List Books](12e0.md)\n"),
    );
    site.state()
        .replies
        .insert("/7m0.md".to_owned(), Reply::markdown(guide));
    site.state()
        .replies
        .insert("/12e0.md".to_owned(), Reply::markdown("# List Books\n"));
    options.form = Some(CaptureFormat::Markdown);
    pull::pull(copy.path(), &options).unwrap();
    options.form = Some(CaptureFormat::Export);
    pull::pull(copy.path(), &options).unwrap();
    assert!(entry(copy.path(), "7m0").is_some());
}

#[test]
fn export_keeps_webhooks_and_captures_of_other_sites() {
    let site = site(CaptureFormat::Markdown, Vec::new());
    let mut options = options(&site);
    options.form = Some(CaptureFormat::Export);
    options.site_id = Some(31);
    let set = |value: Value| {
        let reply = Reply::new(200, "application/json", value.to_string());
        site.state().replies.insert(EXPORT.to_owned(), reply);
    };
    set(export("price"));
    let copy = copy_of_shop().unwrap();
    pull::pull(copy.path(), &options).unwrap();
    let file = copy.path().join("spec/docs/docs.lock");
    let mut edited = lock(copy.path());
    for page in &mut edited.pages {
        if page.key() == "12e0" {
            page.kind = CaptureKind::Receiver;
        }
    }
    fs::write(file, edited.to_text().unwrap()).unwrap();

    let other = entry(copy.path(), "510000004e0").unwrap();
    set(
        json!({"openapi": "3.0.1", "paths": {"/orders/{orderNo}": {"get": {"summary": "Get Order", "responses": {}}}}}),
    );
    pull::pull(copy.path(), &options).unwrap();
    assert!(entry(copy.path(), "12e0").is_some(), "webhook");
    assert_eq!(entry(copy.path(), "510000004e0"), Some(other));
    let lock = lock(copy.path());
    let keys: Vec<&str> = lock
        .pages
        .iter()
        .filter(|page| page.site == options.site.name())
        .map(|page| page.key())
        .collect();
    assert_eq!(keys, ["12e0", "get-orders-orderno"]);
}

#[test]
fn unusable_export_changes_nothing() {
    let site = site(CaptureFormat::Markdown, Vec::new());
    let mut options = options(&site);
    options.form = Some(CaptureFormat::Export);
    options.site_id = Some(31);
    let copy = copy_of_shop().unwrap();
    let before = read_files_below(&copy.path().join("spec")).unwrap();
    let mut same_page = export("price");
    same_page["paths"]["/books"]["post"]["x-run-in-apifox"] =
        same_page["paths"]["/books"]["get"]["x-run-in-apifox"].clone();
    let big: String = "x".repeat(2_000);
    let repeated: serde_json::Map<String, Value> = (0..100)
        .map(|number| {
            let schema = json!({"$ref": "#/components/schemas/Big"});
            let content = json!({"application/json": {"schema": schema}});
            let operation = json!({"responses": {"200": {"description": "", "content": content}}});
            (format!("/{number}"), json!({"get": operation}))
        })
        .collect();
    let repeated = json!({"openapi": "3.0.1", "paths": repeated, "components": {"schemas": {"Big": {"type": "string", "description": big.repeat(10)}}}});
    for (part, reply) in [
        ("responds with 404", Reply::status(404)),
        ("has no `data`", Reply::new(200, "application/json", "{}")),
        (
            "not an OpenAPI 3 document",
            Reply::json(json!({"swagger": "2.0"})),
        ),
        (
            "lists no page",
            Reply::json(json!({"openapi": "3.0.1", "paths": {}})),
        ),
        ("is the page of two operations", Reply::json(same_page)),
        ("but the export has only", Reply::json(repeated)),
        (
            "redirects (302)",
            Reply::status(302).with_header("Location", "https://elsewhere.example/"),
        ),
    ] {
        site.state().replies.insert(EXPORT.to_owned(), reply);
        let error = pull::pull(copy.path(), &options).unwrap_err().to_string();
        assert!(error.contains(part), "{part}: {error}");
    }
    assert_eq!(read_files_below(&copy.path().join("spec")).unwrap(), before);
}
