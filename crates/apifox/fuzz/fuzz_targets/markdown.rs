//! Any bytes as a twin, and as the YAML block of one.
#![no_main]

use apifox::{Form, SchemaList};
use apifox_fuzz::{as_form, import};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let schemas = SchemaList::default();
    if Form::of(data) == Form::Markdown {
        import(data, &schemas);
    } else {
        import(&as_form(Form::Markdown, data), &schemas);
    }
});
