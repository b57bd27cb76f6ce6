//! Lists page by page. Inferred: no list is documented; the field names are those of similar gateways.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use stablelink_api::operations::OperationInfo;
use stablelink_api::scalars::RawJson;

use crate::call::Call;
use crate::client::ClientInner;
use crate::clock::BoxFuture;
use crate::error::{CallPhase, DecodeError, Error, ErrorKind};
use crate::response::{RawResponse, Response};
use crate::{lenient, observe};

/// The fields of a list request and its response. **Inferred**: no page documents a list.
#[derive(Clone, Debug)]
pub struct Pagination {
    number_field: String,
    size_field: String,
    page_size: u32,
    records_field: String,
}

impl Default for Pagination {
    /// Returns the fields `pageNum`, which counts from 1, `pageSize`, which is 20, and `records`.
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

    /// Sets the number of records of a page. Defaults to 20; 0 counts as 1. The maximum of the gateway is not documented; if it
    /// sends a smaller size in the same field, that size is requested from then on.
    #[must_use]
    pub fn per_page(mut self, records: u32) -> Self {
        self.page_size = records.max(1);
        self
    }
}

/// A call that lists records, and that returns one page when it is awaited.
pub(crate) type ListCall<P> = Call<Option<RawJson>, P>;

/// Implements the methods of a list for its parameters and its type of record.
macro_rules! list {
    (body: $parameters:ty, $record:ty) => {
        $crate::pages::list!($parameters, $record, $crate::pages::page_in_body);

        impl $crate::call::Call<Option<stablelink_api::scalars::RawJson>, $parameters> {
            /// Sets the fields of the request, which are not documented.
            pub fn filter(mut self, fields: $parameters) -> Self {
                self.parameters = fields;
                self
            }
        }
    };
    (query: $parameters:ty, $record:ty) => {
        $crate::pages::list!($parameters, $record, $crate::pages::page_in_query);

        impl $crate::call::Call<Option<stablelink_api::scalars::RawJson>, $parameters> {
            /// Lists only the records of this customer.
            pub fn client_id(mut self, id: impl Into<Option<i64>>) -> Self {
                self.parameters.client_id = id.into();
                self
            }
        }
    };
    ($parameters:ty, $record:ty, $set_page:expr) => {
        impl $crate::call::Call<Option<stablelink_api::scalars::RawJson>, $parameters> {
            /// Returns the records of all pages. **Inferred**: see [`Pagination`](crate::Pagination).
            ///
            /// A page is requested when the stream needs its first record. See [`pages`](Self::pages) for the end of a list and
            /// for errors.
            pub fn records(self) -> $crate::Records<$record> {
                $crate::Records::new(self.pages($crate::Pagination::default()))
            }

            /// Returns the list page by page, as raw JSON. **Inferred**: see [`Pagination`](crate::Pagination).
            ///
            /// The stream ends when it has returned the number of records in `total` of the response, or the number of pages
            /// in `pages`. Without these fields, it ends after an empty page. A page with fewer records than requested is not
            /// the last one: the gateway may limit the size of a page, or leave out records that the account may not see. A
            /// page is requested when the stream is polled, and the options of the call, such as its deadline, apply to each
            /// page.
            ///
            /// # Errors
            ///
            /// An error of a call ends the stream. [`Decode`](crate::ErrorKind::Decode) is returned if a page has no records
            /// field; if it has the same records as an earlier page, as every page of a gateway that expects the page number in
            /// another field; and if the list ends with fewer records than its `total`.
            pub fn pages(self, pagination: $crate::Pagination) -> $crate::Pages {
                $crate::Pages::new(self, pagination, $set_page)
            }
        }
    };
}
pub(crate) use list;

/// Sets the page number and the page size in the request body.
pub(crate) fn page_in_body<P>(call: &mut ListCall<P>, page: &PageFields<'_>)
where
    P: Clone + From<Map<String, Value>> + Into<Map<String, Value>>,
{
    let mut fields: Map<String, Value> = call.parameters.clone().into();
    for (name, value) in page.fields() {
        fields.insert(name.to_owned(), value.into());
    }
    call.parameters = fields.into();
}

/// Sets the number and the size of the page in the query.
pub(crate) fn page_in_query<P>(call: &mut ListCall<P>, page: &PageFields<'_>) {
    for (name, value) in page.fields() {
        call.set_query(name, value);
    }
}

/// The fields of a request for one page.
pub(crate) struct PageFields<'a> {
    pagination: &'a Pagination,
    number: u64,
}

impl PageFields<'_> {
    /// Returns the names and the values of the fields for the number and the size of the page.
    /// Public within the crate for methods whose page has other names.
    pub(crate) fn fields(&self) -> [(&str, u64); 2] {
        let pagination = self.pagination;
        [
            (&pagination.number_field, self.number),
            (&pagination.size_field, pagination.page_size.into()),
        ]
    }
}

type PageResult = Result<Response<Option<RawJson>>, Error>;
type PageFuture = BoxFuture<'static, PageResult>;

/// The pages of a list: a [`Stream`] of responses that ends with the last page or the first error.
///
/// Records that are created or deleted between two requests shift the others, so that a record may occur twice or not at
/// all. Identify records by their numbers.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Pages {
    load: Box<dyn Fn(&PageFields<'_>) -> PageFuture + Send + Sync>,
    operation: &'static OperationInfo,
    client: Arc<ClientInner>,
    pagination: Pagination,
    number: u64,
    /// The number of records that were returned.
    records: u64,
    /// The number of records of the list, according to the last page.
    total: Option<u64>,
    after_empty_page: bool,
    /// The hashes of the records of each page.
    hashes: BTreeSet<[u8; 32]>,
    state: PagesState,
}

enum PagesState {
    Ready,
    Loading(PageFuture),
    Done,
}

impl Pages {
    pub(crate) fn new<P: Clone + Send + Sync + 'static>(
        call: ListCall<P>,
        pagination: Pagination,
        set_page: fn(&mut ListCall<P>, &PageFields<'_>),
    ) -> Self {
        Self {
            operation: call.operation(),
            client: call.client(),
            load: Box::new(move |page| {
                let mut call = call.clone();
                set_page(&mut call, page);
                call.into_future()
            }),
            pagination,
            number: 1,
            records: 0,
            total: None,
            after_empty_page: false,
            hashes: BTreeSet::new(),
            state: PagesState::Ready,
        }
    }

    /// Returns whether there may be a page after this one.
    fn has_next(&mut self, page: &Response<Option<RawJson>>) -> Result<bool, Error> {
        let data = page.as_ref().map_or("[]", RawJson::get);
        let has_next = ListPage::parse(data, &self.pagination).and_then(|page| self.count(&page));
        has_next.map_err(|error| self.decode_error(error, page.raw_response()))
    }

    fn decode_error(&self, error: DecodeError, response: &RawResponse) -> Error {
        Error::new(ErrorKind::Decode(error.without(&self.client.secrets)))
            .with_response(response.clone())
            .during(self.operation.id, 1)
            .in_phase(CallPhase::Read)
    }

    fn count(&mut self, page: &ListPage<'_>) -> Result<bool, DecodeError> {
        let fail = |problem: String| {
            let path = format!("retdata.{}", self.pagination.records_field);
            Err(DecodeError::new(path, problem))
        };
        if page.count > 0 && !self.hashes.insert(Sha256::digest(page.records).into()) {
            let problem = "the records are those of an earlier page; set the field of the page number with `Pagination::fields`";
            return fail(problem.to_owned());
        }
        self.records += page.count;
        // If the gateway limits the size of a page, it may count pages by its own size or by ours. With its size, no record is
        // left out. Without `total` the size of the first page is its size; some records may be returned twice then.
        let shortened = page
            .total
            .is_none_or(|total| total == 0)
            .then_some(page.count);
        let size = page
            .size
            .or(shortened.and_then(|count| count.try_into().ok()));
        if let (1, Some(size @ 1..)) = (self.number, size) {
            self.pagination.page_size = self.pagination.page_size.min(size);
        }
        let is_empty = page.count == 0;
        let may_continue = !is_empty || !self.after_empty_page;
        self.after_empty_page = is_empty;
        let page_size = u64::from(self.pagination.page_size);
        // A gateway that does not count the records may send 0.
        let total = page.total.filter(|total| *total > 0 || is_empty);
        self.total = total;
        let pages = page.pages.filter(|pages| *pages > 0 || is_empty);
        match (total, pages) {
            (Some(total), _) if self.records >= total => Ok(false),
            (Some(total), _) => {
                if may_continue && (!is_empty || self.number < total.div_ceil(page_size)) {
                    return Ok(true);
                }
                fail(format!(
                    "the list ended after {} of {total} records",
                    self.records
                ))
            }
            (None, Some(pages)) => Ok(may_continue && self.number < pages),
            (None, None) => Ok(!is_empty),
        }
    }
}

/// One page: its records, and the sizes of the page and the list.
#[derive(Debug, PartialEq)]
struct ListPage<'a> {
    records: &'a str,
    count: u64,
    /// The number of records of the list.
    total: Option<u64>,
    /// The number of pages of the list.
    pages: Option<u64>,
    /// The maximum number of records of a page.
    size: Option<u32>,
}

impl<'a> ListPage<'a> {
    fn parse(data: &'a str, pagination: &Pagination) -> Result<Self, DecodeError> {
        let records_field = &pagination.records_field;
        let missing = || {
            let problem = "there is no array of records; set its field with `Pagination::records`";
            DecodeError::new(format!("retdata.{records_field}"), problem)
        };
        let count = |json: &str| {
            let records = serde_json::from_str::<Vec<&RawValue>>(json).ok()?;
            u64::try_from(records.len()).ok()
        };
        if let Some(count) = count(data) {
            return Ok(Self {
                records: data,
                count,
                total: None,
                pages: None,
                size: None,
            });
        }
        let fields: BTreeMap<String, &'a RawValue> =
            serde_json::from_str(data).map_err(|_| missing())?;
        let number = |name: &str| {
            let digits = fields.get(name)?.get();
            digits.trim_matches('"').parse::<u64>().ok()
        };
        let (records, count) = match fields.get(records_field).map(|value| value.get()) {
            Some("null") => ("", 0),
            Some(json) => (json, count(json).ok_or_else(missing)?),
            None => return Err(missing()),
        };
        Ok(Self {
            records,
            count,
            total: number("total"),
            pages: number("pages"),
            size: number(&pagination.size_field).and_then(|size| size.try_into().ok()),
        })
    }
}

impl Stream for Pages {
    type Item = PageResult;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<PageResult>> {
        loop {
            match &mut self.state {
                PagesState::Done => return Poll::Ready(None),
                PagesState::Ready => {
                    let (pagination, number) = (&self.pagination, self.number);
                    let page = (self.load)(&PageFields { pagination, number });
                    self.state = PagesState::Loading(page);
                }
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

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("page", &self.number)
            .finish_non_exhaustive()
    }
}

/// The records of a list: a [`Stream`] that requests a page when it needs its first record.
///
/// Each item is a [`Response`] with one record; its [`raw_response`](Response::raw_response) is the whole page. A record that
/// cannot be read is an error, after which the stream continues with the next record. The error of a page ends the stream (see
/// [`Pages`]).
///
/// ```no_run
/// # async fn example(client: &stablelink::Client) -> Result<(), stablelink::Error> {
/// let mut orders = client.checkout_orders().list().records();
/// while let Some(order) = orders.next().await {
///     let order = order?;
///     println!("{:?} {:?} of {:?}", order.order_no, order.order_status, orders.total());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream does nothing unless it is polled"]
pub struct Records<T> {
    pages: Pages,
    /// The records of the current page that were not returned yet.
    page: VecDeque<Result<Response<T>, Error>>,
}

impl<T: DeserializeOwned> Records<T> {
    pub(crate) fn new(pages: Pages) -> Self {
        Self {
            pages,
            page: VecDeque::new(),
        }
    }

    /// Sets the fields of the request and the response, and the number of records of a page.
    pub fn pagination(mut self, pagination: Pagination) -> Self {
        self.pages.pagination = pagination;
        self
    }

    /// Returns the number of records of the list, according to the last page that was received; `None` before the first page,
    /// and if the gateway does not count them.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.pages.total
    }

    /// Returns the next record; `None` at the end of the list. It is safe to drop the future, for example in `select!`.
    pub async fn next(&mut self) -> Option<Result<Response<T>, Error>> {
        poll_fn(|context| self.poll_record(context)).await
    }

    fn poll_record(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Response<T>, Error>>> {
        loop {
            if let Some(record) = self.page.pop_front() {
                return Poll::Ready(Some(record));
            }
            match ready!(Pin::new(&mut self.pages).poll_next(context)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(page)) => self.page = self.parse_page(&page),
            }
        }
    }

    fn parse_page(&self, page: &Response<Option<RawJson>>) -> VecDeque<Result<Response<T>, Error>> {
        let data = page.as_ref().map_or("[]", RawJson::get);
        let response = page.raw_response();
        // `Pages` has parsed the page before.
        let records = ListPage::parse(data, &self.pages.pagination).ok();
        let records: Vec<Box<RawValue>> = records
            .and_then(|page| serde_json::from_str(page.records).ok())
            .unwrap_or_default();
        let parse = |(index, record): (usize, Box<RawValue>)| {
            let path = match data.starts_with('[') {
                true => format!("retdata[{index}]"),
                false => format!("retdata.{}[{index}]", self.pages.pagination.records_field),
            };
            let parsed = lenient::parse::<T>(&path, record.get(), lenient::is_requested_amount)
                .map_err(|error| self.pages.decode_error(error, response))?;
            for path in &parsed.unreadable {
                let path = self.pages.client.secrets.redact(path);
                observe::unreadable_field(self.pages.operation.id, &path);
            }
            Ok(Response::<T>::new(parsed, response.clone()).with_record(record))
        };
        records.into_iter().enumerate().map(parse).collect()
    }
}

impl<T: DeserializeOwned + Unpin> Stream for Records<T> {
    type Item = Result<Response<T>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_record(context)
    }
}

impl<T> fmt::Debug for Records<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records")
            .field("pages", &self.pages)
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
            let page = ListPage::parse(data, &Pagination::default());
            assert_eq!(page.ok().map(|page| page.count), expected, "{data}");
        }
    }

    #[test]
    fn size_of_the_list_is_a_number_or_a_string() {
        for (data, total, pages, size) in [
            (
                r#"{"records":[],"total":250,"pages":3,"pageSize":100}"#,
                Some(250),
                Some(3),
                Some(100),
            ),
            (
                r#"{"records":[],"total":"250","pages":"3"}"#,
                Some(250),
                Some(3),
                None,
            ),
            (
                r#"{"records":[],"total":-1,"pages":null,"pageSize":4294967296}"#,
                None,
                None,
                None,
            ),
            (r#"{"records":[],"total":2.5,"pages":[]}"#, None, None, None),
        ] {
            let page = ListPage::parse(data, &Pagination::default()).unwrap();
            assert_eq!(
                (page.total, page.pages, page.size),
                (total, pages, size),
                "{data}"
            );
        }
    }
}
