//! `regen`: from the captures to the documents and the client, on copies of the repository.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{fs, path::Path, time::Duration};

use proptest::prelude::*;
use stablelink_tests::{copy_of_shop, read_files_below, root};
use xtask::{
    docs::{
        add::{self, AddedPage},
        lock::{self, CaptureLock, CaptureOrigin},
    },
    output_files::FileState,
    regen,
    vendor::Vendor,
};

const PRICE: &str = "spec/docs/510000002e0-get-price.txt";
const DOCUMENT: &str = "spec/openapi.json";
const CLIENT: &str = "crates/teas-api/src/generated.rs";

/// Replaces text in a file. Fails if the file does not contain it.
fn replace(root: &Path, file: &str, from: &str, to: &str) {
    let path = root.join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from:?}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

/// Updates the hash in the lock after a test changed a capture.
fn forge_hash(root: &Path, file: &str) {
    let folder = root.join("spec/docs");
    let mut lock = CaptureLock::read(&folder).unwrap();
    let name = Path::new(file).file_name().unwrap().to_str().unwrap();
    let bytes = fs::read(root.join(file)).unwrap();
    let entry = lock
        .pages
        .iter_mut()
        .find(|entry| entry.file == name)
        .unwrap();
    entry.sha256 = lock::sha256(&bytes);
    fs::write(folder.join(lock::FILE_NAME), lock.to_text().unwrap()).unwrap();
}

/// Returns a copy of the invented vendor with its generated files.
fn shop() -> tempfile::TempDir {
    let copy = copy_of_shop().unwrap();
    let root = copy.path();
    regen::build(root).unwrap().outputs.write(root).unwrap();
    copy
}

fn states(root: &Path) -> Vec<(String, FileState)> {
    let built = regen::build(root).unwrap();
    let states = built.outputs.compare(root).unwrap();
    states
        .iter()
        .map(|(output, state)| (output.path.display().to_string(), *state))
        .collect()
}

#[test]
fn checked_in_files_are_up_to_date() {
    for (file, state) in states(&root()) {
        assert_eq!(
            state,
            FileState::Unchanged,
            "{file}: run `cargo xtask regen`"
        );
    }
}

#[test]
fn summary_table_of_run() {
    let built = regen::build(&root()).unwrap();
    let states = built.outputs.compare(&root()).unwrap();
    let warnings: Vec<String> = built.warnings.iter().map(ToString::to_string).collect();
    let table = built.summary.table(&states, "wrote", Duration::ZERO);
    insta::assert_snapshot!("table", format!("{}\n{table}", warnings.join("\n")));
}

/// Without `--site`, and every night, `docs pull` and `docs check` use the sites of the vendor.
#[test]
fn vendor_has_every_site_of_the_lock() {
    let sites = Vendor::read(&root()).unwrap().sites;
    let lock = CaptureLock::read(&root().join("spec/docs")).unwrap();
    for entry in lock.pages {
        let site = format!("https://{}", entry.site);
        assert!(sites.contains(&site), "{site}");
    }
}

#[test]
fn lock_has_canonical_format() {
    let folder = root().join("spec/docs");
    let text = fs::read_to_string(folder.join(lock::FILE_NAME)).unwrap();
    assert_eq!(CaptureLock::read(&folder).unwrap().to_text().unwrap(), text);
}

#[test]
fn removed_field_disappears_from_document_and_client() {
    let copy = shop();
    let root = copy.path();
    replace(root, PRICE, ",\n        \"tillId\": 23", "");
    let error = regen::build(root).unwrap_err().to_string();
    assert!(
        error.contains(PRICE) && error.contains("cargo xtask docs add"),
        "{error}"
    );

    let added = add::add(root, &[root.join(PRICE)], None, Some(CaptureOrigin::Saved)).unwrap();
    assert_eq!(
        added.pages,
        [AddedPage::Changed("510000002e0-get-price.txt".into())]
    );
    let lock = fs::read_to_string(root.join("spec/docs/docs.lock")).unwrap();
    assert!(lock.contains("origin = \"saved\""), "{lock}");

    let before = fs::read_to_string(root.join(CLIENT)).unwrap();
    let built = regen::build(root).unwrap();
    let changed: Vec<String> = built
        .outputs
        .write(root)
        .unwrap()
        .iter()
        .filter(|(_, state)| *state == FileState::Stale)
        .map(|(output, _)| output.path.display().to_string())
        .collect();
    // EVIDENCE.md names pages and operations, not fields.
    for file in [DOCUMENT, "spec/openapi.yaml", CLIENT] {
        assert!(
            changed.iter().any(|name| name == file),
            "{file}: {changed:?}"
        );
    }
    let document: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(root.join(DOCUMENT)).unwrap()).unwrap();
    let fields = document["components"]["schemas"]["Price"]["properties"]
        .as_object()
        .unwrap();
    assert!(fields.contains_key("unitPrice") && !fields.contains_key("tillId"));
    let after = fs::read_to_string(root.join(CLIENT)).unwrap();
    assert_eq!(
        before.matches("till_id").count() - after.matches("till_id").count(),
        1
    );
    assert!(
        states(root)
            .iter()
            .all(|(_, state)| *state == FileState::Unchanged),
        "a second run changes nothing"
    );
}

#[test]
fn error_has_place_and_changes_no_file() {
    type Break = fn(&Path);
    let cases: [(&str, Break); 5] = [
        ("a capture that the lock does not know", |root| {
            replace(root, PRICE, "unitPrice", "unitprice");
        }),
        ("an overlay that is no JSONPath", |root| {
            replace(
                root,
                "spec/overlays/40-money.yaml",
                "$.components.schemas.GetPriceRequest.properties.amount",
                "components[",
            );
        }),
        ("an amount with another JSON type than `x-money`", |root| {
            replace(
                root,
                "spec/overlays/40-money.yaml",
                "x-money: number",
                "x-money: string",
            );
        }),
        ("an example that is no JSON", |root| {
            replace(root, PRICE, "\"unitPrice\": 40", "\"unitPrice\" 40");
            forge_hash(root, PRICE);
        }),
        ("two pages of one id", |root| {
            let lock = root.join("spec/docs/docs.lock");
            let text = fs::read_to_string(&lock).unwrap();
            fs::write(
                &lock,
                text.replace("id = \"510000002e0\"", "id = \"510000006e0\""),
            )
            .unwrap();
        }),
    ];
    let mut report = String::new();
    for (name, break_it) in cases {
        let copy = shop();
        break_it(copy.path());
        let before = read_files_below(copy.path()).unwrap();
        let error = regen::build(copy.path()).unwrap_err().to_string();
        assert_eq!(read_files_below(copy.path()).unwrap(), before, "{name}");
        let error = error.replace(&copy.path().display().to_string(), "<root>");
        report.push_str(&format!("## {name}\n{error}\n\n"));
    }
    insta::assert_snapshot!("what_is_wrong", report);
}

/// A number that no overlay calls money is an exact decimal, and a person is asked to confirm it.
#[test]
fn undecided_number_is_exact_and_listed_for_review() {
    let copy = shop();
    let root = copy.path();
    let fields = "\"tillId\": 23,\n        \"serviceFee\": 1.5,\n        \"lateFee\": \"1.5\",\n        \"oddFee\": \"none\"";
    replace(root, PRICE, "\"tillId\": 23", fields);
    forge_hash(root, PRICE);
    let built = regen::build(root).unwrap();
    // The fixture also has findings of other rules, which this test ignores.
    let expected = ["money", "money-form", "binary-float"];
    let rules = built.review.findings.iter().map(|it| it.rule);
    let rules: Vec<&str> = rules.filter(|rule| expected.contains(rule)).collect();
    assert_eq!(rules, expected);
    built.outputs.write(root).unwrap();
    let review = fs::read_to_string(root.join("spec/REVIEW.md")).unwrap();
    assert!(
        review.contains("## getPrice") && review.contains("510000002e0-get-price.txt:47"),
        "{review}"
    );
    let client = fs::read_to_string(root.join(CLIENT)).unwrap();
    for field in [
        "pub service_fee: ::std::option::Option<crate::scalars::DecimalNumber>",
        "pub late_fee: ::std::option::Option<crate::scalars::DecimalString>",
        "pub odd_fee: ::std::option::Option<::std::string::String>",
    ] {
        assert!(client.contains(field), "{field}");
    }
    assert!(!client.contains("f64"));
}

/// A value, a name in a selector, a path and the form of a field: each change is reported with its place.
#[test]
fn changes_that_no_error_reports_are_warnings() {
    type Change = fn(&Path);
    let cases: [(Change, &str); 4] = [
        (
            |root| {
                replace(root, PRICE, "\"unitPrice\": 40", "\"unitPrice\": \"40\"");
                forge_hash(root, PRICE);
            },
            "the page has a string, but the document has number at /components/schemas/Price/properties/unitPrice",
        ),
        (
            |root| {
                let file = "spec/docs/510000007e0-order-event.txt";
                replace(root, file, "PAID, SENT", "PAID, SENT, LOST");
                forge_hash(root, file);
            },
            "spec/docs/510000007e0-order-event.txt:21: warning: the value `LOST` is not in the enum of",
        ),
        (
            |root| {
                replace(
                    root,
                    "spec/overlays/40-money.yaml",
                    "['CreateOrderRequest', 'Order']",
                    "['CreateOrderRequest', 'Order', 'Renamed']",
                );
            },
            "spec/overlays/40-money.yaml:12: warning: action 3, target `$.components.schemas['CreateOrderRequest', 'Order', 'Renamed'].properties.total`: the name 'Renamed' matches nothing",
        ),
        (
            |root| {
                replace(root, PRICE, ",\n        \"tillId\": 23", "");
                forge_hash(root, PRICE);
            },
            "`Price.tillId` is gone",
        ),
    ];
    for (change, expected) in cases {
        let copy = shop();
        change(copy.path());
        let built = regen::build(copy.path()).unwrap();
        let warnings = built.warnings.iter().chain(&built.review.losses);
        let warnings: Vec<String> = warnings.map(ToString::to_string).collect();
        assert!(
            warnings.iter().any(|warning| warning.contains(expected)),
            "{expected}: {warnings:#?}"
        );
    }
}

/// An action that has no effect any more is an item to review, and only one that marks a secret is an error.
#[test]
fn stale_action_is_listed_for_review_unless_it_marks_a_secret() {
    type Change = fn(&Path);
    let cases: [(Change, &str); 3] = [
        (
            |root| {
                replace(root, PRICE, "\"validUntil\"", "\"expiry\"");
                forge_hash(root, PRICE);
            },
            "spec/overlays/50-open-enums.yaml",
        ),
        (
            |root| {
                let file = "spec/overlays/40-money.yaml";
                replace(root, file, "GetPriceRequest.properties.amount", "Gone");
            },
            "spec/overlays/40-money.yaml",
        ),
        (
            |root| {
                let file = "spec/profiles/plain.yaml";
                replace(
                    root,
                    file,
                    "securitySchemes.signature[",
                    "securitySchemes.clock[",
                );
            },
            "spec/profiles/plain.yaml",
        ),
    ];
    for (change, file) in cases {
        let copy = shop();
        change(copy.path());
        let built = regen::build(copy.path()).unwrap();
        let stale = built.review.stale.iter();
        let files: Vec<&str> = stale.map(|it| it.file.as_str()).collect();
        assert_eq!(files, [file]);
        built.outputs.write(copy.path()).unwrap();
        let review = fs::read_to_string(copy.path().join("spec/REVIEW.md")).unwrap();
        assert!(review.contains(file), "{review}");
    }

    let copy = shop();
    let file = "spec/overlays/75-security.yaml";
    replace(
        copy.path(),
        file,
        "IssueTokenResponseRetdata.properties.token",
        "Gone",
    );
    let error = regen::build(copy.path()).unwrap_err().to_string();
    assert!(
        error.contains(file) && error.contains("matches nothing"),
        "{error}"
    );
}

#[test]
fn captured_page_supersedes_its_stand_in() {
    let copy = shop();
    let root = copy.path();
    let page = root.join("refund.txt");
    fs::write(
        &page,
        "1. Orders\nHarbour Teas\n\nRefund Order\n\nPOST\n/refunds\nRefunds an order.\n\nResponses\n\n🟢200成功\n\
         application/json\nBodyapplication/json\n\nExample\n{\n    \"retcode\": \"200\"\n}\n",
    )
    .unwrap();
    add::add(
        root,
        &[page],
        Some("https://docs.teas.example/510000008e0"),
        Some(CaptureOrigin::Saved),
    )
    .unwrap();
    let built = regen::build(root).unwrap();
    let pages: Vec<&str> = built.superseded.iter().map(|it| it.page.as_str()).collect();
    assert_eq!(pages, ["Orders / Refund Order"]);
    let paths = built.superset["paths"].as_object().unwrap();
    assert!(paths.contains_key("/refunds") && !paths.contains_key("/orders/refund"));
}

/// xtask/tests/client_hostile.rs builds a crate with such text; this test covers the whole path from a
/// page to the sources.
#[test]
fn page_text_is_never_code() {
    let copy = shop();
    // No overlay replaces the description of this page.
    let page = "spec/docs/510000006e0-cancel-order.txt";
    let hostile = "/orders/cancel\n```rust\nstd::fs::write(\"ran\", \"\").unwrap();\n```\n~~~\n    std::process::exit(1);\n\
                   */ } \"# #![feature(x)] {} {0} \\u{41} [`Client`] <script>alert(1)</script> \u{202e}reversed\n```\n";
    replace(copy.path(), page, "/orders/cancel\n", hostile);
    forge_hash(copy.path(), page);
    let built = regen::build(copy.path()).unwrap();
    let client = built
        .outputs
        .iter()
        .find(|output| output.path == Path::new(CLIENT))
        .unwrap();
    let source = String::from_utf8(client.content.clone()).unwrap();
    syn::parse_file(&source).unwrap();
    assert!(source.contains("alert(1)"), "the text is kept");
    assert!(
        !source.contains('\u{202e}'),
        "invisible characters are escaped"
    );
    let mut open: Option<String> = None;
    let mut fences = 0;
    for line in source.lines() {
        let Some(text) = line.trim_start().strip_prefix("/// ") else {
            continue;
        };
        let ticks: String = text.chars().take_while(|c| *c == '`').collect();
        match &open {
            None if ticks.len() >= 3 => {
                assert_eq!(&text[ticks.len()..], "text", "{line}");
                open = Some(ticks);
                fences += 1;
            }
            Some(run) if text == run => open = None,
            _ => assert!(!text.starts_with("~~~"), "{line}"),
        }
    }
    assert!(open.is_none() && fences >= 2, "{fences} fences");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// A capture that is truncated or overwritten at any byte never causes a panic or a write.
    #[test]
    fn damaged_capture_never_panics(
        file in 0..11_usize,
        at in any::<prop::sample::Index>(),
        damage in prop_oneof![Just(None), prop::collection::vec(any::<u8>(), 1..8).prop_map(Some)],
    ) {
        let copy = shop();
        let names = lock::capture_files(&copy.path().join("spec/docs")).unwrap();
        let name = format!("spec/docs/{}", names[file % names.len()]);
        let path = copy.path().join(&name);
        let mut bytes = fs::read(&path).unwrap();
        let at = at.index(bytes.len());
        match damage {
            None => bytes.truncate(at),
            Some(damage) => { bytes.splice(at..(at + damage.len()).min(bytes.len()), damage); }
        }
        fs::write(&path, bytes).unwrap();
        forge_hash(copy.path(), &name);
        let before = read_files_below(copy.path()).unwrap();
        if let Err(error) = regen::build(copy.path()) {
            prop_assert!(!error.to_string().is_empty());
        }
        prop_assert_eq!(read_files_below(copy.path()).unwrap(), before);
    }
}
