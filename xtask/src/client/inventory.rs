//! What operations a generated client has: the list that a reviewer reads.

use std::fmt;

use quote::ToTokens;
use syn::visit::Visit;
use syn::{FnArg, GenericArgument, ImplItem, Item, PathArguments, ReturnType, Type};

use super::ClientError;

/// One operation of a generated client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationSignature {
    /// The method of `Client`.
    pub name: String,
    /// HTTP method, upper case.
    pub method: String,
    /// Path below the base address, with `{parameter}`.
    pub path: String,
    /// Name and type of each parameter.
    pub parameters: Vec<(String, String)>,
    /// Type of a success.
    pub success: String,
    /// Type of a documented error.
    pub error: String,
    /// Whether it stands behind the feature `provisional`.
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

/// The operations of a generated client, in its order.
///
/// # Errors
///
/// A source that is not Rust, or an operation of an unexpected form.
pub fn inventory(source: &str) -> Result<Vec<OperationSignature>, ClientError> {
    let file = syn::parse_file(source).map_err(|error| ClientError::Form(error.to_string()))?;
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
                found.push(
                    read.ok_or_else(|| ClientError::Form(format!("method {}", method.sig.ident)))?,
                );
            }
        }
    }
    Ok(found)
}

fn signature(method: &syn::ImplItemFn) -> Option<OperationSignature> {
    let mut call = Call::default();
    call.visit_block(&method.block);
    let parameters = method
        .sig
        .inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Typed(input) => Some((words(&input.pat), words(&input.ty))),
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
        method: call.method?,
        path: call.path?,
        parameters,
        success: words(success),
        error: words(error),
        provisional: method.attrs.iter().any(|attr| attr.path().is_ident("cfg")),
    })
}

/// The types between the angle brackets of the last segment.
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

/// Tokens without the blanks that a reader does not write, and without lifetimes.
fn words(tokens: &impl ToTokens) -> String {
    let text = tokens.to_token_stream().to_string();
    text.replace("& 'a ", "&")
        .replace(" :: ", "::")
        .replace(":: ", "::")
        .replace(" < ", "<")
        .replace(" >", ">")
        .replace(" , ", ", ")
}

/// What the body of an operation's method sends.
#[derive(Default)]
struct Call {
    method: Option<String>,
    path: Option<String>,
}

impl<'ast> Visit<'ast> for Call {
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
            let mut last = LastName::default();
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

/// The last variable of an expression.
#[derive(Default)]
struct LastName(Option<String>);

impl<'ast> Visit<'ast> for LastName {
    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        self.0 = path
            .path
            .get_ident()
            .map(ToString::to_string)
            .or(self.0.take());
    }
}
