//! Any bytes as the paths and the components of an OpenAPI export.
#![no_main]

use apifox::SchemaList;
use apifox_fuzz::import;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let start: &[u8] = match data.first() {
        Some(b'{') => b"{\"openapi\": \"3.1.0\", \"paths\": ",
        _ => b"openapi: 3.0.1\n",
    };
    import(&[start, data].concat(), &SchemaList::default());
});
