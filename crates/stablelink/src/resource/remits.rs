//! Bank accounts of payees. All operations are inferred: the pages only name them.

use stablelink_api::operations;
use stablelink_api::scalars::RawJson;
use stablelink_api::types::{CreateRemitRequest, ListRemitsRequest, UpdateRemitRequest};

use crate::call::Call;
use crate::client::Client;

/// Bank accounts of payees. **Inferred**: the paths are not documented; the fields are those of the vendor's older wallet API.
#[derive(Clone, Debug)]
pub struct Remits(pub(super) Client);

impl Remits {
    /// Stores a bank account. Create its `request_id` with [`request_id`](crate::request_id) and keep the value: sending the
    /// same value again is safe, because the gateway rejects a `requestId` that it knows. **Inferred**: the vendor's page of
    /// this operation is missing.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). The error is
    /// [ambiguous](crate::Error::is_ambiguous) and contains the `requestId` if the outcome is unknown. It is a
    /// [duplicate](crate::Error::is_duplicate) if the key was used before.
    pub fn create(&self, account: &CreateRemitRequest) -> Call<Option<RawJson>> {
        call!(
            &self.0,
            operations::CREATE_REMIT,
            account.clone(),
            |api, account| api.create_remit(account),
            optional
        )
        .key(&account.request_id)
    }

    /// Changes a bank account: all fields, its ID, and a new `request_id`. **Inferred**: the vendor's page of this operation
    /// is missing.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). The error is
    /// [ambiguous](crate::Error::is_ambiguous) and contains the `requestId` if the outcome is unknown. It is a
    /// [duplicate](crate::Error::is_duplicate) if the key was used before.
    pub fn update(&self, account: &UpdateRemitRequest) -> Call<Option<RawJson>> {
        call!(
            &self.0,
            operations::UPDATE_REMIT,
            account.clone(),
            |api, account| api.update_remit(account),
            optional
        )
        .key(&account.request_id)
    }

    /// Returns the bank account with this ID. **Inferred**: the vendor's page of this operation is missing.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). It only reads
    /// data, so no error is ambiguous.
    pub fn get(&self, id: i64) -> Call<Option<RawJson>> {
        call!(
            &self.0,
            operations::GET_REMIT,
            id,
            |api, id| api.get_remit(Some(*id)),
            optional
        )
        .identified_by("id", Some(id))
    }

    /// Lists bank accounts. **Inferred**: the vendor's page of this operation is missing.
    ///
    /// # Errors
    ///
    /// The call fails for the reasons that are common to all calls (see [`ErrorKind`](crate::ErrorKind)). It only reads
    /// data, so no error is ambiguous.
    pub fn list(&self) -> Call<Option<RawJson>, ListRemitsRequest> {
        let filter = ListRemitsRequest(serde_json::Map::new());
        call!(
            &self.0,
            operations::LIST_REMITS,
            parameters: filter,
            |api, filter| api.list_remits(filter),
            optional
        )
    }
}

// The record of an account is not known.
crate::pages::list!(body: ListRemitsRequest, RawJson);
