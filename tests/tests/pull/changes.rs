//! What moved is told by page, and what is not captured is said.

use std::collections::BTreeSet;

use stablelink_tests::{
    copy_of_tree, read_files_below,
    site::{DocPage, Reply},
};
use xtask::docs::{
    add::{self, Filed},
    lock::{Kind, Origin},
    pull::{self, Form, address::Site as Address},
};

use crate::support::{FORMS, entry, lock, options, site, told};

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
        let before = read_files_below(copy.path()).unwrap();
        let checked = pull::check(copy.path(), &options).unwrap();
        assert!(checked.differs());
        assert_eq!(read_files_below(copy.path()).unwrap(), before);

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
    let before = read_files_below(copy.path()).unwrap();
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
    let after = read_files_below(copy.path()).unwrap();
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

/// Whoever pulls has to learn that a page changes by itself, and which pages are not compared whole.
#[test]
fn what_is_not_compared_and_what_alone_differs_is_said() {
    let copy = copy_of_tree().unwrap();
    let site = site(Form::Json, DocPage::many(5));
    let options = options(&site);
    pull::pull(copy.path(), &options).unwrap();
    for page in &mut site.state().pages[..3] {
        page.text.push_str(" And more.");
    }
    let report = pull::check(copy.path(), &options).unwrap();
    insta::assert_snapshot!("one_member_alone", told(&site, &report));
    // Two pages may well differ in the same member by chance.
    site.state().pages[2].title = "Find Book 3".into();
    let report = pull::check(copy.path(), &options).unwrap();
    assert_eq!(report.same_difference, None);
}

#[test]
fn docs_that_moved_to_another_host_are_followed() {
    let copy = copy_of_tree().unwrap();
    let docs = copy.path().join("spec/docs");
    let file = "421876920e0-get-exchange-rate.txt";
    let before = entry(copy.path(), "421876920e0").unwrap();
    let saved = copy.path().join(file);
    std::fs::copy(docs.join(file), &saved).unwrap();
    let address = "https://docs.example/421876920e0";
    let added = add::add(copy.path(), &[saved], Some(address), Origin::Saved).unwrap();
    assert_eq!(added.filed, [Filed::Moved(file.into())]);
    let after = entry(copy.path(), "421876920e0").unwrap();
    assert_eq!(after.site, "docs.example");
    assert_eq!(after.address.as_deref(), Some(address));
    assert_eq!((after.origin, after.sha256), (before.origin, before.sha256));
}
