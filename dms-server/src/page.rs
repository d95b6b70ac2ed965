//! Lists in pages: `{"items":[...],"next_cursor":null}`, newest first.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Items of a page unless asked otherwise, and at most.
const LIMIT: (u16, u16) = (50, 500);

/// Which page.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The `next_cursor` of the page before; without it, the first page.
    pub cursor: Option<Uuid>,
    /// Items, 1 to 500.
    pub limit: Option<u16>,
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Asks for the next page; null on the last.
    pub next_cursor: Option<Uuid>,
}

impl PageQuery {
    fn limit(self) -> u16 {
        self.limit.unwrap_or(LIMIT.0).clamp(1, LIMIT.1)
    }

    /// How many rows to read: one more than the page holds tells whether another follows.
    #[must_use]
    pub fn fetch(self) -> i64 {
        i64::from(self.limit()) + 1
    }

    /// The page of the rows read with [`PageQuery::fetch`]; `id` is what they are ordered by.
    pub fn page<R, T>(
        self,
        mut rows: Vec<R>,
        id: impl Fn(&R) -> Uuid,
        view: impl Fn(R) -> T,
    ) -> Page<T> {
        let limit = usize::from(self.limit());
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = if more { rows.last().map(id) } else { None };
        Page {
            items: rows.into_iter().map(view).collect(),
            next_cursor,
        }
    }
}
