//! Any bytes as a Markdown page, and as its YAML block.
#![no_main]

use apifox::{PageFormat, SchemaList};
use apifox_fuzz::{as_form, import};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let schemas = SchemaList::default();
    if PageFormat::detect(data) == PageFormat::Markdown {
        import(data, &schemas);
    } else {
        import(&as_form(PageFormat::Markdown, data), &schemas);
    }
});
