//! Lists page by page. Inferred: no list is documented; the field names are those of similar gateways.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use stablelink_api::scalars::RawJson;
use stablelink_api::types;

use crate::call::Call;
use crate::clock::BoxFuture;
use crate::error::{DecodeError, Error, ErrorKind};
use crate::response::Response;

/// The fields of a list request and its response. **Inferred**: no page documents a list.
#[derive(Clone, Debug)]
pub struct Pagination {
    number_field: String,
    size_field: String,
    page_size: u32,
    records_field: String,
}

impl Default for Pagination {
    /// `pageNum` from 1, `pageSize` of 20, records in `records`.
    fn default() -> Self {
        Self {
            number_field: "pageNum".to_owned(),
            size_field: "pageSize".to_owned(),
            page_size: 20,
            records_field: "records".to_owned(),
        }
    }
}

impl Pagination {
    /// Sets the fields of the request for the number of the page, which counts from 1, and its size. They replace fields of
    /// the same name in the request.
    #[must_use]
    pub fn fields(mut self, number: impl Into<String>, size: impl Into<String>) -> Self {
        self.number_field = number.into();
        self.size_field = size.into();
        self
    }

    /// Sets the field of `retdata` that contains the records. `retdata` may also be the array itself.
    #[must_use]
    pub fn records(mut self, field: impl Into<String>) -> Self {
        self.records_field = field.into();
        self
    }

    /// Sets the number of records of a page. Defaults to 20; 0 counts as 1. It must not exceed the gateway's maximum, which
    /// is not documented: a page that the gateway shortens counts as the last one.
    #[must_use]
    pub fn per_page(mut self, records: u32) -> Self {
        self.page_size = records.max(1);
        self
    }
}

mod sealed {
    pub trait ListFields {
        fn fields(&mut self) -> &mut serde_json::Map<String, serde_json::Value>;
    }
}

/// A list request, which accepts any field.
pub trait ListRequest: sealed::ListFields + Clone + Send + Sync + 'static {}

macro_rules! list_requests {
    ($($request:ident),*) => {$(
        impl ListRequest for types::$request {}
        impl sealed::ListFields for types::$request {
            fn fields(&mut self) -> &mut Map<String, Value> {
                &mut self.0
            }
        }
    )*};
}

list_requests!(
    ListCheckoutOrdersRequest,
    ListSettlementOrdersRequest,
    ListRefundOrdersRequest,
    ListAbnormalPaymentsRequest,
    ListRemitsRequest,
    ListEventsRequest
);

impl<R: ListRequest> Call<Option<RawJson>, R> {
    /// Returns the list page by page, as raw JSON. **Inferred**: see [`Pagination`].
    ///
    /// The stream ends after a page with fewer records than the page size, or none. A page is requested when the stream is
    /// polled, and the options of the call, such as its deadline, apply to each page.
    ///
    /// # Errors
    ///
    /// An error of a call ends the stream. [`Decode`](ErrorKind::Decode) is returned if a page has no records field, or the
    /// same records as an earlier page: a gateway that expects the page number in another field would return the first page
    /// forever.
    pub fn pages(self, pagination: Pagination) -> Pages<R> {
        Pages {
            call: self,
            pagination,
            number: 1,
            hashes: BTreeSet::new(),
            state: PagesState::Ready,
        }
    }
}

/// The pages of a list: a [`Stream`] of responses that ends with the last page or the first error.
///
/// Records that are created or deleted between two requests shift the others, so that a record may occur twice or not at
/// all. Identify records by their numbers.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Pages<R> {
    call: Call<Option<RawJson>, R>,
    pagination: Pagination,
    number: u64,
    /// The hashes of the records of each page.
    hashes: BTreeSet<[u8; 32]>,
    state: PagesState,
}

type PageResult = Result<Response<Option<RawJson>>, Error>;

enum PagesState {
    Ready,
    Loading(BoxFuture<'static, PageResult>),
    Done,
}

impl<R: ListRequest> Pages<R> {
    fn load(&self) -> BoxFuture<'static, PageResult> {
        let mut call = self.call.clone();
        let fields = call.parameters.fields();
        fields.insert(self.pagination.number_field.clone(), self.number.into());
        fields.insert(
            self.pagination.size_field.clone(),
            self.pagination.page_size.into(),
        );
        call.into_future()
    }

    /// Returns whether there may be a page after this one.
    fn has_next(&mut self, page: &Response<Option<RawJson>>) -> Result<bool, Error> {
        let data = page.as_ref().map_or("[]", RawJson::get);
        let field = &self.pagination.records_field;
        let has_next = find_records(data, field).and_then(|records| {
            if records.count > 0 && !self.hashes.insert(Sha256::digest(records.json).into()) {
                let problem = "the records are those of an earlier page; set the field of the page number with `Pagination::fields`";
                return Err(DecodeError::new(format!("retdata.{field}"), problem));
            }
            Ok(records.count >= self.pagination.page_size as usize)
        });
        has_next.map_err(|error| {
            Error::new(ErrorKind::Decode(error))
                .with_response(page.raw_response().clone())
                .during(self.call.operation().id, 1)
        })
    }
}

/// The records of a page.
#[derive(Clone, Copy)]
struct PageRecords<'a> {
    json: &'a str,
    count: usize,
}

fn find_records<'a>(data: &'a str, field: &str) -> Result<PageRecords<'a>, DecodeError> {
    let array = |json: &'a str| {
        let records = serde_json::from_str::<Vec<&RawValue>>(json).ok()?;
        Some(PageRecords {
            json,
            count: records.len(),
        })
    };
    let missing = || {
        let problem = "there is no array of records; set its field with `Pagination::records`";
        DecodeError::new(format!("retdata.{field}"), problem)
    };
    if let Some(records) = array(data) {
        return Ok(records);
    }
    let object: BTreeMap<String, &'a RawValue> =
        serde_json::from_str(data).map_err(|_| missing())?;
    match object.get(field).map(|value| value.get()) {
        Some("null") => Ok(PageRecords { json: "", count: 0 }),
        Some(json) => array(json).ok_or_else(missing),
        None => Err(missing()),
    }
}

impl<R: ListRequest + Unpin> Stream for Pages<R> {
    type Item = PageResult;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<PageResult>> {
        loop {
            match &mut self.state {
                PagesState::Done => return Poll::Ready(None),
                PagesState::Ready => self.state = PagesState::Loading(self.load()),
                PagesState::Loading(page) => {
                    let page = ready!(page.as_mut().poll(context));
                    self.state = PagesState::Done;
                    let page = page.and_then(|page| {
                        if self.has_next(&page)? {
                            self.number += 1;
                            self.state = PagesState::Ready;
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
            .field("page", &self.number)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_found_and_counted() {
        for (data, expected) in [
            ("[]", Some(0)),
            ("[1,{}]", Some(2)),
            (r#"{"records":[1,2,3],"total":9}"#, Some(3)),
            (r#"{"records":null}"#, Some(0)),
            (r#"{"list":[]}"#, None),
            (r#"{"records":{}}"#, None),
            // The last field wins if a name occurs twice.
            (r#"{"records":[1],"records":[]}"#, Some(0)),
            (r#"{"\u0072ecords":[1]}"#, Some(1)),
            ("", None),
            ("7", None),
            ("null", None),
        ] {
            let count = find_records(data, "records")
                .ok()
                .map(|records| records.count);
            assert_eq!(count, expected, "{data}");
        }
    }
}
