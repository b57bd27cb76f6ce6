//! Bank accounts of payees. All of it is inferred: the pages only name these operations.

use stablelink_api::operations;
use stablelink_api::scalars::RawJson;
use stablelink_api::types::{CreateRemitRequest, ListRemitsRequest, UpdateRemitRequest};

use crate::call::Call;
use crate::client::Client;

/// Bank accounts of payees. **Inferred**: paths were not seen; the fields are those of the vendor's older wallet API.
#[derive(Clone, Debug)]
pub struct Remits(Client);

impl Remits {
    pub(super) fn new(client: &Client) -> Self {
        Self(client.clone())
    }

    /// Stores a bank account. Make its `request_id` with [`request_id`](crate::request_id) and keep the value: awaiting it again
    /// is safe, for the gateway refuses a `requestId` that it has. **Inferred**: its page was not seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)): [ambiguous](crate::Error::is_ambiguous), with the `requestId`, where it was sent and
    /// nobody knows its outcome; refused of one that was used before ([`is_duplicate`](crate::Error::is_duplicate)).
    pub fn create(
        &self,
        account: &CreateRemitRequest,
    ) -> Call<CreateRemitRequest, Option<RawJson>> {
        let key = account.request_id.clone();
        Call::new(
            &self.0,
            &operations::CREATE_REMIT,
            account.clone(),
            |run, account| {
                Box::pin(async move {
                    run.opened(run.api().create_remit(account).await, |found| found.retdata)
                })
            },
        )
        .keyed(key)
    }

    /// Changes one: all fields again, its id, and a new `request_id`. **Inferred**: its page was not seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)): [ambiguous](crate::Error::is_ambiguous), with the `requestId`, where it was sent and
    /// nobody knows its outcome; refused of one that was used before ([`is_duplicate`](crate::Error::is_duplicate)).
    pub fn update(
        &self,
        account: &UpdateRemitRequest,
    ) -> Call<UpdateRemitRequest, Option<RawJson>> {
        let key = account.request_id.clone();
        Call::new(
            &self.0,
            &operations::UPDATE_REMIT,
            account.clone(),
            |run, account| {
                Box::pin(async move {
                    run.opened(run.api().update_remit(account).await, |found| found.retdata)
                })
            },
        )
        .keyed(key)
    }

    /// The bank account with this id. **Inferred**: its page was not seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)). It only reads: none of them is [ambiguous](crate::Error::is_ambiguous).
    pub fn get(&self, id: i64) -> Call<i64, Option<RawJson>> {
        Call::new(&self.0, &operations::GET_REMIT, id, |run, id| {
            Box::pin(async move {
                run.opened(run.api().get_remit(Some(*id)).await, |found| found.retdata)
            })
        })
    }

    /// Bank accounts. **Inferred**: its page was not seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)). It only reads: none of them is [ambiguous](crate::Error::is_ambiguous).
    pub fn list(&self, filter: ListRemitsRequest) -> Call<ListRemitsRequest, Option<RawJson>> {
        Call::new(&self.0, &operations::LIST_REMITS, filter, |run, filter| {
            Box::pin(async move {
                run.opened(run.api().list_remits(filter).await, |found| found.retdata)
            })
        })
    }
}
