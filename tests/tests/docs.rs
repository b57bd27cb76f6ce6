//! `docs add` and `docs import`.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use stablelink_tests::{copy_of_shop, read_files_below};
use xtask::docs::{
    add::{self, AddedPage},
    import,
    lock::{CaptureKind, CaptureLock, CaptureOrigin, PageEvidence},
};

const PRICE: &str = "510000002e0-get-price.txt";
const ORDER: &str = "510000004e0-get-order.json";
const SCHEMAS: &str = "schemas-77.json";

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
        (PRICE, None),
        ("510000002e0.txt", None),
        ("510000002e0-another-title.txt", None),
        ("Get Price.txt", None),
        (
            "page.txt",
            Some("https://docs.teas.example/get-price-510000002e0"),
        ),
    ];
    for (name, address) in cases {
        let copy = copy_of_shop().unwrap();
        let text = capture(copy.path(), PRICE).replace("\"SENCHA\"", "\"ASSAM\"");
        let file = save(copy.path(), name, &text);
        let added = add::add(copy.path(), &[file], address, Some(CaptureOrigin::Saved)).unwrap();
        assert_eq!(added.pages, [AddedPage::Changed(PRICE.into())], "{name}");
        assert_eq!(capture(copy.path(), PRICE), text, "{name}");
        let lock = CaptureLock::read(&copy.path().join("spec/docs")).unwrap();
        lock.verify(&copy.path().join("spec/docs")).unwrap();
        let entry = lock.pages.iter().find(|entry| entry.file == PRICE).unwrap();
        assert_eq!(entry.origin, CaptureOrigin::Saved, "{name}");
        assert_eq!(entry.modified.as_deref(), Some("2026-03-31 05:13:12"));
        assert_eq!(entry.evidence, PageEvidence::Documented);
    }
}

#[test]
fn unchanged_page_changes_nothing() {
    let copy = copy_of_shop().unwrap();
    let file = copy.path().join("spec/docs").join(PRICE);
    let before = read_files_below(copy.path()).unwrap();
    let added = add::add(copy.path(), &[file], None, Some(CaptureOrigin::Saved)).unwrap();
    assert_eq!(added.pages, [AddedPage::Unchanged(PRICE.into())]);
    assert_eq!(read_files_below(copy.path()).unwrap(), before);
}

#[test]
fn truncated_page_is_partial_and_webhook_stays_webhook() {
    let copy = copy_of_shop().unwrap();
    let truncated = capture(copy.path(), PRICE).replace(
        "Modified at",
        "[capture: cut here; the rest was not saved]\nModified at",
    );
    let webhook = "510000007e0-order-event.txt";
    let edited = capture(copy.path(), webhook).replace("Tells the shop", "Tells a shop");
    let files = [
        save(copy.path(), PRICE, &truncated),
        save(copy.path(), webhook, &edited),
    ];
    add::add(copy.path(), &files, None, Some(CaptureOrigin::Transcribed)).unwrap();
    let lock = CaptureLock::read(&copy.path().join("spec/docs")).unwrap();
    let entry = |name: &str| lock.pages.iter().find(|entry| entry.file == name).unwrap();
    assert_eq!(entry(PRICE).evidence, PageEvidence::Partial);
    assert_eq!(entry(PRICE).origin, CaptureOrigin::Transcribed);
    assert_eq!(entry(webhook).kind, CaptureKind::Receiver);
}

#[test]
fn new_page_is_named_after_id_and_title() {
    let copy = copy_of_shop().unwrap();
    let page = "1. Trade\nGlobal Payment\n\nGet ../Fee Config\n\nGET\n/trade/fee\nGives the fee.\n\nResponses\n\n\
                🟢200成功\napplication/json\n\nExample\n{\"retcode\": \"200\"}\n";
    let file = save(copy.path(), "x.txt", page);
    let address = Some("https://docs.teas.example/312999615e0");
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
        ("no page at all", vec![(PRICE, Vec::new())], None),
        ("not UTF-8", vec![(PRICE, vec![0xff, 0xfe, 0x00])], None),
        (
            "one page twice",
            vec![
                (PRICE, page("A").into()),
                ("510000002e0.txt", page("B").into()),
            ],
            None,
        ),
        (
            "an address of another form",
            vec![("a.txt", page("A").into())],
            Some("https://docs.teas.example/rates"),
        ),
        ("no such file", vec![], None),
    ];
    let mut report = String::new();
    for (name, files, address) in cases {
        let copy = copy_of_shop().unwrap();
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
    let copy = copy_of_shop().unwrap();
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

/// Two projects number their schemas alike.
#[test]
fn import_resolves_the_schemas_of_each_site() {
    let copies = [copy_of_shop().unwrap(), copy_of_shop().unwrap()];
    let folders = copies.each_ref().map(|copy| copy.path().join("spec/docs"));
    for file in fs::read_dir(&folders[1]).unwrap() {
        let file = file.unwrap().path();
        let text = fs::read_to_string(&file).unwrap();
        let text = text.replace("docs.teas.example", "docs.coffees.example");
        let text = text.replace("orderStatus", "coffeeStatus");
        let text = text.replace("\"Order\"", "\"Coffee\"");
        let text = text.replace("id = \"510000004e0\"", "id = \"510000094e0\"");
        fs::write(&file, text.replace("\"/orders/", "\"/coffees/")).unwrap();
    }
    let pages = folders.map(|folder| [ORDER, SCHEMAS].map(|name| folder.join(name)));
    let imported = import::import(&pages.concat(), None).unwrap();
    let schemas = imported.document["components"]["schemas"].to_string();
    for name in ["orderStatus", "coffeeStatus"] {
        assert!(
            schemas.contains(&format!("\"{name}\":")),
            "{name}: {schemas}"
        );
    }
}

#[test]
fn import_reads_files_and_folders() {
    let shop = copy_of_shop().unwrap();
    let folder = shop.path().join("spec/docs");
    let whole = import::import(std::slice::from_ref(&folder), None).unwrap();
    assert!(!whole.is_partial(), "{:?}", whole.messages);
    assert_eq!(whole.document["openapi"], "3.0.3");
    assert_eq!(whole.document["paths"].as_object().unwrap().len(), 6);
    // The lock of the folder states which page is a webhook, and which file has the shared schemas.
    assert!(whole.document["components"]["schemas"]["OrderLine"].is_object());
    assert!(whole.document["x-webhooks"]["orderEvent"]["post"].is_object());
    let summary = &whole.summary;
    assert_eq!(
        (summary.operations, summary.guides, summary.unreadable),
        (7, 3, 0),
        "{summary}"
    );
    assert!(summary.used_lines > summary.unused_lines, "{summary}");
    let explained = import::explain(&folder.join(PRICE)).unwrap();
    assert!(explained.contains("| POST → method"), "{explained}");

    let one = import::import(&[folder.join(PRICE)], None).unwrap();
    assert_eq!(one.document["paths"].as_object().unwrap().len(), 1);

    let copy = copy_of_shop().unwrap();
    let broken = save(
        copy.path(),
        "broken.txt",
        &capture(copy.path(), PRICE).replace("\"unitPrice\": 40", "40"),
    );
    let some = import::import(
        &[folder.join("510000003e0-create-order.json"), broken],
        None,
    )
    .unwrap();
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
    assert!(some.document["paths"]["/orders"]["post"].is_object());

    let missing = import::import(&[copy.path().join("none")], None).unwrap_err();
    assert!(missing.to_string().contains("none"), "{missing}");
}
