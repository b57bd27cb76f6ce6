//! Which generated types a caller has to build.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::Visit;

/// Names of the types in `types` that a parameter or a body of an operation is made of.
///
/// A caller builds these, by a literal that names each field: in a payment two texts that changed
/// places are worse than a literal that has to be mended. All other types are only read, and are
/// `#[non_exhaustive]`: the documentation grows fields and forms, and that must break nobody.
pub(super) fn types(file: &syn::File) -> BTreeSet<String> {
    let mut uses = BTreeMap::new();
    let mut open: Vec<String> = Vec::new();
    for item in &file.items {
        match item {
            syn::Item::Mod(module) if module.ident == "types" => {
                for item in module.content.iter().flat_map(|(_, items)| items) {
                    let name = match item {
                        syn::Item::Struct(item) => &item.ident,
                        syn::Item::Enum(item) => &item.ident,
                        _ => continue,
                    };
                    uses.insert(name.to_string(), words(|words| words.visit_item(item)));
                }
            }
            syn::Item::Impl(block) => {
                for item in &block.items {
                    if let syn::ImplItem::Fn(method) = item {
                        for input in &method.sig.inputs {
                            open.extend(words(|words| words.visit_fn_arg(input)));
                        }
                    }
                }
            }
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        if let Some(used) = uses.get(&name)
            && found.insert(name)
        {
            open.extend(used.iter().cloned());
        }
    }
    found
}

/// All identifiers of a piece of code.
fn words(visit: impl FnOnce(&mut Words)) -> BTreeSet<String> {
    let mut words = Words::default();
    visit(&mut words);
    words.0
}

#[derive(Default)]
struct Words(BTreeSet<String>);

impl<'ast> Visit<'ast> for Words {
    fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
        self.0.insert(segment.ident.to_string());
        syn::visit::visit_path_segment(self, segment);
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn what_a_request_holds_is_a_request_type_too() {
        let file = parse_quote! {
            pub mod types {
                pub struct Asked { pub part: ::std::option::Option<Part>, pub list: Vec<Listed> }
                pub struct Part(pub Box<Asked>);
                pub enum Listed { A(Answered2) }
                pub struct Answered2;
                pub struct Answered { pub part: Part }
                pub struct Unused;
            }
            impl Client {
                pub async fn ask(&self, body: &types::Asked) -> Result<types::Answered, Error<()>> {}
            }
        };
        let expected = ["Answered2", "Asked", "Listed", "Part"].map(str::to_owned);
        assert_eq!(types(&file), BTreeSet::from(expected));
    }
}
