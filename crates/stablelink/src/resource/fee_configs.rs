//! The fees that a developer takes of a customer's trades.

use stablelink_api::operations;
use stablelink_api::scalars::RawJson;
use stablelink_api::types;

use crate::call::Call;
use crate::client::Client;

/// The fees that a developer takes of a customer's trades; a trade needs one. Page:
/// <https://developer.stablelink.app/312999614e0>.
#[derive(Clone, Debug)]
pub struct FeeConfigs(Client);

impl FeeConfigs {
    pub(super) fn new(client: &Client) -> Self {
        Self(client.clone())
    }

    /// Changes a fee config.
    ///
    /// Its page shows the fields of a bank account, by a mistake of the vendor: the real ones were not seen, so
    /// that the request takes any. Sent once, never repeated.
    ///
    /// Page: <https://developer.stablelink.app/312999614e0>
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)): [ambiguous](crate::Error::is_ambiguous) where it was sent and nobody knows its
    /// outcome; look for what it did before you make it again.
    pub fn update(
        &self,
        config: types::UpdateFeeConfigRequest,
    ) -> Call<types::UpdateFeeConfigRequest, Option<RawJson>> {
        Call::new(
            &self.0,
            &operations::UPDATE_FEE_CONFIG,
            config,
            |run, config| {
                Box::pin(async move {
                    run.opened(run.api().update_fee_config(config).await, |found| {
                        found.retdata
                    })
                })
            },
        )
    }

    /// Makes a fee config. **Inferred**: neither path nor fields were seen. Sent once, never repeated.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)): [ambiguous](crate::Error::is_ambiguous) where it was sent and nobody knows its
    /// outcome; look for what it did before you make it again.
    #[cfg(feature = "provisional")]
    pub fn create(
        &self,
        config: types::CreateFeeConfigRequest,
    ) -> Call<types::CreateFeeConfigRequest, Option<RawJson>> {
        Call::new(
            &self.0,
            &operations::CREATE_FEE_CONFIG,
            config,
            |run, config| {
                Box::pin(async move {
                    run.opened(run.api().create_fee_config(config).await, |found| {
                        found.retdata
                    })
                })
            },
        )
    }

    /// The fee config of a customer. **Inferred**: its path was not seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)). It only reads: none of them is [ambiguous](crate::Error::is_ambiguous).
    #[cfg(feature = "provisional")]
    pub fn get(&self, client_id: Option<i64>) -> Call<Option<i64>, Option<RawJson>> {
        Call::new(
            &self.0,
            &operations::GET_FEE_CONFIG,
            client_id,
            |run, id| {
                Box::pin(async move {
                    run.opened(run.api().get_fee_config(*id).await, |found| found.retdata)
                })
            },
        )
    }
}
