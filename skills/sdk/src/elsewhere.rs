//! What a skill asks for beyond the household, and tells others than the person it answers.

use alloc::{string::String, vec::Vec};
use serde::{Deserialize, Serialize};
#[cfg(feature = "host")]
use wasmtime::component::{ComponentType, Lift, Lower};

/// A question over HTTP. The hub asks it, once, after the person has finished and before the skill
/// commits; only what stands in the plan is asked.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(record)
)]
pub struct HttpRequest {
    /// What is wanted.
    pub method: HttpMethod,
    /// `https://`, a host that the manifest names, a path.
    pub url: String,
    /// Names and values, besides those that HTTP itself needs.
    pub headers: Vec<(String, String)>,
    /// Text; empty for none.
    pub body: String,
}

impl HttpRequest {
    /// Asks for what is at a URL.
    pub fn get(url: impl Into<String>) -> HttpRequest {
        HttpRequest {
            method: HttpMethod::Get,
            url: url.into(),
            headers: Vec::new(),
            body: String::new(),
        }
    }
}

/// What is wanted of whoever is asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(variant)
)]
pub enum HttpMethod {
    /// To tell something.
    #[cfg_attr(feature = "host", component(name = "get"))]
    Get,
    /// To do something with the body.
    #[cfg_attr(feature = "host", component(name = "post"))]
    Post,
    /// To keep the body.
    #[cfg_attr(feature = "host", component(name = "put"))]
    Put,
    /// To remove something.
    #[cfg_attr(feature = "host", component(name = "delete"))]
    Delete,
}

/// An answer over HTTP, whatever it says. One that names another place is not followed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(record)
)]
pub struct HttpResponse {
    /// 100–599.
    pub status: u16,
    /// At most 256 kB. What is no text is made one.
    pub body: String,
}

/// What a skill tells programs: they hear it as the event `skill_published`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(
    feature = "host",
    derive(ComponentType, Lift, Lower),
    component(record)
)]
pub struct Publication {
    /// One of the `payloads` in its manifest.
    pub topic: String,
    /// JSON that fits the topic's schema there, at most 8 kB.
    pub payload: String,
}
