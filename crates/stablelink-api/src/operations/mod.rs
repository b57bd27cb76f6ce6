//! The operation table: the properties of each operation in the document, with the fields of its
//! request.
//!
//! ```
//! use stablelink_api::operations::{self, RetrySafety};
//!
//! let create = operations::find("create_checkout_order").ok_or("no such operation")?;
//! assert_eq!(create.path, "/checkout/order/create");
//! assert_eq!(create.retry, RetrySafety::Keyed { field: "orderNo" });
//! # Ok::<(), &str>(())
//! ```

#[rustfmt::skip]
mod table;

pub use table::*;

/// The properties of one operation. This module has one constant for each operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OperationInfo {
    /// The name of the method of [`Client`](crate::Client), and the ID that a
    /// [`Transport`](crate::hooks::Transport) receives.
    pub id: &'static str,
    /// The `operationId` of the document, such as `createCheckoutOrder`.
    pub operation_id: &'static str,
    /// HTTP method, upper case.
    pub method: &'static str,
    /// Path below the base URL of the gateway.
    pub path: &'static str,
    /// The group of operations that this one belongs to, such as `Checkout`.
    pub tag: &'static str,
    /// A summary of the operation.
    pub summary: &'static str,
    /// The location of the parameters in the request.
    pub encoding: RequestEncoding,
    /// The parameters and the properties of the body, in the order of the document.
    pub fields: &'static [RequestField],
    /// The fields of the record in `retdata` of a successful response; empty if no page shows a record.
    pub record_fields: &'static [&'static str],
    /// Whether the operation may be sent again.
    pub retry: RetrySafety,
    /// The evidence level: the part of the vendor's page that was available.
    pub evidence: EvidenceLevel,
    /// Whether the operation takes a bearer token and a signature. The token operation does not.
    pub signed: bool,
    /// Whether the method of [`Client`](crate::Client) has other request fields than the vendor's page, which was
    /// captured after the method was written. Such a method fails before anything is sent.
    pub outdated_method: bool,
    /// URLs of the vendor's pages; empty for an inferred operation.
    pub pages: &'static [&'static str],
}

/// A parameter of an operation, or a property of its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RequestField {
    /// The name in the request, such as `orderNo`.
    pub name: &'static str,
    /// The location in the request.
    pub location: FieldLocation,
    /// The type of the value.
    pub value_type: FieldType,
    /// Whether the document requires the field.
    pub required: bool,
    /// The known values of a string. The gateway may accept others.
    pub values: &'static [&'static str],
    /// The first paragraph of the description, in one line; it may be empty.
    pub description: &'static str,
}

/// The location of a field in the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldLocation {
    /// A part of the path, which has the name of the field in braces.
    Path,
    /// A parameter of the query.
    Query,
    /// A property of the body.
    Body,
}

/// The type of a field of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldType {
    /// A string.
    Text,
    /// A string of the form `2026-01-31`.
    Date,
    /// An integer.
    Integer,
    /// An exact decimal that is sent as a number.
    Decimal,
    /// An exact decimal that is sent as a string.
    DecimalText,
    /// A boolean.
    Boolean,
    /// An integer or a string.
    IntegerOrText,
    /// A list of strings.
    TextList,
    /// The content of a file, in a multipart body.
    File,
    /// Any other value.
    Json,
}

/// The location of the parameters in the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestEncoding {
    /// The parameters are in the query of the URL. The request has no body.
    Query,
    /// The parameters are in a JSON body.
    Json,
    /// The parameters are in a `multipart/form-data` body.
    Multipart,
}

/// Whether an operation may be sent again when the outcome of the first attempt is unknown.
///
/// This is `x-retry.policy` of the document, which also states the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetrySafety {
    /// The operation changes nothing, or repeating it has no further effect.
    Safe,
    /// The operation may be sent again only with the same idempotency key: the gateway rejects a
    /// key that it has already seen.
    Keyed {
        /// The request field that holds the key, as in the JSON body.
        field: &'static str,
    },
    /// The operation must not be sent again: a repeated request could move money or create a record
    /// twice.
    Never,
}

/// The evidence level of an operation: the part of the vendor's page that was available. This is
/// `x-evidence.level` of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum EvidenceLevel {
    /// The pages only name the operation. Its path and fields may be wrong. Needs the feature
    /// `provisional`.
    Inferred,
    /// A part of the page.
    Partial,
    /// The whole page.
    Documented,
}

impl EvidenceLevel {
    /// Returns the value of `x-evidence.level`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inferred => "inferred",
            Self::Partial => "partial",
            Self::Documented => "documented",
        }
    }
}

/// Returns the operation with this method name of [`Client`](crate::Client).
///
/// Without the feature `provisional`, returns `None` for an inferred operation.
#[must_use]
pub fn find(id: &str) -> Option<&'static OperationInfo> {
    ALL.iter().find(|operation| operation.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn operation_is_found_by_id_and_has_unique_path() {
        let mut paths = BTreeSet::new();
        for operation in ALL {
            let id = operation.id;
            assert_eq!(find(id), Some(operation), "{id}");
            assert!(paths.insert((operation.method, operation.path)), "{id}");
            assert_eq!(operation.method, operation.method.to_uppercase());
            assert!(operation.path.starts_with('/'), "{}", operation.path);
            assert_eq!(operation.signed, id != ISSUE_ACCESS_TOKEN.id, "{id}");
        }
        assert_eq!(find("drain_the_account"), None);
    }

    #[test]
    fn inferred_operations_need_feature_provisional() {
        let is_inferred =
            |operation: &&OperationInfo| operation.evidence == EvidenceLevel::Inferred;
        assert_eq!(
            ALL.iter().any(|o| is_inferred(&o)),
            cfg!(feature = "provisional")
        );
        assert!(ALL_WITH_INFERRED.iter().any(|o| is_inferred(&o)));
        let known: Vec<_> = ALL_WITH_INFERRED
            .iter()
            .filter(|o| !is_inferred(o))
            .collect();
        let public: Vec<_> = ALL.iter().filter(|o| !is_inferred(o)).collect();
        assert_eq!(known, public);
    }

    /// A wrong value here would cost money.
    #[test]
    fn operations_that_move_money_are_not_safe_to_retry() {
        assert_eq!(CANCEL_CHECKOUT_ORDER.retry, RetrySafety::Never);
        assert_eq!(CANCEL_CHECKOUT_ORDER.method, "GET");
        assert_eq!(CREATE_USER.retry, RetrySafety::Never);
        let field = "settlementOrderNo";
        assert_eq!(CREATE_SETTLEMENT_ORDER.retry, RetrySafety::Keyed { field });
        assert_eq!(GET_EXCHANGE_RATE.retry, RetrySafety::Safe);
    }

    #[test]
    fn encoding_is_that_of_the_request() {
        assert_eq!(ISSUE_ACCESS_TOKEN.encoding, RequestEncoding::Query);
        assert_eq!(CREATE_CHECKOUT_ORDER.encoding, RequestEncoding::Json);
    }
}
