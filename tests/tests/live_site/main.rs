//! The day on which the vendor's site can be pulled: no file is edited, and what a person must look at is
//! reported.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod site;

use std::{fs, path::Path};

use serde_json::Value;
use site::{OperationPage, pages, serve};
use stablelink_tests::{copy_of_tree, site::Site};
use xtask::{
    docs::pull::{
        self, PullOptions,
        address::{ApiBase, Site as Address},
        settings::PullSettings,
    },
    overlay, regen,
};

fn pull(root: &Path, site: &Site) {
    let options = PullOptions {
        site: Address::parse(&site.url()).unwrap(),
        api: ApiBase::parse(&site.api_base()).unwrap(),
        form: None,
        without: Vec::new(),
        settings: PullSettings::default(),
    };
    pull::pull(root, &options).unwrap();
}

fn read(root: &Path, file: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(root.join(file)).unwrap()).unwrap()
}

fn live_pages(root: &Path, seed: u64) -> Vec<OperationPage> {
    let (_, stand_ins) = overlay::load_all(root).unwrap();
    pages(&read(root, "spec/openapi.provisional.json"), &stand_ins, seed)
}

#[test]
fn whole_site_is_regenerated_without_an_edit() {
    for seed in [1] {
        let copy = copy_of_tree().unwrap();
        let root = copy.path();
        let pages = live_pages(root, seed);
        assert!(pages.len() >= 39, "{}", pages.len());
        pull(root, &serve(&pages));
        let built = regen::build(root).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        built.outputs.write(root).unwrap();
    }
}
