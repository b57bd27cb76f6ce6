//! What the document says of each operation beside its types: where it is, how often it may be
//! sent, and how sure that is.
//!
//! ```
//! use stablelink_api::operations::{self, Retry};
//!
//! let create = operations::find("create_checkout_order").ok_or("no such operation")?;
//! assert_eq!(create.path, "/checkout/order/create");
//! assert_eq!(create.retry, Retry::Keyed { field: "orderNo" });
//! # Ok::<(), &str>(())
//! ```

#[rustfmt::skip]
mod table;

pub use table::*;

/// What is known of one operation. The constants of this module have one for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Facts {
    /// The name of its method of [`Client`](crate::Client), and of its [`hooks::Operation`](crate::hooks::Operation).
    pub id: &'static str,
    /// HTTP method, upper case.
    pub method: &'static str,
    /// Path below the host of the gateway.
    pub path: &'static str,
    /// Whether it may be sent again.
    pub retry: Retry,
    /// How much of its page was seen.
    pub evidence: Evidence,
    /// Whether it takes a bearer token and a signature; the token operation does not.
    pub signed: bool,
    /// Addresses of its pages; none of an operation whose page was not seen.
    pub pages: &'static [&'static str],
}

/// Whether an operation may be sent again when the outcome of the first attempt is not known:
/// `x-retry` of the document, where the reason stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Retry {
    /// It changes nothing, or a repeat does no harm.
    Safe,
    /// With the same idempotency key, for the gateway refuses a repeated one.
    Keyed {
        /// The member of the request that is the key, as on the wire.
        field: &'static str,
    },
    /// Never: a repeat could move money, or make a record, twice.
    Never,
}

/// How much of the vendor's page of an operation was seen: `x-evidence` of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Evidence {
    /// The pages only name it. Path and fields may be wrong. Needs the feature `provisional`.
    Inferred,
    /// A part of it.
    Partial,
    /// The whole page.
    Documented,
}

impl Evidence {
    /// The word of the document.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inferred => "inferred",
            Self::Partial => "partial",
            Self::Documented => "documented",
        }
    }
}

/// The operation with this name of a method of [`Client`](crate::Client).
///
/// `None` without the feature `provisional` too, if it is inferred.
#[must_use]
pub fn find(id: &str) -> Option<&'static Facts> {
    ALL.iter().find(|facts| facts.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_name_and_stands_at_its_own_place() {
        let mut places = std::collections::BTreeSet::new();
        for facts in ALL {
            assert_eq!(find(facts.id), Some(facts), "{}", facts.id);
            assert!(places.insert((facts.method, facts.path)), "{}", facts.id);
            assert_eq!(facts.method, facts.method.to_uppercase());
            assert!(facts.path.starts_with('/'), "{}", facts.path);
        }
        assert_eq!(find("drain_the_account"), None);
    }

    #[test]
    fn inferred_ones_need_the_feature() {
        let inferred = ALL
            .iter()
            .filter(|facts| facts.evidence == Evidence::Inferred)
            .count();
        assert_eq!(inferred > 0, cfg!(feature = "provisional"));
    }

    /// What would cost money if the table were wrong.
    #[test]
    fn payments_are_not_safe_to_repeat() {
        assert_eq!(CANCEL_CHECKOUT_ORDER.retry, Retry::Never);
        assert_eq!(CANCEL_CHECKOUT_ORDER.method, "GET");
        assert_eq!(CREATE_USER.retry, Retry::Never);
        assert_eq!(
            CREATE_SETTLEMENT_ORDER.retry,
            Retry::Keyed {
                field: "settlementOrderNo"
            }
        );
        assert_eq!(GET_EXCHANGE_RATE.retry, Retry::Safe);
    }

    #[test]
    fn all_but_the_token_call_are_signed() {
        for facts in ALL {
            assert_eq!(
                facts.signed,
                facts.id != ISSUE_ACCESS_TOKEN.id,
                "{}",
                facts.id
            );
        }
    }
}
