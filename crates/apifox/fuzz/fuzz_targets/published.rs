//! Any bytes as a published page, as the fields of one, and as the schema list.
#![no_main]

use apifox::{PageFormat, SchemaList};
use apifox_fuzz::{as_form, import};
use libfuzzer_sys::fuzz_target;

const PAGE: &[u8] = br##"{"name": "A", "method": "GET", "path": "/a", "responses": [{"code": 200, "jsonSchema": {"$ref": "#/definitions/1"}}]}"##;

fuzz_target!(|data: &[u8]| {
    let (schemas, _) = SchemaList::parse("schemas.json", data);
    if schemas.is_empty() {
        let page = if PageFormat::detect(data) == PageFormat::Published {
            data.to_vec()
        } else {
            as_form(PageFormat::Published, data)
        };
        import(&page, &schemas);
    } else {
        import(PAGE, &schemas);
    }
});
