//! Any bytes; most are detected as a rendered page.
#![no_main]

use apifox::SchemaList;
use apifox_fuzz::import;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| import(data, &SchemaList::default()));
