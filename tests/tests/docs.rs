//! `docs add` and `docs import`.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use stablelink_tests::{copy_of_tree, read_files_below, root};
use xtask::docs::{
    add::{self, AddedPage},
    import,
    lock::{CaptureKind, CaptureLock, CaptureOrigin, PageEvidence},
};

const RATE: &str = "421876920e0-get-exchange-rate.txt";

/// Writes a page as a person saves it from a browser, with any file name.
fn save(root: &Path, name: &str, text: &str) -> PathBuf {
    let folder = root.join("saved");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

fn capture(root: &Path, name: &str) -> String {
    fs::read_to_string(root.join("spec/docs").join(name)).unwrap()
}

#[test]
fn page_is_identified_by_file_name_url_or_content() {
    let cases = [
        (RATE, None),
        ("421876920e0.txt", None),
        ("421876920e0-another-title.txt", None),
        ("Get Exchange Rate.txt", None),
        (
            "page.txt",
            Some("https://developer.stablelink.app/get-exchange-rate-421876920e0"),
        ),
    ];
    for (name, address) in cases {
        let copy = copy_of_tree().unwrap();
        let text = capture(copy.path(), RATE).replace("\"USDT\"", "\"USDC\"");
        let file = save(copy.path(), name, &text);
        let added = add::add(copy.path(), &[file], address, Some(CaptureOrigin::Saved)).unwrap();
        assert_eq!(added.pages, [AddedPage::Changed(RATE.into())], "{name}");
        assert_eq!(capture(copy.path(), RATE), text, "{name}");
        let lock = CaptureLock::read(&copy.path().join("spec/docs")).unwrap();
        lock.verify(&copy.path().join("spec/docs")).unwrap();
        let entry = lock.pages.iter().find(|entry| entry.file == RATE).unwrap();
        assert_eq!(entry.origin, CaptureOrigin::Saved, "{name}");
        assert_eq!(entry.modified.as_deref(), Some("2026-03-31 05:13:12"));
        assert_eq!(entry.evidence, PageEvidence::Documented);
    }
}

#[test]
fn unchanged_page_changes_nothing() {
    let copy = copy_of_tree().unwrap();
    let file = copy.path().join("spec/docs").join(RATE);
    let before = read_files_below(copy.path()).unwrap();
    let added = add::add(copy.path(), &[file], None, Some(CaptureOrigin::Saved)).unwrap();
    assert_eq!(added.pages, [AddedPage::Unchanged(RATE.into())]);
    assert_eq!(read_files_below(copy.path()).unwrap(), before);
}

#[test]
fn truncated_page_is_partial_and_webhook_stays_webhook() {
    let copy = copy_of_tree().unwrap();
    let truncated = capture(copy.path(), RATE).replace(
        "Modified at",
        "[capture: cut here; the rest was not saved]\nModified at",
    );
    let webhook = "407759335e0-webhook.txt";
    let edited = capture(copy.path(), webhook).replace("Tells the receiver", "Tells a receiver");
    let files = [
        save(copy.path(), RATE, &truncated),
        save(copy.path(), webhook, &edited),
    ];
    add::add(copy.path(), &files, None, Some(CaptureOrigin::Transcribed)).unwrap();
    let lock = CaptureLock::read(&copy.path().join("spec/docs")).unwrap();
    let entry = |name: &str| lock.pages.iter().find(|entry| entry.file == name).unwrap();
    assert_eq!(entry(RATE).evidence, PageEvidence::Partial);
    assert_eq!(entry(RATE).origin, CaptureOrigin::Transcribed);
    assert_eq!(entry(webhook).kind, CaptureKind::Receiver);
}

#[test]
fn new_page_is_named_after_id_and_title() {
    let copy = copy_of_tree().unwrap();
    let page = "1. Trade\nGlobal Payment\n\nGet ../Fee Config\n\nGET\n/trade/fee\nGives the fee.\n\nResponses\n\n\
                🟢200成功\napplication/json\n\nExample\n{\"retcode\": \"200\"}\n";
    let file = save(copy.path(), "x.txt", page);
    let address = Some("https://developer.stablelink.app/312999615e0");
    let added = add::add(copy.path(), &[file], address, Some(CaptureOrigin::Saved)).unwrap();
    assert_eq!(
        added.pages,
        [AddedPage::Added("312999615e0-get-fee-config.txt".into())]
    );
    let lock = CaptureLock::read(&copy.path().join("spec/docs")).unwrap();
    lock.verify(&copy.path().join("spec/docs")).unwrap();
}

#[test]
fn page_that_cannot_be_added_changes_nothing() {
    let page = |title: &str| {
        format!(
            "1. X\nGlobal Payment\n\n{title}\n\nGET\n/x\nText.\n\nResponses\n\n🟢200成功\napplication/json\n"
        )
    };
    type Files = Vec<(&'static str, Vec<u8>)>;
    let cases: [(&str, Files, Option<&str>); 6] = [
        (
            "an unknown page",
            vec![("a.txt", page("Never Seen").into())],
            None,
        ),
        ("no page at all", vec![(RATE, Vec::new())], None),
        ("not UTF-8", vec![(RATE, vec![0xff, 0xfe, 0x00])], None),
        (
            "one page twice",
            vec![
                (RATE, page("A").into()),
                ("421876920e0.txt", page("B").into()),
            ],
            None,
        ),
        (
            "an address of another form",
            vec![("a.txt", page("A").into())],
            Some("https://developer.stablelink.app/rates"),
        ),
        ("no such file", vec![], None),
    ];
    let mut report = String::new();
    for (name, files, address) in cases {
        let copy = copy_of_tree().unwrap();
        let mut paths: Vec<PathBuf> = files
            .iter()
            .map(|(name, bytes)| {
                let path = save(copy.path(), name, "");
                fs::write(&path, bytes).unwrap();
                path
            })
            .collect();
        if paths.is_empty() {
            paths.push(copy.path().join("none.txt"));
        }
        let before = read_files_below(copy.path()).unwrap();
        let error = add::add(copy.path(), &paths, address, Some(CaptureOrigin::Saved)).unwrap_err();
        assert_eq!(read_files_below(copy.path()).unwrap(), before, "{name}");
        let error = error
            .to_string()
            .replace(&copy.path().display().to_string(), "<root>");
        report.push_str(&format!("## {name}\n{error}\n\n"));
    }
    insta::assert_snapshot!("what_cannot_be_filed", report);
}

#[test]
fn import_resolves_the_shared_schemas_of_a_project() {
    let copy = copy_of_tree().unwrap();
    let page = save(
        copy.path(),
        "page.json",
        r##"{"name": "Pay", "method": "post", "path": "/pay", "requestBody": {"type": "application/json", "jsonSchema": {"$ref": "#/definitions/12"}}, "responses": []}"##,
    );
    let schemas = save(
        copy.path(),
        "schemas.json",
        r#"[{"id": 12, "name": "Payment", "jsonSchema": {"type": "object", "properties": {"sum": {"type": "string"}}}}]"#,
    );
    let without = import::import(std::slice::from_ref(&page), None).unwrap();
    assert!(
        without.messages[0].text.contains("`12` is missing"),
        "{:?}",
        without.messages
    );
    let with = import::import(&[page], Some(&schemas)).unwrap();
    assert_eq!(with.messages, []);
    let properties = &with.document["components"]["schemas"]["Payment"]["properties"];
    assert_eq!(properties["sum"]["type"], "string");
}

#[test]
fn import_reads_files_and_folders() {
    let folder = root().join("spec/docs");
    let whole = import::import(std::slice::from_ref(&folder), None).unwrap();
    assert!(!whole.is_partial(), "{:?}", whole.messages);
    assert_eq!(whole.document["openapi"], "3.0.3");
    assert_eq!(whole.document["paths"].as_object().unwrap().len(), 11);
    // The lock of the folder states which page is a webhook.
    assert!(whole.document["x-webhooks"]["webhook"]["post"].is_object());
    let summary = &whole.summary;
    assert!(
        summary.operations >= 12 && summary.unreadable == 0,
        "{summary}"
    );
    assert!(summary.used_lines > summary.unused_lines, "{summary}");
    let explained = import::explain(&folder.join(RATE)).unwrap();
    assert!(explained.contains("| POST → method"), "{explained}");

    let one = import::import(&[folder.join(RATE)], None).unwrap();
    assert_eq!(one.document["paths"].as_object().unwrap().len(), 1);

    let copy = copy_of_tree().unwrap();
    let broken = save(
        copy.path(),
        "broken.txt",
        &capture(copy.path(), RATE).replace("\"channelRate\": 40", "40"),
    );
    let some = import::import(&[folder.join("315241613e0-create-user.txt"), broken], None).unwrap();
    assert!(some.is_partial());
    let message = some
        .messages
        .iter()
        .find(|message| message.is_error())
        .unwrap();
    assert!(
        message.file.ends_with("broken.txt") && message.line.is_some() && message.help.is_some(),
        "{message}"
    );
    assert!(some.document["paths"]["/user/create-user"]["post"].is_object());

    let missing = import::import(&[copy.path().join("none")], None).unwrap_err();
    assert!(missing.to_string().contains("none"), "{missing}");
}
