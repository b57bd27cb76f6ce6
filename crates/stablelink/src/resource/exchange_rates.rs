//! Exchange rates.

use rust_decimal::Decimal;
use stablelink_api::open_enums::TradeCurrency;
use stablelink_api::operations;
use stablelink_api::types::{ExchangeRate, GetExchangeRateRequest};

use crate::call::Call;
use crate::client::Client;

/// Exchange rates. Page: <https://developer.stablelink.app/421876920e0>.
#[derive(Clone, Debug)]
pub struct ExchangeRates(pub(super) Client);

impl ExchangeRates {
    /// Returns the rate at which one currency is sold for another.
    ///
    /// The page has two versions, and it is unknown which one is live: the older one returns `rate` and `quote_id`, the newer
    /// one `channel_rate` and the fees of the developer. Both are supported. `rate_expiry_time` is a local time, presumably
    /// UTC+8: [`LocalDateTime::to_timestamp`](crate::scalars::LocalDateTime::to_timestamp) converts it. In the related wallet
    /// API, a quote is valid for 30 seconds (inferred for this one).
    ///
    /// Page: <https://developer.stablelink.app/421876920e0>
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). It only reads
    /// data, so no error is ambiguous.
    pub fn quote(
        &self,
        sell: impl Into<TradeCurrency>,
        buy: impl Into<TradeCurrency>,
    ) -> Call<ExchangeRate, GetExchangeRateRequest> {
        let (sell, buy) = (sell.into(), buy.into());
        let request = GetExchangeRateRequest {
            sell_currency: Some(sell.clone()),
            buy_currency: Some(buy.clone()),
            ..Default::default()
        };
        call!(
            &self.0,
            operations::GET_EXCHANGE_RATE,
            parameters: request,
            |api, request| api.get_exchange_rate(request),
            required
        )
        .identified_by("sellCurrency", Some(sell))
        .identified_by("buyCurrency", Some(buy))
    }
}

/// Optional arguments of [`ExchangeRates::quote`].
impl Call<ExchangeRate, GetExchangeRateRequest> {
    /// Sets the amount to sell, in the currency that is sold.
    pub fn amount(mut self, amount: impl Into<Decimal>) -> Self {
        self.parameters.amount = Some(amount.into().into());
        self
    }

    /// Sets the customer whose fees apply.
    pub fn client_id(mut self, id: i64) -> Self {
        self.parameters.client_id = Some(id);
        self
    }
}
