//! Identifiers that are strings on the wire. Separate types keep a customer from being passed as a merchant.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Creates the identifier from its text. The gateway checks it.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// Returns the text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl From<&String> for $name {
            fn from(text: &String) -> Self {
                Self::new(text)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// The customer who pays a checkout order. No page says who assigns this ID. The examples have short numbers such as `6`, so
    /// it may be the number of the customer in your own system. `Debug` hides it, because it may be personal data.
    CustomerId
}

id! {
    /// The merchant who receives the money of a checkout order. No page says where this ID comes from. The examples have short
    /// numbers such as `1`: use the one that the vendor assigned to your shop.
    MerchantId
}

id! {
    /// The number of a checkout order, which your program assigns and which must be unique: it is the idempotency key.
    /// It has letters and digits only (observed live).
    OrderNo
}

impl fmt::Debug for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerId(…)")
    }
}

impl fmt::Debug for MerchantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MerchantId({:?})", self.0)
    }
}

impl fmt::Debug for OrderNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrderNo({:?})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_keep_their_text() {
        let order = OrderNo::from("A1");
        assert_eq!((order.as_str(), order.to_string().as_str()), ("A1", "A1"));
        assert_eq!(order, "A1".to_owned().into());
        assert_eq!(String::from(order.clone()), "A1");
        assert_eq!(format!("{order:?}"), r#"OrderNo("A1")"#);
    }

    #[test]
    fn debug_hides_customer() {
        let shown = format!("{:?}", CustomerId::new("secretive"));
        assert_eq!(shown, "CustomerId(…)");
    }
}
