//! The hub over HTTP, for browsers and programs: JSON in, JSON out, described by
//! `/api/v1/openapi.json` and shown by `/api/v1/docs`.
//!
//! Whoever asks is a client of the gateway like any other, for the length of one request (`guest`).

mod ask;
mod body;
mod conversations;
mod document;
mod edit;
mod guest;
mod health;
mod house;
mod latency;
mod logs;
mod models;
mod nodes;
mod people;
mod privacy;
mod room;
mod settings;
mod shown;
mod sign_in;
mod skills;
mod turn;

pub use ask::Conversations;
pub use body::MAX_BODY;

use super::{
    Door, Who,
    refusal::{Refusal, refuse},
    socket,
};
use axum::http::StatusCode;
use std::sync::Arc;
use utoipa_axum::{router::UtoipaMethodRouter, routes};

/// One route: whom it answers, and what answers, with its description.
pub type Route = (Who, UtoipaMethodRouter<Arc<Door>>);

/// All of them.
pub fn table() -> Vec<Route> {
    use Who::{Anybody, SignedIn};
    vec![
        (Anybody, routes!(sign_in::hello)),
        (Anybody, routes!(sign_in::login)),
        (SignedIn, routes!(sign_in::logout)),
        (SignedIn, routes!(house::now)),
        (SignedIn, routes!(house::home)),
        (SignedIn, routes!(edit::add_device)),
        (SignedIn, routes!(edit::change_device, edit::remove_device)),
        (SignedIn, routes!(edit::sentences)),
        (SignedIn, routes!(edit::add_area)),
        (SignedIn, routes!(edit::change_area, edit::remove_area)),
        (SignedIn, routes!(settings::settings, settings::choose)),
        (SignedIn, routes!(settings::sounds)),
        (SignedIn, routes!(skills::skills)),
        (SignedIn, routes!(skills::change, skills::remove)),
        (SignedIn, routes!(skills::rollback)),
        (SignedIn, skills::larger(routes!(skills::look))),
        (SignedIn, routes!(skills::install, skills::decline)),
        (SignedIn, routes!(skills::audit)),
        (SignedIn, routes!(skills::calls)),
        (SignedIn, routes!(models::models)),
        (SignedIn, routes!(models::pull)),
        (SignedIn, routes!(models::pause)),
        (SignedIn, routes!(models::verify)),
        (SignedIn, routes!(models::remove)),
        (SignedIn, routes!(models::choose)),
        (SignedIn, routes!(privacy::privacy, privacy::change)),
        (SignedIn, routes!(privacy::egress)),
        (SignedIn, routes!(conversations::conversations)),
        (
            SignedIn,
            routes!(conversations::conversation, conversations::forget),
        ),
        (SignedIn, routes!(people::people, people::add)),
        (SignedIn, routes!(people::change, people::remove)),
        (SignedIn, routes!(people::pin)),
        (SignedIn, routes!(people::keeps)),
        (SignedIn, routes!(people::place)),
        (SignedIn, routes!(people::add_rule)),
        (SignedIn, routes!(people::remove_rule)),
        (SignedIn, routes!(nodes::nodes)),
        (SignedIn, routes!(nodes::open, nodes::close)),
        (SignedIn, routes!(nodes::change, nodes::remove)),
        (SignedIn, routes!(nodes::accept)),
        (SignedIn, routes!(house::turns)),
        (SignedIn, routes!(latency::latency)),
        (SignedIn, routes!(health::health)),
        (SignedIn, routes!(logs::logs)),
        (SignedIn, routes!(ask::ask)),
        (SignedIn, routes!(ask::meaning)),
        (SignedIn, routes!(room::mute)),
        (SignedIn, routes!(room::call)),
        (SignedIn, routes!(room::end_call)),
        (SignedIn, routes!(socket::events)),
        (SignedIn, routes!(document::openapi)),
        (SignedIn, routes!(document::docs)),
        (SignedIn, routes!(document::docs_file)),
    ]
}

/// A route is there, but not for this method.
pub async fn wrong_method() -> Refusal {
    refuse(
        StatusCode::METHOD_NOT_ALLOWED,
        "wrong_method",
        "this address does not answer that method",
        "the header `Allow` names those it answers, and /api/v1/docs what they do",
    )
}
