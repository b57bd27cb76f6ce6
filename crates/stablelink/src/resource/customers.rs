//! Customers of the developer: their accounts, know-your-business reviews and fees.

use stablelink_api::operations;
use stablelink_api::scalars::RawJson;
use stablelink_api::types;

use crate::call::Call;
use crate::client::Client;

/// Customer accounts of the developer. Page: <https://developer.stablelink.app/315241613e0>.
#[derive(Clone, Debug)]
pub struct Users(pub(super) Client);

impl Users {
    /// Creates a customer account.
    ///
    /// The response is not documented and is returned as raw JSON. The call is never retried, because the operation has no
    /// idempotency key. `country` is an ISO 3166-1 alpha-3 code; `mobileNumber` is a plus sign, the country code, a space
    /// and the number.
    ///
    /// Page: <https://developer.stablelink.app/315241613e0>
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). If the error is
    /// [ambiguous](crate::Error::is_ambiguous), look up the account before you create it again.
    pub fn create(&self, user: types::CreateUserRequest) -> Call<Option<RawJson>> {
        call!(
            &self.0,
            operations::CREATE_USER,
            user,
            |api, user| api.create_user(user),
            optional
        )
    }

    /// Returns the account of a customer, or of the developer if `client_id` is `None`. **Inferred**: the path of this
    /// operation is not documented.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). It only reads
    /// data, so no error is ambiguous.
    #[cfg(feature = "provisional")]
    pub fn get(&self, client_id: Option<i64>) -> Call<types::User> {
        call!(
            &self.0,
            operations::GET_USER,
            client_id,
            |api, id| api.get_user(*id),
            required
        )
    }
}

/// Know-your-business reviews of customers. Page: <https://developer.stablelink.app/395133931e0>.
#[derive(Clone, Debug)]
pub struct Kyb(pub(super) Client);

impl Kyb {
    /// Submits the data of a business for review.
    ///
    /// The page is known up to the sixteenth field; put further fields into `extra`. The response is not documented. The
    /// call is never retried. `business_industry` contains NAICS codes.
    ///
    /// Page: <https://developer.stablelink.app/395133931e0>
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). If the error is
    /// [ambiguous](crate::Error::is_ambiguous), look up the review before you submit it again.
    pub fn submit(&self, review: types::SubmitKybRequest) -> Call<Option<RawJson>> {
        call!(
            &self.0,
            operations::SUBMIT_KYB,
            review,
            |api, review| api.submit_kyb(review),
            optional
        )
    }

    /// Submits the short form. **Inferred**: neither the path nor the fields of this operation are documented. The call is
    /// never retried.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). If the error is
    /// [ambiguous](crate::Error::is_ambiguous), look up the review before you submit it again.
    #[cfg(feature = "provisional")]
    pub fn submit_simple(&self, review: types::SubmitSimpleKybRequest) -> Call<Option<RawJson>> {
        call!(
            &self.0,
            operations::SUBMIT_SIMPLE_KYB,
            review,
            |api, review| api.submit_simple_kyb(review),
            optional
        )
    }
}

/// The fees that a developer charges for the trades of a customer; a trade requires a fee config. Page:
/// <https://developer.stablelink.app/312999614e0>.
#[derive(Clone, Debug)]
pub struct FeeConfigs(pub(super) Client);

impl FeeConfigs {
    /// Changes a fee config.
    ///
    /// The vendor's page of this operation shows the fields of a bank account, apparently by mistake. The real fields are
    /// unknown, so the request accepts any. The call is never retried.
    ///
    /// Page: <https://developer.stablelink.app/312999614e0>
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). If the error is
    /// [ambiguous](crate::Error::is_ambiguous), look up the fee config before you change it again.
    pub fn update(&self, config: types::UpdateFeeConfigRequest) -> Call<Option<RawJson>> {
        call!(
            &self.0,
            operations::UPDATE_FEE_CONFIG,
            config,
            |api, config| api.update_fee_config(config),
            optional
        )
    }

    /// Creates a fee config. **Inferred**: neither the path nor the fields of this operation are documented. The call is
    /// never retried.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). If the error is
    /// [ambiguous](crate::Error::is_ambiguous), look up the fee config before you create it again.
    #[cfg(feature = "provisional")]
    pub fn create(&self, config: types::CreateFeeConfigRequest) -> Call<Option<RawJson>> {
        call!(
            &self.0,
            operations::CREATE_FEE_CONFIG,
            config,
            |api, config| api.create_fee_config(config),
            optional
        )
    }

    /// Returns the fee config of a customer. **Inferred**: the path of this operation is not documented.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). It only reads
    /// data, so no error is ambiguous.
    #[cfg(feature = "provisional")]
    pub fn get(&self, client_id: Option<i64>) -> Call<Option<RawJson>> {
        call!(
            &self.0,
            operations::GET_FEE_CONFIG,
            client_id,
            |api, id| api.get_fee_config(*id),
            optional
        )
        .identified_by("clientId", client_id)
    }
}
