//! Rates between currencies.

use rust_decimal::Decimal;
use stablelink_api::open_enums::TradeCurrency;
use stablelink_api::operations;
use stablelink_api::types::{ExchangeRate, GetExchangeRateRequest};

use crate::call::Call;
use crate::client::Client;

/// Rates between currencies. Page: <https://developer.stablelink.app/421876920e0>.
#[derive(Clone, Debug)]
pub struct ExchangeRates(Client);

impl ExchangeRates {
    pub(super) fn new(client: &Client) -> Self {
        Self(client.clone())
    }

    /// The rate at which one currency is sold for another. It only reads, and is repeated if need be.
    ///
    /// Two versions of the page are known, and which of them is live is not: the older gives `rate` and `quote_id`, the newer
    /// `channel_rate` and the fees of the developer; both are read. `rate_expiry_time` is a local time without a zone: do not compare it with now.
    /// The related wallet API says that a quote lives 30 seconds (inferred for this one).
    ///
    /// Page: <https://developer.stablelink.app/421876920e0>
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)). It only reads: none of them is [ambiguous](crate::Error::is_ambiguous).
    pub fn quote(
        &self,
        sell: impl Into<TradeCurrency>,
        buy: impl Into<TradeCurrency>,
    ) -> Call<GetExchangeRateRequest, ExchangeRate> {
        let request = GetExchangeRateRequest {
            sell_currency: Some(sell.into()),
            buy_currency: Some(buy.into()),
            ..Default::default()
        };
        Call::new(
            &self.0,
            &operations::GET_EXCHANGE_RATE,
            request,
            |run, request| {
                Box::pin(async move {
                    run.answer(run.api().get_exchange_rate(request).await, |found| {
                        found.retdata
                    })
                })
            },
        )
    }
}

/// Optional arguments of [`ExchangeRates::quote`].
impl Call<GetExchangeRateRequest, ExchangeRate> {
    /// How much is sold, in the currency sold.
    pub fn amount(mut self, amount: impl Into<Decimal>) -> Self {
        self.request.amount = Some(amount.into().into());
        self
    }

    /// The customer whose fees apply.
    pub fn client_id(mut self, id: i64) -> Self {
        self.request.client_id = Some(id);
        self
    }
}
