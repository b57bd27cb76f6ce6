//! The operations: one handle for each resource. [`call!`] builds the [`Call`](crate::Call) of an operation.

/// Builds the call of an operation from the constant in `operations`, the arguments, and the method of the generated client.
/// `required` and `optional` state whether the response must have `retdata`. With `parameters:` the arguments can be changed
/// until the call is sent.
macro_rules! call {
    ($client:expr, $operation:expr, $arguments:expr, |$api:ident, $name:pat_param| $send:expr, $read:ident) => {
        $crate::call::Call::new($client, &$operation, $arguments, |context, $name, _| {
            Box::pin(async move {
                let $api = context.api();
                context.$read($send.await)
            })
        })
    };
    ($client:expr, $operation:expr, parameters: $parameters:expr, |$api:ident, $name:pat_param| $send:expr, $read:ident) => {
        $crate::call::Call::with_parameters(
            $client,
            &$operation,
            (),
            $parameters,
            |context, _, $name| {
                Box::pin(async move {
                    let $api = context.api();
                    context.$read($send.await)
                })
            },
        )
    };
}

/// Returns a future that looks up the record with the number of a request, for a call that creates it.
macro_rules! lookup {
    ($context:expr, $operation:expr, |$api:ident| $send:expr) => {
        async {
            let lookup = $context.lookup(&$operation);
            let found = async {
                let $api = lookup.api();
                lookup.required($send.await)
            };
            lookup.execute(found).await
        }
    };
}

mod checkout_orders;
mod customers;
mod exchange_rates;
mod existing;
mod refunds;
#[cfg(feature = "provisional")]
mod remits;
mod settlements;
#[cfg(feature = "provisional")]
mod trades;
mod webhook_events;

use std::fmt;

pub use checkout_orders::{CheckoutOrders, NewCheckoutOrder};
pub use customers::{FeeConfigs, Kyb, Users};
pub use exchange_rates::ExchangeRates;
pub use existing::CreateParameters;
#[cfg(feature = "provisional")]
pub use refunds::NewRefund;
pub use refunds::{NewAbnormalPaymentRefund, Refunds};
#[cfg(feature = "provisional")]
pub use remits::Remits;
#[cfg(feature = "provisional")]
pub use settlements::NewFiatSettlement;
pub use settlements::{NewSettlement, Settlements};
#[cfg(feature = "provisional")]
pub use trades::{
    ListReceiveTransactionsParameters, ListTradesParameters, NewTrade, Trades, request_id,
};
pub use webhook_events::WebhookEvents;

#[cfg(feature = "provisional")]
use stablelink_api::operations::OperationInfo;

use crate::client::Client;
use crate::error::DecodeError;
#[cfg(feature = "provisional")]
use crate::error::{Error, ErrorKind};
use crate::poller::UNREADABLE_STATUS;
use crate::response::Response;

impl Client {
    /// Returns the operations for customer accounts of the developer.
    #[must_use]
    pub fn users(&self) -> Users {
        Users(self.clone())
    }

    /// Returns the operations for know-your-business reviews of customers.
    #[must_use]
    pub fn kyb(&self) -> Kyb {
        Kyb(self.clone())
    }

    /// Returns the operations for the fees that a developer charges for the trades of a customer.
    #[must_use]
    pub fn fee_configs(&self) -> FeeConfigs {
        FeeConfigs(self.clone())
    }

    /// Returns the operations for exchange rates.
    #[must_use]
    pub fn exchange_rates(&self) -> ExchangeRates {
        ExchangeRates(self.clone())
    }

    /// Returns the operations for on-ramp and off-ramp trades. Provisional.
    #[cfg(feature = "provisional")]
    #[must_use]
    pub fn trades(&self) -> Trades {
        Trades(self.clone())
    }

    /// Returns the operations for bank accounts of payees. Provisional.
    #[cfg(feature = "provisional")]
    #[must_use]
    pub fn remits(&self) -> Remits {
        Remits(self.clone())
    }

    /// Returns the operations for events that the gateway delivers to webhooks.
    #[must_use]
    pub fn webhook_events(&self) -> WebhookEvents {
        WebhookEvents(self.clone())
    }

    /// Returns the operations for orders that a customer pays on a blockchain (W Checkout).
    #[must_use]
    pub fn checkout_orders(&self) -> CheckoutOrders {
        CheckoutOrders(self.clone())
    }

    /// Returns the operations for payouts of paid orders to a merchant (W Checkout).
    #[must_use]
    pub fn settlements(&self) -> Settlements {
        Settlements(self.clone())
    }

    /// Returns the operations for refunds of orders and of abnormal payments (W Checkout).
    #[must_use]
    pub fn refunds(&self) -> Refunds {
        Refunds(self.clone())
    }
}

/// Writes the `Debug` form of a request value: only its key, because the other fields may be personal data.
fn debug_key(f: &mut fmt::Formatter<'_>, name: &str, field: &str, key: &str) -> fmt::Result {
    f.debug_struct(name)
        .field(field, &key)
        .finish_non_exhaustive()
}

/// Returns a unique order number of letters and digits: a hyphen was rejected (observed live).
fn unique_number() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// Returns the status of a record from the first of these fields that it has.
///
/// # Errors
///
/// [`Decode`](ErrorKind::Decode) if the record has none of these fields, or one that is not a string.
#[cfg(feature = "provisional")]
fn required_status<T, S: From<String>>(
    record: &Response<T>,
    operation: &'static OperationInfo,
    names: &[&str],
) -> Result<S, Error> {
    let status = read_status(record, names).map_err(|error| {
        Error::new(ErrorKind::Decode(error)).with_response(record.raw_response().clone())
    })?;
    record.need(operation, names.first().unwrap_or(&"status"), status)
}

/// Reads the status of a record from the first of these fields that it has.
fn read_status<T, S: From<String>>(
    record: &Response<T>,
    names: &[&str],
) -> Result<Option<S>, DecodeError> {
    let values = names
        .iter()
        .filter_map(|name| Some((name, record.raw_field(name)?)));
    let Some((name, value)) = values.into_iter().find(|(_, value)| value.get() != "null") else {
        return Ok(None);
    };
    let status: Result<String, _> = serde_json::from_str(value.get());
    let status =
        status.map_err(|_| DecodeError::new(format!("retdata.{name}"), UNREADABLE_STATUS))?;
    Ok(Some(status.into()))
}
