//! Which toolkit each language has.

use super::language::Language;
use super::toolkit::Toolkit;
use super::{go::Go, java::Java, python::Python, typescript::TypeScript};

pub(super) fn of(language: Language) -> &'static dyn Toolkit {
    match language {
        Language::Python => &Python,
        Language::Typescript => &TypeScript,
        Language::Go => &Go,
        Language::Java => &Java,
    }
}
