//! Customer accounts of the developer.

use stablelink_api::operations;
use stablelink_api::scalars::RawJson;
use stablelink_api::types;

use crate::call::Call;
use crate::client::Client;

/// Customer accounts of the developer. Pages: <https://developer.stablelink.app/315241613e0>.
#[derive(Clone, Debug)]
pub struct Users(Client);

impl Users {
    pub(super) fn new(client: &Client) -> Self {
        Self(client.clone())
    }

    /// Makes a customer account.
    ///
    /// Its answer was not seen, so that it comes as the JSON that it is. Sent once, never repeated: no field of the
    /// request is known to be refused when it comes again. `country` is ISO 3166-1 alpha-3; `mobileNumber` is a plus, the country code, a
    /// blank and the number.
    ///
    /// Page: <https://developer.stablelink.app/315241613e0>
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)): [ambiguous](crate::Error::is_ambiguous) where it was sent and nobody knows its
    /// outcome; look for what it did before you make it again.
    pub fn create(
        &self,
        user: types::CreateUserRequest,
    ) -> Call<types::CreateUserRequest, Option<RawJson>> {
        Call::new(&self.0, &operations::CREATE_USER, user, |run, user| {
            Box::pin(
                async move { run.opened(run.api().create_user(user).await, |found| found.retdata) },
            )
        })
    }

    /// The account of a customer, or of the developer without one. **Inferred**: its path was not seen.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)). It only reads: none of them is [ambiguous](crate::Error::is_ambiguous).
    #[cfg(feature = "provisional")]
    pub fn get(&self, client_id: Option<i64>) -> Call<Option<i64>, types::User> {
        Call::new(&self.0, &operations::GET_USER, client_id, |run, id| {
            Box::pin(
                async move { run.answer(run.api().get_user(*id).await, |found| found.retdata) },
            )
        })
    }
}
