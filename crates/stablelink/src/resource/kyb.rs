//! Know-your-business reviews of customers.

use stablelink_api::operations;
use stablelink_api::scalars::RawJson;
use stablelink_api::types;

use crate::call::Call;
use crate::client::Client;

/// Know-your-business reviews of customers. Page: <https://developer.stablelink.app/395133931e0>.
#[derive(Clone, Debug)]
pub struct Kyb(Client);

impl Kyb {
    pub(super) fn new(client: &Client) -> Self {
        Self(client.clone())
    }

    /// Submits the data of a business for review.
    ///
    /// Its page was seen up to the sixteenth field: further ones go into `extra`. Its answer was not seen. Sent once,
    /// never repeated. `business_industry` holds NAICS codes.
    ///
    /// Page: <https://developer.stablelink.app/395133931e0>
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)): [ambiguous](crate::Error::is_ambiguous) where it was sent and nobody knows its
    /// outcome; look for what it did before you make it again.
    pub fn submit(
        &self,
        review: types::SubmitKybRequest,
    ) -> Call<types::SubmitKybRequest, Option<RawJson>> {
        Call::new(&self.0, &operations::SUBMIT_KYB, review, |run, review| {
            Box::pin(async move {
                run.opened(run.api().submit_kyb(review).await, |found| found.retdata)
            })
        })
    }

    /// Submits the short form. **Inferred**: neither path nor fields were seen. Sent once, never repeated.
    ///
    /// # Errors
    ///
    /// Those of every call ([`ErrorKind`](crate::ErrorKind)): [ambiguous](crate::Error::is_ambiguous) where it was sent and nobody knows its
    /// outcome; look for what it did before you make it again.
    #[cfg(feature = "provisional")]
    pub fn submit_simple(
        &self,
        review: types::SubmitSimpleKybRequest,
    ) -> Call<types::SubmitSimpleKybRequest, Option<RawJson>> {
        Call::new(
            &self.0,
            &operations::SUBMIT_SIMPLE_KYB,
            review,
            |run, review| {
                Box::pin(async move {
                    run.opened(run.api().submit_simple_kyb(review).await, |found| {
                        found.retdata
                    })
                })
            },
        )
    }
}
