//! Limits of lists.

use super::problem::Problem;

/// The number of items of a page: `asked`, or `usual` if nothing was asked for.
///
/// # Errors
/// A 400 when more than `greatest`, or nothing at all, is asked for.
pub(crate) fn checked_limit(asked: Option<u64>, usual: u64, greatest: u64) -> Result<u64, Problem> {
    match asked {
        None => Ok(usual),
        Some(limit) if (1..=greatest).contains(&limit) => Ok(limit),
        Some(limit) => Err(Problem::bad_request(
            "limit-out-of-range",
            format!("The limit is {limit}, and must be 1 to {greatest}."),
        )),
    }
}
