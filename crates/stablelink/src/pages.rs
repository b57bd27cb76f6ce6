//! Lists page by page. Inferred: no list was seen; names of fields are those that gateways of this make use.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use stablelink_api::scalars::RawJson;
use stablelink_api::types::{
    ListAbnormalPaymentsRequest, ListCheckoutOrdersRequest, ListEventsRequest,
    ListRefundOrdersRequest, ListRemitsRequest, ListSettlementOrdersRequest,
};

use crate::answer::Answer;
use crate::call::Call;
use crate::clock::BoxFuture;
use crate::error::{Decode, Error, ErrorKind};

/// How a list is asked for page by page. **Inferred**: the names of the fields were not seen.
#[derive(Clone, Debug)]
pub struct Paging {
    number: String,
    size: String,
    per_page: u32,
    records: String,
}

impl Default for Paging {
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

impl Paging {
    /// The fields of the request that hold the number of the page, from 1, and its size.
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

    /// How many records a page has; 0 counts as 1.
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
    /// The list page by page, each as it came: a stream that ends after a page that is not full. **Inferred**: see [`Paging`].
    pub fn pages(self, paging: Paging) -> Pages<R> {
        Pages {
            call: self,
            paging,
            page: 1,
            state: State::Ready,
        }
    }
}

/// A list page by page: a [`Stream`] of answers. A page that fails ends it.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Pages<R> {
    call: Call<R, Option<RawJson>>,
    paging: Paging,
    page: u64,
    state: State,
}

type Page = Result<Answer<Option<RawJson>>, Error>;

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
    fn goes_on(&self, page: &Answer<Option<RawJson>>) -> Result<bool, Error> {
        let count = count(
            page.as_ref().map_or("[]", RawJson::get),
            &self.paging.records,
        );
        count
            .map(|count| count >= self.paging.per_page as usize)
            .map_err(|decode| {
                let error = Error::new(ErrorKind::Decode(decode)).answered(page.raw().clone());
                error.during(self.call.facts().id, 1)
            })
    }
}

/// How many records a page has.
fn count(data: &str, member: &str) -> Result<usize, Decode> {
    let missing = || {
        let problem = "there is no list of records; name its member with `Paging::records`";
        Decode::new(format!("retdata.{member}"), problem)
    };
    if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(data) {
        return Ok(list.len());
    }
    let object: std::collections::BTreeMap<String, &RawValue> =
        serde_json::from_str(data).map_err(|_| missing())?;
    match object.get(member).map(|value| value.get()) {
        Some("null") => Ok(0),
        Some(list) => serde_json::from_str::<Vec<&RawValue>>(list)
            .map(|list| list.len())
            .map_err(|_| missing()),
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
            ("7", None),
        ] {
            assert_eq!(count(data, "records").ok(), found, "{data}");
        }
    }
}
