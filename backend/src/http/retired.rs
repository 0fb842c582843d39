//! What the old system did and a server must not: make keys, and receive them.

use axum::http::StatusCode;
use shared::api::Problem as ProblemJson;

use super::problem::Problem;

/// Gone: keys are made in the browser or on the command line, and never on a server.
#[utoipa::path(
    get, path = "/client/wallet/new", tag = "Retired",
    responses((status = 410, body = ProblemJson)),
)]
pub(crate) async fn new_wallet() -> Problem {
    Problem::new(
        StatusCode::GONE,
        "keys-stay-with-their-owner",
        "A server makes no keys: the wallet page at /wallet makes them in the browser, `cairn wallet new` on the command line.",
    )
}

/// Gone: a transfer is signed where its key is. The body is not read.
#[utoipa::path(
    post, path = "/client/generate/transaction", tag = "Retired",
    responses((status = 410, body = ProblemJson)),
)]
pub(crate) async fn generate_transaction() -> Problem {
    Problem::new(
        StatusCode::GONE,
        "keys-stay-with-their-owner",
        "A server signs nothing and wants no private key: sign on the page at /wallet/send, or with `cairn wallet send`.",
    )
}
