//! `regen`: from the captures to the documents and the client, on copies of the repository.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{fs, path::Path, time::Duration};

use proptest::prelude::*;
use stablelink_tests::{copy_of_tree, read_files_below, root};
use xtask::{
    docs::{
        add::{self, AddedPage},
        lock::{self, CaptureLock, CaptureOrigin},
    },
    output_files::FileState,
    regen,
};

const RATE: &str = "spec/docs/421876920e0-get-exchange-rate.txt";
const DOCUMENT: &str = "spec/openapi.json";
const CLIENT: &str = "crates/stablelink-api/src/generated.rs";

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

#[test]
fn lock_has_canonical_format() {
    let folder = root().join("spec/docs");
    let text = fs::read_to_string(folder.join(lock::FILE_NAME)).unwrap();
    assert_eq!(CaptureLock::read(&folder).unwrap().to_text().unwrap(), text);
}

#[test]
fn removed_field_disappears_from_document_and_client() {
    let copy = copy_of_tree().unwrap();
    let root = copy.path();
    replace(root, RATE, ",\n        \"clientId\": 23", "");
    let error = regen::build(root).unwrap_err().to_string();
    assert!(
        error.contains(RATE) && error.contains("cargo xtask docs add"),
        "{error}"
    );

    let added = add::add(root, &[root.join(RATE)], None, Some(CaptureOrigin::Saved)).unwrap();
    assert_eq!(
        added.pages,
        [AddedPage::Changed(
            "421876920e0-get-exchange-rate.txt".into()
        )]
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
    for file in [DOCUMENT, "spec/openapi.yaml", "spec/EVIDENCE.md", CLIENT] {
        assert!(
            changed.iter().any(|name| name == file),
            "{file}: {changed:?}"
        );
    }
    let document: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(root.join(DOCUMENT)).unwrap()).unwrap();
    let fields = document["components"]["schemas"]["ExchangeRate"]["properties"]
        .as_object()
        .unwrap();
    assert!(fields.contains_key("channelRate") && !fields.contains_key("clientId"));
    let after = fs::read_to_string(root.join(CLIENT)).unwrap();
    assert_eq!(
        before.matches("client_id").count() - after.matches("client_id").count(),
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
            replace(root, RATE, "channelRate", "channelrate");
        }),
        ("an overlay that is no JSONPath", |root| {
            replace(
                root,
                "spec/overlays/40-money.yaml",
                "$.components.schemas.GetExchangeRateRequest.properties.amount",
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
            replace(root, RATE, "\"channelRate\": 40", "\"channelRate\" 40");
            forge_hash(root, RATE);
        }),
        ("two pages of one id", |root| {
            let lock = root.join("spec/docs/docs.lock");
            let text = fs::read_to_string(&lock).unwrap();
            fs::write(
                &lock,
                text.replace("id = \"421876920e0\"", "id = \"312999607e0\""),
            )
            .unwrap();
        }),
    ];
    let mut report = String::new();
    for (name, break_it) in cases {
        let copy = copy_of_tree().unwrap();
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
    let copy = copy_of_tree().unwrap();
    let root = copy.path();
    let fields = "\"clientId\": 23,\n        \"serviceFee\": 1.5,\n        \"lateFee\": \"1.5\",\n        \"oddFee\": \"none\"";
    replace(root, RATE, "\"clientId\": 23", fields);
    forge_hash(root, RATE);
    let built = regen::build(root).unwrap();
    let rules: Vec<&str> = built.review.findings.iter().map(|it| it.rule).collect();
    assert_eq!(rules, ["money", "money-form", "binary-float"]);
    built.outputs.write(root).unwrap();
    let review = fs::read_to_string(root.join("spec/REVIEW.md")).unwrap();
    assert!(
        review.contains("## getExchangeRate")
            && review.contains("421876920e0-get-exchange-rate.txt:48"),
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
                replace(root, RATE, "\"channelRate\": 40", "\"channelRate\": \"40\"");
                forge_hash(root, RATE);
            },
            "the page has a string, but the document has number at /components/schemas/ExchangeRate/properties/channelRate",
        ),
        (
            |root| {
                let file = "spec/docs/407759320e0-create-checkout-order.txt";
                replace(root, file, "SOL_USDC", "SOL_USDC, SOL_EURC");
                forge_hash(root, file);
            },
            "spec/docs/407759320e0-create-checkout-order.txt:22: warning: the value `SOL_EURC` is not in the enum of",
        ),
        (
            |root| {
                replace(
                    root,
                    "spec/overlays/60-unseen.yaml",
                    "['CreateUserRequest', 'SubmitKybRequest']",
                    "['CreateUserRequest', 'SubmitKybRequest', 'Renamed']",
                );
            },
            "spec/overlays/60-unseen.yaml:6: warning: action 1, target `$.components.schemas['CreateUserRequest', 'SubmitKybRequest', 'Renamed']`: the name 'Renamed' matches nothing",
        ),
        (
            |root| {
                replace(root, RATE, ",\n        \"clientId\": 23", "");
                forge_hash(root, RATE);
            },
            "`ExchangeRate.clientId` is gone",
        ),
    ];
    for (change, expected) in cases {
        let copy = copy_of_tree().unwrap();
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
                replace(root, RATE, "\"rateExpiryTime\"", "\"expiry\"");
                forge_hash(root, RATE);
            },
            "spec/overlays/65-descriptions.yaml",
        ),
        (
            |root| {
                let file = "spec/overlays/60-unseen.yaml";
                replace(
                    root,
                    file,
                    "$.components.schemas.Trade.properties",
                    "$.components.schemas.Gone",
                );
            },
            "spec/overlays/60-unseen.yaml",
        ),
        (
            |root| {
                let file = "spec/profiles/ogen.yaml";
                replace(
                    root,
                    file,
                    "securitySchemes.timestamp",
                    "securitySchemes.clock",
                );
            },
            "spec/profiles/ogen.yaml",
        ),
    ];
    for (change, file) in cases {
        let copy = copy_of_tree().unwrap();
        change(copy.path());
        let built = regen::build(copy.path()).unwrap();
        let files: Vec<&str> = built
            .review
            .stale
            .iter()
            .map(|it| it.file.as_str())
            .collect();
        assert_eq!(files, [file]);
        built.outputs.write(copy.path()).unwrap();
        let review = fs::read_to_string(copy.path().join("spec/REVIEW.md")).unwrap();
        assert!(
            review.contains(file) && review.contains("\n1 item.\n"),
            "{review}"
        );
    }

    let copy = copy_of_tree().unwrap();
    let file = "spec/overlays/75-security.yaml";
    replace(
        copy.path(),
        file,
        "$.components.schemas.AccessToken.properties",
        "$.components.schemas.Gone",
    );
    let error = regen::build(copy.path()).unwrap_err().to_string();
    assert!(
        error.contains(file) && error.contains("matches nothing"),
        "{error}"
    );
}

/// xtask/tests/client_hostile.rs builds a crate with such text; this test covers the whole path from a
/// page to the sources.
#[test]
fn page_text_is_never_code() {
    let copy = copy_of_tree().unwrap();
    // No overlay replaces the description of this page.
    let page = "spec/docs/407759320e0-create-checkout-order.txt";
    let hostile = "/checkout/order/create\n```rust\nstd::fs::write(\"ran\", \"\").unwrap();\n```\n~~~\n    std::process::exit(1);\n\
                   */ } \"# #![feature(x)] {} {0} \\u{41} [`Client`] <script>alert(1)</script> \u{202e}reversed\n```\n";
    replace(copy.path(), page, "/checkout/order/create\n", hostile);
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
        file in 0..25_usize,
        at in any::<prop::sample::Index>(),
        damage in prop_oneof![Just(None), prop::collection::vec(any::<u8>(), 1..8).prop_map(Some)],
    ) {
        let copy = copy_of_tree().unwrap();
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
