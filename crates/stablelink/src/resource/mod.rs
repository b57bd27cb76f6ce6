//! The operations, by what they are about: one handle a resource.

mod checkout_orders;
mod exchange_rates;
mod fee_configs;
mod kyb;
mod refunds;
#[cfg(feature = "provisional")]
mod remits;
mod settlements;
#[cfg(feature = "provisional")]
mod trades;
mod users;
mod webhook_events;

pub use checkout_orders::{CheckoutOrders, NewCheckoutOrder};
pub use exchange_rates::ExchangeRates;
pub use fee_configs::FeeConfigs;
pub use kyb::Kyb;
#[cfg(feature = "provisional")]
pub use refunds::NewRefund;
pub use refunds::{NewAbnormalPaymentRefund, Refunds};
#[cfg(feature = "provisional")]
pub use remits::Remits;
#[cfg(feature = "provisional")]
pub use settlements::NewFiatSettlement;
pub use settlements::{NewSettlement, Settlements};
#[cfg(feature = "provisional")]
pub use trades::{NewTrade, Trades, request_id};
pub use users::Users;
pub use webhook_events::WebhookEvents;

use std::fmt;

use crate::client::Client;

impl Client {
    /// Customer accounts of the developer.
    #[must_use]
    pub fn users(&self) -> Users {
        Users::new(self)
    }

    /// Know-your-business reviews of customers.
    #[must_use]
    pub fn kyb(&self) -> Kyb {
        Kyb::new(self)
    }

    /// The fees that a developer takes of a customer's trades.
    #[must_use]
    pub fn fee_configs(&self) -> FeeConfigs {
        FeeConfigs::new(self)
    }

    /// Rates between currencies.
    #[must_use]
    pub fn exchange_rates(&self) -> ExchangeRates {
        ExchangeRates::new(self)
    }

    /// On-ramp and off-ramp trades. Provisional.
    #[cfg(feature = "provisional")]
    #[must_use]
    pub fn trades(&self) -> Trades {
        Trades::new(self)
    }

    /// Bank accounts of payees. Provisional.
    #[cfg(feature = "provisional")]
    #[must_use]
    pub fn remits(&self) -> Remits {
        Remits::new(self)
    }

    /// Events that the gateway delivers by webhooks.
    #[must_use]
    pub fn webhook_events(&self) -> WebhookEvents {
        WebhookEvents::new(self)
    }

    /// Orders that a customer pays on a chain (W Checkout).
    #[must_use]
    pub fn checkout_orders(&self) -> CheckoutOrders {
        CheckoutOrders::new(self)
    }

    /// Payouts of paid orders to a merchant (W Checkout).
    #[must_use]
    pub fn settlements(&self) -> Settlements {
        Settlements::new(self)
    }

    /// Refunds of orders and of abnormal payments (W Checkout).
    #[must_use]
    pub fn refunds(&self) -> Refunds {
        Refunds::new(self)
    }
}

/// `Debug` of a request value: its key alone, for what else stands in it may be personal.
fn keyed(f: &mut fmt::Formatter<'_>, name: &str, field: &str, key: &str) -> fmt::Result {
    f.debug_struct(name)
        .field(field, &key)
        .finish_non_exhaustive()
}

/// A number that is unique for an order: letters and digits alone, for a hyphen was refused (observed live).
fn unique_number() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}
