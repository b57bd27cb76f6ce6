//! The report of changed, replaced and skipped pages.

use std::collections::BTreeSet;

use stablelink_tests::{
    copy_of_shop, read_files_below,
    site::{DocPage, Reply},
};
use xtask::docs::{
    add::{self, AddedPage},
    lock::{CaptureKind, CaptureOrigin},
    pull::{self, CaptureFormat, address::Site as Address},
};

use crate::support::{FORMS, entry, lock, options, site, without_port};

#[test]
fn report_lists_changed_pages_and_check_writes_nothing() {
    for form in FORMS {
        let copy = copy_of_shop().unwrap();
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
        let before = read_files_below(copy.path()).unwrap();
        let checked = pull::check(copy.path(), &options).unwrap();
        assert!(checked.differs());
        assert_eq!(read_files_below(copy.path()).unwrap(), before);

        let pulled = pull::pull(copy.path(), &options).unwrap();
        assert_eq!(pulled, checked);
        insta::assert_snapshot!(
            format!("changes_as_{}", form.name().replace(' ', "_")),
            without_port(&site, &pulled)
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
fn pulled_page_replaces_transcribed_page_and_stand_in() {
    let copy = copy_of_shop().unwrap();
    let call = |method: &str, path: &str| Some((method.to_owned(), path.to_owned()));
    let page = |id, title: &str, folder: &str, call| DocPage {
        id,
        title: title.into(),
        folder: folder.into(),
        call,
        text: "Words.".into(),
    };
    let site = site(
        CaptureFormat::Json,
        vec![
            page(
                510_000_002,
                "Get Price",
                "Prices",
                call("post", "/prices/get-quote"),
            ),
            page(510_000_007, "Order Event", "Orders", call("post", "/")),
            page(
                510_000_015,
                "Refund Order",
                "Orders",
                call("post", "/orders/refund"),
            ),
        ],
    );
    // The site of the captures, served on localhost.
    let mut options = options(&site);
    let strangers = lock(copy.path());
    let stranger = strangers
        .pages
        .iter()
        .find(|entry| entry.id.as_deref() == Some("510000007e0"));
    assert_ne!(stranger.unwrap().site, "docs.teas.example");
    options.site = Address::parse("https://docs.teas.example").unwrap();
    let before = read_files_below(copy.path()).unwrap();
    let error = pull::pull(copy.path(), &options).unwrap_err();
    insta::assert_snapshot!("page_of_another_site", without_port(&site, error));
    site.state().pages.remove(1);

    let report = pull::pull(copy.path(), &options).unwrap();
    insta::assert_snapshot!("takes_the_place", without_port(&site, &report));
    assert!(
        !copy
            .path()
            .join("spec/docs/510000002e0-get-price.txt")
            .exists()
    );
    let rate = entry(copy.path(), "510000002e0").unwrap();
    assert_eq!(rate.file, "510000002e0-get-price.json");
    assert_eq!(rate.origin, CaptureOrigin::Pulled);
    // The other captures are unchanged.
    let after = read_files_below(copy.path()).unwrap();
    let unchanged = before.iter().filter(|file| after.contains(file)).count();
    assert_eq!(
        before.len() - unchanged,
        2,
        "the lock and the transcribed page"
    );

    // A webhook in the lock stays a webhook.
    site.state().pages = vec![page(
        510_000_007,
        "Order Event",
        "Orders",
        call("post", "/"),
    )];
    options.site = Address::parse(&site.url()).unwrap();
    pull::pull(copy.path(), &options).unwrap();
    assert_eq!(
        entry(copy.path(), "510000007e0").unwrap().kind,
        CaptureKind::Receiver
    );
}

#[test]
fn format_of_site_never_changes_silently() {
    let copy = copy_of_shop().unwrap();
    let site = site(CaptureFormat::Json, DocPage::many(3));
    let mut options = options(&site);
    pull::pull(copy.path(), &options).unwrap();
    site.state().published = false;
    let error = pull::pull(copy.path(), &options).unwrap_err();
    insta::assert_snapshot!("no_published_json_any_more", without_port(&site, error));
    options.form = Some(CaptureFormat::Markdown);
    let report = pull::pull(copy.path(), &options).unwrap();
    assert_eq!(report.form, CaptureFormat::Markdown);
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
fn skipped_entries_are_reported() {
    let copy = copy_of_shop().unwrap();
    let site = site(CaptureFormat::Json, DocPage::many(2));
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
    insta::assert_snapshot!("what_is_not_captured", without_port(&site, &report));
}

#[test]
fn page_added_in_other_format_replaces_pulled_page() {
    let copy = copy_of_shop().unwrap();
    let docs = copy.path().join("spec/docs");
    let text = docs.join("510000002e0-get-price.txt");
    let saved = copy.path().join("510000002e0.md");
    std::fs::copy(&text, &saved).unwrap();
    let added = add::add(copy.path(), &[saved], None, Some(CaptureOrigin::Saved)).unwrap();
    let file = "510000002e0-get-price.md";
    assert_eq!(added.pages, [AddedPage::Changed(file.into())]);
    assert!(!text.exists() && docs.join(file).exists());
    assert_eq!(entry(copy.path(), "510000002e0").unwrap().file, file);
}

/// The report names fields that change without the page, and fields that are not compared.
#[test]
fn ignored_fields_and_single_differing_field_are_reported() {
    let copy = copy_of_shop().unwrap();
    let site = site(CaptureFormat::Json, DocPage::many(5));
    let options = options(&site);
    pull::pull(copy.path(), &options).unwrap();
    for page in &mut site.state().pages[..3] {
        page.text.push_str(" And more.");
    }
    let report = pull::check(copy.path(), &options).unwrap();
    insta::assert_snapshot!("one_member_alone", without_port(&site, &report));
    // Two pages may differ in the same field by chance.
    site.state().pages[2].title = "Find Book 3".into();
    let report = pull::check(copy.path(), &options).unwrap();
    assert_eq!(report.same_difference, None);
}

#[test]
fn documentation_on_new_host_is_pulled() {
    let copy = copy_of_shop().unwrap();
    let docs = copy.path().join("spec/docs");
    let file = "510000002e0-get-price.txt";
    let before = entry(copy.path(), "510000002e0").unwrap();
    let saved = copy.path().join(file);
    std::fs::copy(docs.join(file), &saved).unwrap();
    let address = "https://docs.example/510000002e0";
    let added = add::add(
        copy.path(),
        &[saved],
        Some(address),
        Some(CaptureOrigin::Saved),
    )
    .unwrap();
    assert_eq!(added.pages, [AddedPage::Moved(file.into())]);
    let after = entry(copy.path(), "510000002e0").unwrap();
    assert_eq!(after.site, "docs.example");
    assert_eq!(after.address.as_deref(), Some(address));
    assert_eq!((after.origin, after.sha256), (before.origin, before.sha256));
}
