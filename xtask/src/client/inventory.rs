//! Lists the operations of a generated client, for review in a snapshot.

use std::fmt;

use quote::ToTokens;
use syn::visit::Visit;
use syn::{FnArg, GenericArgument, ImplItem, Item, PathArguments, ReturnType, Type};

use super::ClientError;

/// One operation of a generated client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationSignature {
    /// The name of the method of `Client`.
    pub name: String,
    /// HTTP method, upper case.
    pub method: String,
    /// Path below the base URL, with `{parameter}`.
    pub path: String,
    /// The name and type of each parameter.
    pub parameters: Vec<(String, String)>,
    /// The type of a success response.
    pub success: String,
    /// The type of a documented error response.
    pub error: String,
    /// Whether it needs the feature `provisional`.
    pub provisional: bool,
}

impl fmt::Display for OperationSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}{}",
            self.name,
            if self.provisional {
                " (provisional)"
            } else {
                ""
            }
        )?;
        writeln!(f, "  {} {}", self.method, self.path)?;
        for (name, of) in &self.parameters {
            writeln!(f, "  {name}: {of}")?;
        }
        write!(f, "  -> {}", self.success)?;
        if self.error != "()" {
            write!(f, ", error {}", self.error)?;
        }
        Ok(())
    }
}

/// Returns the operations of a generated client, in the order of the source.
///
/// # Errors
///
/// Fails if the source is not Rust, or if an operation has an unexpected signature.
pub fn inventory(source: &str) -> Result<Vec<OperationSignature>, ClientError> {
    let file =
        syn::parse_file(source).map_err(|error| ClientError::GeneratedCode(error.to_string()))?;
    let mut found = Vec::new();
    for item in &file.items {
        let Item::Impl(block) = item else { continue };
        if block.trait_.is_some() {
            continue;
        }
        for item in &block.items {
            if let ImplItem::Fn(method) = item
                && method.sig.asyncness.is_some()
            {
                let read = signature(method);
                found.push(read.ok_or_else(|| {
                    ClientError::GeneratedCode(format!("method {}", method.sig.ident))
                })?);
            }
        }
    }
    Ok(found)
}

fn signature(method: &syn::ImplItemFn) -> Option<OperationSignature> {
    let mut target = RequestTarget::default();
    target.visit_block(&method.block);
    let parameters = method
        .sig
        .inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Typed(input) => Some((source_text(&input.pat), source_text(&input.ty))),
            FnArg::Receiver(_) => None,
        })
        .collect();
    let ReturnType::Type(_, result) = &method.sig.output else {
        return None;
    };
    let mut results = arguments(result).into_iter();
    let success = arguments(results.next()?).into_iter().next()?;
    let error = arguments(results.next()?).into_iter().next()?;
    Some(OperationSignature {
        name: method.sig.ident.to_string(),
        method: target.method?,
        path: target.path?,
        parameters,
        success: source_text(success),
        error: source_text(error),
        provisional: method.attrs.iter().any(|attr| attr.path().is_ident("cfg")),
    })
}

/// Returns the generic type arguments of the last path segment.
fn arguments(of: &Type) -> Vec<&Type> {
    let Type::Path(path) = of else {
        return Vec::new();
    };
    match path.path.segments.last().map(|segment| &segment.arguments) {
        Some(PathArguments::AngleBracketed(arguments)) => arguments
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(of) => Some(of),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Formats tokens as a person writes them, without lifetimes.
fn source_text(tokens: &impl ToTokens) -> String {
    let text = tokens.to_token_stream().to_string();
    text.replace("& 'a ", "&")
        .replace(" :: ", "::")
        .replace(":: ", "::")
        .replace(" < ", "<")
        .replace(" >", ">")
        .replace(" , ", ", ")
}

/// The HTTP method and path that a generated method sends to.
#[derive(Default)]
struct RequestTarget {
    method: Option<String>,
    path: Option<String>,
}

impl<'ast> Visit<'ast> for RequestTarget {
    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let on_client = matches!(&*call.receiver, syn::Expr::Field(field)
            if matches!(&field.member, syn::Member::Named(name) if name == "client"));
        if on_client && self.method.is_none() {
            self.method = Some(call.method.to_string().to_uppercase());
        }
        syn::visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if !call.path.is_ident("format") || self.path.is_some() {
            return;
        }
        type Arguments = syn::punctuated::Punctuated<syn::Expr, syn::Token![,]>;
        let Ok(arguments) = call.parse_body_with(Arguments::parse_terminated) else {
            return;
        };
        let mut arguments = arguments.iter();
        let Some(syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(format),
            ..
        })) = arguments.next()
        else {
            return;
        };
        let mut path = format.value();
        for argument in arguments {
            let mut last = LastVariable::default();
            last.visit_expr(argument);
            let name = match last.0.as_deref() {
                Some("self") | None => String::new(),
                Some(name) => format!("{{\u{0}{name}}}"),
            };
            path = path.replacen("{}", &name, 1);
        }
        self.path = Some(path.replace('\u{0}', ""));
    }
}

/// The last variable that an expression names.
#[derive(Default)]
struct LastVariable(Option<String>);

impl<'ast> Visit<'ast> for LastVariable {
    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        self.0 = path
            .path
            .get_ident()
            .map(ToString::to_string)
            .or(self.0.take());
    }
}
