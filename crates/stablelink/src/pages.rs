//! Lists page by page. Inferred: no list was seen; names of fields are those that gateways of this make use.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use stablelink_api::scalars::RawJson;
use stablelink_api::types::{
    ListAbnormalPaymentsRequest, ListCheckoutOrdersRequest, ListEventsRequest,
    ListRefundOrdersRequest, ListRemitsRequest, ListSettlementOrdersRequest,
};

use crate::call::Call;
use crate::clock::BoxFuture;
use crate::error::{DecodeError, Error, ErrorKind};
use crate::response::Response;

/// How a list is asked for page by page. **Inferred**: no page shows a list, so that neither the names of the fields nor the form of
/// its answer were seen.
#[derive(Clone, Debug)]
pub struct Pagination {
    number: String,
    size: String,
    per_page: u32,
    records: String,
}

impl Default for Pagination {
    /// `pageNum` from 1, `pageSize` of 20, records in `records`.
    fn default() -> Self {
        Self {
            number: "pageNum".to_owned(),
            size: "pageSize".to_owned(),
            per_page: 20,
            records: "records".to_owned(),
        }
    }
}

impl Pagination {
    /// The fields of the request that hold the number of the page, from 1, and its size. Whatever the request says there itself
    /// gives way.
    #[must_use]
    pub fn fields(mut self, number: impl Into<String>, size: impl Into<String>) -> Self {
        self.number = number.into();
        self.size = size.into();
        self
    }

    /// The member of `retdata` that holds the records. `retdata` may be the list itself.
    #[must_use]
    pub fn records(mut self, member: impl Into<String>) -> Self {
        self.records = member.into();
        self
    }

    /// How many records a page has; 20 unless set, 0 counts as 1. No more than the gateway gives at once, which was not seen: a
    /// page that it cuts shorter counts as the last one.
    #[must_use]
    pub fn per_page(mut self, records: u32) -> Self {
        self.per_page = records.max(1);
        self
    }
}

mod sealed {
    pub trait Fields {
        fn fields(&mut self) -> &mut serde_json::Map<String, serde_json::Value>;
    }
}

/// A request for a list that takes any fields.
pub trait ListRequest: sealed::Fields + Clone + Send + Sync + 'static {}

impl<R: sealed::Fields + Clone + Send + Sync + 'static> ListRequest for R {}

impl sealed::Fields for ListCheckoutOrdersRequest {
    fn fields(&mut self) -> &mut Map<String, Value> {
        &mut self.0
    }
}

impl sealed::Fields for ListSettlementOrdersRequest {
    fn fields(&mut self) -> &mut Map<String, Value> {
        &mut self.0
    }
}

impl sealed::Fields for ListRefundOrdersRequest {
    fn fields(&mut self) -> &mut Map<String, Value> {
        &mut self.0
    }
}

impl sealed::Fields for ListAbnormalPaymentsRequest {
    fn fields(&mut self) -> &mut Map<String, Value> {
        &mut self.0
    }
}

impl sealed::Fields for ListRemitsRequest {
    fn fields(&mut self) -> &mut Map<String, Value> {
        &mut self.0
    }
}

impl sealed::Fields for ListEventsRequest {
    fn fields(&mut self) -> &mut Map<String, Value> {
        &mut self.0
    }
}

impl<R: ListRequest> Call<R, Option<RawJson>> {
    /// The list page by page, each as it came. **Inferred**: see [`Pagination`].
    ///
    /// Ends after a page that is not full, which may be an empty one. A page is asked for when the stream is polled, so that one
    /// that is dropped asks for no more; the limits of the call, such as its deadline, hold for each page.
    ///
    /// # Errors
    ///
    /// Those of the call, which end the stream; [`Decode`](ErrorKind::Decode) of a page whose records are not found, or are those
    /// of a page that came before: a gateway that takes the number from another field would give them for ever.
    pub fn pages(self, paging: Pagination) -> Pages<R> {
        Pages {
            call: self,
            paging,
            page: 1,
            seen: BTreeSet::new(),
            state: State::Ready,
        }
    }
}

/// A list page by page: a [`Stream`] of answers. A page that fails ends it.
///
/// A record that is made or goes while pages are read moves others between them: one may come twice, or not at all. Tell them by
/// their numbers.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Pages<R> {
    call: Call<R, Option<RawJson>>,
    paging: Pagination,
    page: u64,
    /// Hashes of the records of each page.
    seen: BTreeSet<[u8; 32]>,
    state: State,
}

type Page = Result<Response<Option<RawJson>>, Error>;

enum State {
    Ready,
    Asked(BoxFuture<'static, Page>),
    Over,
}

impl<R: ListRequest> Pages<R> {
    fn ask(&mut self) -> BoxFuture<'static, Page> {
        let mut call = self.call.again();
        let fields = call.request.fields();
        fields.insert(self.paging.number.clone(), self.page.into());
        fields.insert(self.paging.size.clone(), self.paging.per_page.into());
        call.into_future()
    }

    /// Whether there is a page after this one.
    fn goes_on(&mut self, page: &Response<Option<RawJson>>) -> Result<bool, Error> {
        let data = page.as_ref().map_or("[]", RawJson::get);
        let member = &self.paging.records;
        let goes_on = records(data, member).and_then(|records| {
            if records.count > 0 && !self.seen.insert(Sha256::digest(records.text).into()) {
                let problem = "its records are those of a page before; name the field of its number with `Pagination::fields`";
                return Err(DecodeError::new(format!("retdata.{member}"), problem));
            }
            Ok(records.count >= self.paging.per_page as usize)
        });
        goes_on.map_err(|decode| {
            let error = Error::new(ErrorKind::Decode(decode)).answered(page.raw_response().clone());
            error.during(self.call.operation().id, 1)
        })
    }
}

/// The records of a page.
#[derive(Clone, Copy)]
struct Records<'a> {
    text: &'a str,
    count: usize,
}

fn records<'a>(data: &'a str, member: &str) -> Result<Records<'a>, DecodeError> {
    let list = |text: &'a str| {
        let list = serde_json::from_str::<Vec<&RawValue>>(text).ok()?;
        Some(Records {
            text,
            count: list.len(),
        })
    };
    let missing = || {
        let problem = "there is no list of records; name its member with `Pagination::records`";
        DecodeError::new(format!("retdata.{member}"), problem)
    };
    if let Some(records) = list(data) {
        return Ok(records);
    }
    let object: std::collections::BTreeMap<String, &'a RawValue> =
        serde_json::from_str(data).map_err(|_| missing())?;
    match object.get(member).map(|value| value.get()) {
        Some("null") => Ok(Records { text: "", count: 0 }),
        Some(text) => list(text).ok_or_else(missing),
        None => Err(missing()),
    }
}

impl<R: ListRequest + Unpin> Stream for Pages<R> {
    type Item = Page;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Page>> {
        loop {
            match &mut self.state {
                State::Over => return Poll::Ready(None),
                State::Ready => {
                    let asked = self.ask();
                    self.state = State::Asked(asked);
                }
                State::Asked(future) => {
                    let page = ready!(future.as_mut().poll(context));
                    self.state = State::Over;
                    let page = page.and_then(|page| {
                        if self.goes_on(&page)? {
                            self.page += 1;
                            self.state = State::Ready;
                        }
                        Ok(page)
                    });
                    return Poll::Ready(Some(page));
                }
            }
        }
    }
}

impl<R> std::fmt::Debug for Pages<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages")
            .field("page", &self.page)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_counted_where_they_are() {
        for (data, found) in [
            ("[]", Some(0)),
            ("[1,{}]", Some(2)),
            (r#"{"records":[1,2,3],"total":9}"#, Some(3)),
            (r#"{"records":null}"#, Some(0)),
            (r#"{"list":[]}"#, None),
            (r#"{"records":{}}"#, None),
            // Of two members of one name the last counts.
            (r#"{"records":[1],"records":[]}"#, Some(0)),
            (r#"{"\u0072ecords":[1]}"#, Some(1)),
            ("", None),
            ("7", None),
            ("null", None),
        ] {
            let count = records(data, "records").ok().map(|records| records.count);
            assert_eq!(count, found, "{data}");
        }
    }
}
