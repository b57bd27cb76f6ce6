//! Pages of a list. No page of the documentation shows one: names and form are the sandbox's own.

use serde::{Deserialize, Serialize};

use super::read::Call;
use crate::envelope::Reply;
use crate::refusal::Refusal;

/// Which page is asked for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Asked {
    /// Counts from 1.
    page_num: u64,
    page_size: u64,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            page_num: 1,
            page_size: 20,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<T> {
    page_num: u64,
    page_size: u64,
    total: u64,
    records: Vec<T>,
}

impl Asked {
    const LARGEST: u64 = 100;

    /// Of a list that is asked for by POST: in the JSON of the body, beside other members.
    pub(crate) fn in_body(call: &Call) -> Result<Self, Refusal> {
        call.json::<Self>()?.checked()
    }

    /// Of a list that is asked for by GET.
    pub(crate) fn in_query(call: &Call) -> Result<Self, Refusal> {
        let number = |name: &str, or: u64| match call.optional(name) {
            None => Ok(or),
            Some(text) => text
                .parse()
                .map_err(|_| Refusal::field(format!("{name} must be a number"))),
        };
        let first = Self::default();
        Self {
            page_num: number("pageNum", first.page_num)?,
            page_size: number("pageSize", first.page_size)?,
        }
        .checked()
    }

    fn checked(self) -> Result<Self, Refusal> {
        if self.page_num == 0 {
            return Err(Refusal::field("pageNum must be at least 1"));
        }
        if !(1..=Self::LARGEST).contains(&self.page_size) {
            let rule = format!("pageSize must be from 1 to {}", Self::LARGEST);
            return Err(Refusal::field(rule));
        }
        Ok(self)
    }

    /// The page of these records, each shown by `show`. The newest come first, so that `all` has
    /// them in the order of their making.
    pub(crate) fn of<R, T: Serialize>(
        self,
        all: impl DoubleEndedIterator<Item = R> + Clone,
        show: impl FnMut(R) -> T,
    ) -> Result<Reply, Refusal> {
        let skipped = (self.page_num - 1).saturating_mul(self.page_size);
        Reply::data(&Page {
            page_num: self.page_num,
            page_size: self.page_size,
            total: all.clone().count() as u64,
            records: all
                .rev()
                .skip(usize::try_from(skipped).unwrap_or(usize::MAX))
                .take(usize::try_from(self.page_size).unwrap_or(usize::MAX))
                .map(show)
                .collect(),
        })
    }
}
