//! From a changed site to the regenerated files, and the exit codes of the commands.

use std::path::Path;

use clap::Parser as _;
use stablelink_tests::{
    copy_of_shop,
    site::{DocPage, Faults, Reply},
};
use xtask::{
    cli::Cli,
    commands,
    docs::pull::{self, CaptureFormat, address::Site as Address},
};

use crate::support::{options, site, without_port};

#[test]
fn check_exits_with_3_if_site_differs() {
    let copy = copy_of_shop().unwrap();
    let site = site(CaptureFormat::Json, DocPage::many(3));
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
        commands::run(copy.path(), cli).map(commands::CommandOutcome::code)
    };
    assert_eq!(run("check", &site.url()).unwrap(), 3);
    assert_eq!(run("pull", &site.url()).unwrap(), 0);
    assert_eq!(run("check", &site.url()).unwrap(), 0);
    let error = run("check", "http://docs.example").unwrap_err();
    assert_eq!(
        error.to_string(),
        "--site \"http://docs.example\": http is only allowed for localhost; use https"
    );
}

/// A response of the price operation.
const PRICE: &str = r#"{"retcode": "200", "retdata": {"tea": "SENCHA", "currency": "EUR", "unitPrice": 40,
    "validUntil": "2025-05-14 17:46:00", "discount": 3,
    "tillId": 23}, "success": true}"#;

/// The page of the price in the navigation.
fn price() -> DocPage {
    DocPage {
        id: 510_000_002,
        title: "Get Price".into(),
        folder: "Prices".into(),
        call: Some(("post".into(), "/prices/quote".into())),
        text: String::new(),
    }
}

/// The page of the price as the site publishes it: with examples but no schema. `response` is
/// the example of the response.
fn price_record(response: &str) -> serde_json::Value {
    serde_json::json!({
        "id": 510_000_002,
        "name": "Get Price",
        "method": "post",
        "path": "/prices/quote",
        "status": "released",
        "description": "Returns the price of a tea in a currency.",
        "updatedAt": "2026-03-31T05:13:12.000Z",
        "requestBody": {
            "type": "application/json",
            "required": true,
            "examples": [{
                "mediaType": "application/json",
                "value": "{\"tea\": \"SENCHA\", \"currency\": \"EUR\", \"amount\": 2.5, \"tillId\": 600002706}",
            }],
        },
        "responses": [{"id": 1, "name": "OK", "code": 200, "contentType": "json"}],
        "responseExamples": [{"name": "OK", "responseId": 1, "data": response}],
    })
}

fn price_page(response: &str) -> Reply {
    Reply::json(price_record(response))
}

/// The steps after the vendor changes the documentation: check, pull, regenerate.
#[test]
fn change_of_site_reaches_client() {
    let copy = copy_of_shop().unwrap();
    let mut pages: Vec<DocPage> = DocPage::many(320)
        .into_iter()
        .map(|page| DocPage { call: None, ..page })
        .collect();
    pages.push(price());
    let site = site(CaptureFormat::Json, pages);
    let price_path = site.path_of(510_000_002);
    site.state()
        .replies
        .insert(price_path.clone(), price_page(PRICE));
    site.state().faults = Some(Faults {
        seed: 11,
        percent: 10,
    });
    let mut options = options(&site);
    options.site = Address::parse("https://docs.teas.example").unwrap();
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
    let price_fields = |document: &serde_json::Value| -> Vec<String> {
        let fields = &document["components"]["schemas"]["Price"]["properties"];
        fields.as_object().unwrap().keys().cloned().collect()
    };
    assert!(price_fields(&before).contains(&"tillId".to_owned()));

    let without = PRICE.replace(",\n    \"tillId\": 23", "");
    site.state()
        .replies
        .insert(price_path, price_page(&without));
    for page in &mut site.state().pages[..2] {
        page.text.push_str(" And more.");
    }
    let found = pull::check(copy.path(), &options).unwrap();
    assert_eq!(found.lines.len(), 3, "{}", without_port(&site, &found));
    let pulled = pull::pull(copy.path(), &options).unwrap();
    assert_eq!(pulled.lines.len(), 3);
    assert!(
        without_port(&site, &pulled).contains("510000002e0"),
        "{}",
        without_port(&site, &pulled)
    );

    xtask::regen::build(copy.path())
        .unwrap()
        .outputs
        .write(copy.path())
        .unwrap();
    let after = document(copy.path());
    let lost: Vec<String> = price_fields(&before)
        .into_iter()
        .filter(|field| !price_fields(&after).contains(field))
        .collect();
    assert_eq!(lost, ["tillId"]);

    // The suite installs oasdiff and sets the variable `XTASK_OASDIFF`.
    let Some(oasdiff) = xtask::diff::oasdiff::Oasdiff::find(&stablelink_tests::root()) else {
        eprintln!("skipped the diff: oasdiff is not installed; `cargo xtask diff` installs it");
        return;
    };
    let report = xtask::diff::command::run(
        copy.path(),
        &oasdiff,
        &former.display().to_string(),
        &copy.path().join("spec/openapi.json").display().to_string(),
        xtask::diff::command::Format::Text,
    )
    .unwrap();
    assert!(report.is_breaking, "{}", report.text);
    let text = report
        .text
        .replace(&copy.path().display().to_string(), "<root>");
    insta::assert_snapshot!("what_a_lost_field_breaks", text);
}

fn document(root: &Path) -> serde_json::Value {
    let text = std::fs::read_to_string(root.join("spec/openapi.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Returns the rate page with a security requirement.
fn price_asks(member: &str, asked: serde_json::Value) -> Reply {
    let mut page = price_record(PRICE);
    page[member] = asked;
    Reply::json(page)
}

#[test]
fn page_does_not_weaken_security() {
    let copy = copy_of_shop().unwrap();
    let site = site(CaptureFormat::Json, vec![price()]);
    let mut options = options(&site);
    options.site = Address::parse("https://docs.teas.example").unwrap();
    let path = site.path_of(510_000_002);
    let regen = |reply: Reply| {
        site.state().replies.insert(path.clone(), reply);
        pull::pull(copy.path(), &options).unwrap();
        xtask::regen::build(copy.path())
    };
    let built = regen(price_asks("auth", serde_json::json!({"type": "bearer"}))).unwrap();
    built.outputs.write(copy.path()).unwrap();
    let document = document(copy.path());
    let operation = &document["paths"]["/prices/quote"]["post"];
    assert_eq!(operation.get("security"), None);
    assert!(document["security"][0].get("signature").is_some());

    let key = serde_json::json!({"header": [{"name": "X-Api-Key", "required": true}]});
    let error = regen(price_asks("parameters", key)).unwrap_err();
    insta::assert_snapshot!("a_page_that_asks_for_more", error);
}

#[test]
fn two_responses_with_same_status_become_one_type() {
    let copy = copy_of_shop().unwrap();
    let site = site(CaptureFormat::Json, vec![price()]);
    let mut options = options(&site);
    options.site = Address::parse("https://docs.teas.example").unwrap();
    let mut page = price_record(PRICE);
    page["responses"] = serde_json::json!([
        {"id": 1, "name": "OK", "code": 200, "contentType": "json"},
        {"id": 2, "name": "Refused", "code": 200, "contentType": "json"},
    ]);
    let refused = r#"{"retcode": "00008", "retmsg": "amount is too small", "success": false}"#;
    page["responseExamples"]
        .as_array_mut()
        .unwrap()
        .push(serde_json::json!({"responseId": 2, "data": refused}));
    let path = site.path_of(510_000_002);
    site.state().replies.insert(path, Reply::json(page));
    pull::pull(copy.path(), &options).unwrap();
    let built = xtask::regen::build(copy.path()).unwrap();
    built.outputs.write(copy.path()).unwrap();
    let document = document(copy.path());
    let response = &document["paths"]["/prices/quote"]["post"]["responses"]["200"];
    let json = &response["content"]["application/json"];
    assert_eq!(json["examples"].as_object().unwrap().len(), 2);
    let name = json["schema"]["$ref"].as_str().unwrap();
    let schema = document.pointer(name.trim_start_matches('#')).unwrap();
    assert!(schema.get("oneOf").is_none(), "{schema}");
    assert!(schema["properties"].get("retmsg").is_some(), "{schema}");
}
