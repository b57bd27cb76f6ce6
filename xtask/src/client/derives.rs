//! The derives of a generated type.

use syn::punctuated::Punctuated;
use syn::{Attribute, Path, Token, parse_quote};

/// Drops the derives that `keep` refuses.
pub(super) fn edit_derives(attrs: &mut [Attribute], mut keep: impl FnMut(&Path) -> bool) {
    for attr in attrs {
        if !attr.path().is_ident("derive") {
            continue;
        }
        let Ok(paths) = attr.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated)
        else {
            continue;
        };
        let paths: Vec<Path> = paths.into_iter().filter(|path| keep(path)).collect();
        *attr = parse_quote!(#[derive(#(#paths),*)]);
    }
}

pub(super) fn ends_with(path: &Path, name: &str) -> bool {
    path.segments
        .last()
        .is_some_and(|segment| segment.ident == name)
}
