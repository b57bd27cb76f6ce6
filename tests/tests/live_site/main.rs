//! The day on which the vendor's site can be pulled: no file is edited, and `regen` reports what a person must
//! review.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod site;

use std::{
    collections::BTreeSet,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use site::{OperationPage, pages, publish};
use stablelink_tests::{
    copy_of_tree, root as workspace,
    site::{Site, SiteState},
};
use xtask::{
    docs::{
        prune,
        pull::{
            self, PullOptions,
            address::{ApiBase, Site as Address},
            settings::PullSettings,
        },
    },
    overlay,
    regen::{self, RegenOutput},
};

const SUPERSET: &str = "spec/openapi.provisional.json";

/// Publishes the pages, pulls them and regenerates all files.
fn pull_and_regenerate(root: &Path, site: &Site, pages: &[OperationPage]) -> RegenOutput {
    publish(site, pages);
    let options = PullOptions {
        site: Address::parse(&site.url()).unwrap(),
        api: vec![ApiBase::parse(&site.api_base()).unwrap()],
        form: None,
        site_id: None,
        password: None,
        without: Vec::new(),
        settings: PullSettings::default(),
    };
    pull::pull(root, &options).unwrap();
    let built = regen::build(root).unwrap_or_else(|error| panic!("{error}"));
    built.outputs.write(root).unwrap();
    built
}

fn start() -> Site {
    Site::start(SiteState::default()).unwrap()
}

fn read(root: &Path, file: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(root.join(file)).unwrap()).unwrap()
}

fn live_pages(root: &Path, seed: u64) -> Vec<OperationPage> {
    let (_, stand_ins) = overlay::load_all(root).unwrap();
    let pages = pages(&read(root, SUPERSET), &stand_ins, seed);
    assert!(pages.len() >= 39, "{} pages", pages.len());
    pages
}

/// Returns the operations of a document by id, each with its request.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            found.push((id, format!("{method} {path}"), operation.clone()));
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

fn messages(built: &RegenOutput) -> String {
    let messages = built.warnings.iter().chain(&built.review.losses);
    messages.map(|it| format!("{it}\n")).collect()
}

#[test]
fn whole_site_is_regenerated_without_an_edit() {
    for seed in 1..=3 {
        let copy = copy_of_tree().unwrap();
        let root = copy.path();
        let before = operations(&read(root, SUPERSET));
        let site = start();
        let built = pull_and_regenerate(root, &site, &live_pages(root, seed));
        assert_eq!(built.superseded.len(), 28);
        assert!(!built.review.is_empty());

        let after = operations(&read(root, "spec/openapi.json"));
        assert_eq!(before.len(), after.len());
        let mut moved = 0;
        for ((id, request, old), (new_id, new_request, new)) in before.iter().zip(&after) {
            assert_eq!(id, new_id);
            for field in ["summary", "tags"] {
                assert_eq!(old[field], new[field], "{id}");
            }
            let (old, new) = (&old["x-retry"], &new["x-retry"]);
            // The page of a keyed operation has other fields, so its key is gone.
            let is_keyless = old["policy"] == "keyed" && new["policy"] == "never";
            assert!(
                old == new || is_keyless && request != new_request,
                "{id}: {new}"
            );
            moved += usize::from(request != new_request);
        }
        assert_eq!(moved, 28, "the pages have other paths than the stand-ins");

        // Each stand-in is one line of the report, and prune deletes it without another effect.
        let superseded = messages(&built).matches("the page of the stand-in").count();
        assert_eq!(superseded, 28);
        let one = ["Trade / Get Trade List".to_owned()];
        assert_eq!(prune::prune(root, &one).unwrap()[0].page, one[0]);
        assert!(prune::prune(root, &one).is_err());
        assert_eq!(prune::prune(root, &[]).unwrap().len(), 27);
        let pruned = regen::build(root).unwrap();
        assert_eq!(pruned.superseded, []);
        let document = pruned
            .outputs
            .iter()
            .find(|it| it.path.ends_with("openapi.json"))
            .unwrap();
        // Without the stand-ins, the generated methods follow the pages, so none is outdated.
        let pruned: Value = serde_json::from_slice(&document.content).unwrap();
        let mut marked = read(root, "spec/openapi.json");
        let paths = marked["paths"].as_object_mut().unwrap().values_mut();
        for operation in paths.flat_map(|path| path.as_object_mut().unwrap().values_mut()) {
            operation
                .as_object_mut()
                .unwrap()
                .shift_remove("x-outdated-method");
        }
        assert_eq!(pruned, marked);
        let (_, stand_ins) = overlay::load_all(root).unwrap();
        let left = stand_ins
            .iter()
            .flat_map(|it| &it.actions)
            .filter(|it| it.stands_in_for.is_some());
        assert_eq!(left.count(), 0);
    }
}

/// Pulls three times into one copy of the workspace, and compiles and runs it without an edit.
#[test]
fn workspace_passes_after_each_pull_without_an_edit() {
    let copy = WorkspaceCopy::create();
    let root = copy.root();
    let (_, stand_ins) = overlay::load_all(root).unwrap();
    let mut pages = site::confirmed(&read(root, SUPERSET), &stand_ins);
    let site = start();

    // The paths and the fields differ from every stand-in.
    pull_and_regenerate(root, &site, &live_pages(root, 7));
    assert_eq!(outdated_methods(root).len(), 28);
    copy.run_e2e(&[
        "demo_of_the_cli_passes",
        "outdated_method_fails_before_anything_is_sent",
        "walk_by_the_document_reaches_every_operation",
    ]);

    // Only the paths differ, and there is one more operation.
    pages.push(site::like(
        &pages,
        "Get Fee Config",
        "Report",
        "Get Statement",
    ));
    pull_and_regenerate(root, &site, &pages);
    assert_eq!(outdated_methods(root), [""; 0]);
    copy.run_e2e(&[
        "demo_of_the_cli_passes",
        "walk_by_the_document_reaches_every_operation",
        "walk_reaches_every_operation",
    ]);

    change_pages(&mut pages);
    let built = pull_and_regenerate(root, &site, &pages);
    let report = messages(&built);
    for expected in [
        "`CheckoutOrder.updatedTime` is gone",
        "the value `FROZEN` is not in the enum of",
        "the operation moved from POST /trade/exchange-rate to POST /trade/v2/rate",
        "the operation GET /report/get-statement is gone",
        "`SubmitKybRequest.taxNumber` is new and required",
        "the operation GET /wallet/get-balance is new",
    ] {
        assert_eq!(report.matches(expected).count(), 1, "{expected}\n{report}");
    }
    // The demo submits a review without the new field.
    copy.run_e2e(&["walk_by_the_document_reaches_every_operation"]);
}

/// Renames a field, adds an enum value and a required field, moves and removes an operation, and adds one in a new group.
fn change_pages(pages: &mut Vec<OperationPage>) {
    let page = |pages: &[OperationPage], title: &str| {
        let index = pages.iter().position(|page| page.title() == title);
        index.unwrap_or_else(|| panic!("{title}"))
    };
    let order = page(pages, "GetCheckoutOrderInfo");
    let data = "/responses/0/jsonSchema/properties/retdata/properties";
    let fields = pages[order].published.pointer_mut(data).unwrap();
    let statuses = fields["orderStatus"]["enum"].as_array_mut().unwrap();
    statuses.push(json!("FROZEN"));
    let time = fields.as_object_mut().unwrap().shift_remove("updatedTime");
    fields["modifiedTime"] = time.unwrap();
    let rate = page(pages, "Get Exchange Rate");
    pages[rate].published["path"] = json!("/trade/v2/rate");
    let review = page(pages, "submit Kyb V2");
    let request = &mut pages[review].published["requestBody"]["jsonSchema"];
    request["properties"]["taxNumber"] = json!({"type": "string"});
    request["required"] = json!(["taxNumber"]);
    let removed = page(pages, "Get Statement");
    pages.remove(removed);
    pages.push(site::like(pages, "Get Fee Config", "Wallet", "Get Balance"));
}

/// Returns the IDs of the operations whose methods are not sent.
fn outdated_methods(root: &Path) -> Vec<String> {
    let found = operations(&read(root, SUPERSET)).into_iter();
    let found = found.filter(|(_, _, operation)| operation["x-outdated-method"] == true);
    found.map(|(id, _, _)| id).collect()
}

/// A copy of the workspace. Its target folder is below that of the workspace, and is kept for the next run. Both cannot have the
/// same one: Cargo gives the packages of both the same file names, and would overwrite the libraries that the documentation
/// tests are about to use.
struct WorkspaceCopy {
    folder: tempfile::TempDir,
    target: PathBuf,
}

impl WorkspaceCopy {
    /// Copies the files of the workspace that git knows.
    fn create() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others"])
            .arg("--exclude-standard")
            .current_dir(workspace())
            .output()
            .unwrap();
        let files = String::from_utf8(files.stdout).unwrap();
        for name in files.split_terminator('\0') {
            let (from, to) = (workspace().join(name), folder.path().join(name));
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            // A deleted file is still listed.
            if from.exists() {
                fs::copy(from, to).unwrap();
            }
        }
        // The program of this test is in `debug/deps` of the target folder.
        let program = std::env::current_exe().unwrap();
        let built = program.ancestors().nth(2).unwrap();
        let target = built.with_file_name("live-site");
        if !target.exists() {
            link_dependencies(built, &target.join(built.file_name().unwrap()));
        }
        Self { folder, target }
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Compiles these tests of `tests/e2e/operations.rs` with client, command and sandbox, and runs them.
    fn run_e2e(&self, tests: &[&str]) {
        let arguments = "test --locked --offline --workspace --features stablelink/metrics --test e2e -- --exact";
        let run = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(arguments.split_whitespace())
            .args(tests.iter().map(|name| format!("operations::{name}")))
            .current_dir(self.root())
            .env("CARGO_TARGET_DIR", &self.target)
            .output()
            .unwrap();
        let [out, err] =
            [run.stdout, run.stderr].map(|it| String::from_utf8_lossy(&it).into_owned());
        let passed = format!("test result: ok. {} passed", tests.len());
        assert!(out.contains(&passed), "{err}\n{out}");
    }
}

/// Links the compiled packages that are not of the workspace, so that they are not compiled again for the copy.
fn link_dependencies(from: &Path, to: &Path) {
    for folder in [".fingerprint", "build", "deps"] {
        for entry in fs::read_dir(from.join(folder)).unwrap() {
            let entry = entry.unwrap().path();
            let name = entry.file_name().unwrap().to_str().unwrap();
            let package = name.trim_start_matches("lib");
            let is_own = ["apifox", "stablelink", "xtask"]
                .iter()
                .any(|own| package.starts_with(own));
            // Programs of tests have no prefix.
            if !is_own && (folder != "deps" || name.starts_with("lib")) {
                link(&entry, &to.join(folder).join(name));
            }
        }
    }
}

/// Links a file, or all files below a folder.
fn link(from: &Path, to: &Path) {
    if from.is_dir() {
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            link(&from.join(&name), &to.join(name));
        }
    } else {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        // Another build may replace the file meanwhile: the copy then compiles its package.
        if let Err(error) = fs::hard_link(from, to) {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{}", from.display());
        }
    }
}

/// Names that the hand-written code uses survive a page with the fields of the stand-in under another path.
#[test]
fn page_that_confirms_a_stand_in_keeps_the_types() {
    let copy = copy_of_tree().unwrap();
    let root = copy.path();
    let (_, stand_ins) = overlay::load_all(root).unwrap();
    let before = read(root, SUPERSET);
    let site = start();
    let pages = site::confirmed(&before, &stand_ins);
    let built = pull_and_regenerate(root, &site, &pages);
    assert_eq!(built.superseded.len(), 28);
    let names = |document: &Value| -> BTreeSet<String> {
        let schemas = document["components"]["schemas"].as_object().unwrap();
        schemas.keys().cloned().collect()
    };
    let after = read(root, SUPERSET);
    let lost: Vec<String> = names(&before).difference(&names(&after)).cloned().collect();
    assert_eq!(lost, [""; 0], "components");
    for (id, _, operation) in operations(&after) {
        let old = operations(&before)
            .into_iter()
            .find(|it| it.0 == id)
            .unwrap()
            .2;
        assert_eq!(old["x-retry"], operation["x-retry"], "{id}");
    }
}

#[test]
fn second_pull_reports_each_change() {
    let copy = copy_of_tree().unwrap();
    let root = copy.path();
    let site = start();
    let mut pages = live_pages(root, 1);
    pull_and_regenerate(root, &site, &pages);
    prune::prune(root, &[]).unwrap();

    let page = |pages: &mut Vec<OperationPage>, title: &str| {
        pages
            .iter()
            .position(|page| page.title() == title)
            .unwrap_or_else(|| panic!("{title}"))
    };
    let order = page(&mut pages, "GetCheckoutOrderInfo");
    let data = "/responses/0/jsonSchema/properties/retdata/properties";
    let fields = pages[order].published.pointer_mut(data).unwrap();
    fields["orderStatus"]["enum"]
        .as_array_mut()
        .unwrap()
        .push(json!("FROZEN"));
    let hash = fields
        .as_object_mut()
        .unwrap()
        .shift_remove("txHash")
        .unwrap();
    fields["transactionHash"] = hash;
    let rate = page(&mut pages, "Get Exchange Rate");
    pages[rate].published["path"] = json!("/trade/v2/rate");
    let request = &mut pages[rate].published["requestBody"]["jsonSchema"];
    request["required"] = json!(["amount"]);
    let removed = page(&mut pages, "Get Trade List");
    pages.remove(removed);
    let balance = page(&mut pages, "Get Fee Config");
    let mut balance = pages[balance].clone();
    (balance.id, balance.folder) = (599_999_999, "Wallet".to_owned());
    balance.published["id"] = json!(balance.id);
    balance.published["name"] = json!("Get Balance");
    balance.published["path"] = json!("/wallet/balance");
    pages.push(balance);

    let built = pull_and_regenerate(root, &site, &pages);
    let report = messages(&built);
    for expected in [
        "the value `FROZEN` is not in the enum of",
        "`CheckoutOrder.txHash` is gone",
        "the operation moved from POST /trade/exchange-rate to POST /trade/v2/rate",
        "`GetExchangeRateRequest.amount` is now required",
        "the operation GET /wallet/balance is new",
    ] {
        assert!(report.contains(expected), "{expected}\n{report}");
    }
    assert!(report.contains("/get/trade/list is gone"), "{report}");
    let review = fs::read_to_string(root.join("spec/REVIEW.md")).unwrap();
    assert!(review.contains("## getBalance"), "{review}");
    let unknown = "no captured page and no stand-in is the page of `x-operation`";
    assert!(review.contains(unknown), "the curation of the removed page");
    let rate = operations(&read(root, SUPERSET));
    let rate = rate
        .into_iter()
        .find(|it| it.0 == "getExchangeRate")
        .unwrap();
    assert_eq!(rate.1, "post /trade/v2/rate");
    assert_eq!(
        rate.2["x-retry"]["policy"], "safe",
        "curation follows the operation"
    );
}
