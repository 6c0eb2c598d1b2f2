//! What the calls about the registry have in common: pages by handle, and refusals for lack of authority.

use actix_web::HttpRequest;
use serde::Deserialize;
use utoipa::IntoParams;

use super::keys::bad_query;
use crate::domain::registry::error::RegistryError;
use crate::domain::registry::handles::Handle;
use crate::domain::usage::outcome::Outcome;
use crate::web::error::{ApiError, Code};
use crate::web::extract::key_check::deny;
use crate::web::state::AppState;

/// Which records to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9A-Z][0-9A-Z-]{0,59}$", example = "MO1-KP")]
    cursor: Option<String>,
    /// Records a page. Default 50.
    #[param(example = "50", pattern = "^([1-9][0-9]?|100)$")]
    limit: Option<String>,
}

/// Where a page of records begins, and how many it has.
pub(super) struct Range {
    after: Option<Handle>,
    limit: usize,
}

impl Range {
    pub(super) fn of(query: &PageQuery) -> Result<Self, ApiError> {
        let limit = match query.limit.as_deref().map(str::parse::<usize>) {
            None => 50,
            Some(Ok(limit)) if (1..=100).contains(&limit) => limit,
            Some(_) => return bad_query("limit is a number from 1 to 100."),
        };
        let after = match query.cursor.as_deref().map(str::parse::<Handle>) {
            None => None,
            Some(Ok(handle)) => Some(handle),
            Some(Err(_)) => return bad_query("cursor is the next_cursor of the page before."),
        };
        Ok(Self { after, limit })
    }

    /// This page of what is sorted by handle, and the cursor of the next one.
    pub(super) fn cut<T>(
        &self,
        all: Vec<T>,
        handle: impl Fn(&T) -> &Handle,
    ) -> (Vec<T>, Option<String>) {
        let mut page: Vec<T> = (all.into_iter())
            .filter(|one| (self.after.as_ref()).is_none_or(|after| handle(one) > after))
            .collect();
        let has_more = page.len() > self.limit;
        page.truncate(self.limit);
        let next = page.last().filter(|_| has_more);
        let next = next.map(|last| handle(last).to_string());
        (page, next)
    }
}

/// Calls about the registry are not there if the registry is turned off.
pub(in crate::web) fn check_enabled(state: &AppState) -> Result<(), ApiError> {
    match state.config.registry.enabled {
        true => Ok(()),
        false => Err(ApiError::not_found()),
    }
}

/// The refusal; one for lack of authority is counted as such, though the key was accepted.
pub(super) fn refusal(req: &HttpRequest, error: RegistryError) -> ApiError {
    let error = ApiError::from(error);
    if error.code == Code::NoAuthority {
        deny(req, Outcome::NoAuthority);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(cursor: Option<&str>, limit: &str) -> (Vec<String>, Option<String>) {
        let query = PageQuery {
            cursor: cursor.map(str::to_owned),
            limit: Some(limit.to_owned()),
        };
        let all: Vec<Handle> = ["A1-KP", "B1-KP", "C1-KP"]
            .map(|handle| handle.parse().unwrap())
            .into();
        let (page, next) = Range::of(&query).unwrap().cut(all, |handle| handle);
        (page.iter().map(Handle::to_string).collect(), next)
    }

    #[test]
    fn pages_follow_each_other_by_handle() {
        let (page, next) = cut(None, "2");
        assert_eq!(page, ["A1-KP", "B1-KP"]);
        let (page, next) = cut(next.as_deref(), "2");
        assert_eq!((page, next), (vec!["C1-KP".to_owned()], None));
        let (page, next) = cut(None, "3");
        assert_eq!((page.len(), next), (3, None));
    }

    #[test]
    fn what_is_no_page_is_refused() {
        for (cursor, limit) in [(None, "0"), (None, "101"), (None, "x"), (Some("a b"), "1")] {
            let query = PageQuery {
                cursor: cursor.map(str::to_owned),
                limit: Some(limit.to_owned()),
            };
            assert!(Range::of(&query).is_err(), "{cursor:?} {limit}");
        }
    }
}
