//! What skills ask over HTTP: asked by the hub, before anything is committed, so that nobody else in
//! the house waits for a slow answer.

use crate::egress::{Consent, Egress, EgressError, Purpose, Question, Request};
use hyper::{
    HeaderMap, Method, Uri,
    header::{self, HeaderName, HeaderValue},
};
use loqa_core::manifest::Manifest;
use loqa_protocol::PrivacyScope;
use loqa_skill_sdk::{Effect, EffectError, HttpMethod, HttpRequest, HttpResponse};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Bytes of an answer; more is none.
const LONGEST: usize = 256_000;
/// What a budget is for.
const MINUTE: Duration = Duration::from_secs(60);
/// What says where a question goes and how long it is, which is not a skill's to say.
const OF_HTTP: [HeaderName; 7] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::TE,
    header::TRAILER,
];

/// The answers to the questions of a plan.
pub type Answers = HashMap<HttpRequest, Result<HttpResponse, EffectError>>;

/// The way out for skills.
pub struct Elsewhere {
    egress: Egress,
    /// When each skill has asked, within the last minute, oldest first.
    asked: Mutex<HashMap<String, VecDeque<Instant>>>,
}

impl Elsewhere {
    /// By this way.
    pub fn by(egress: Egress) -> Elsewhere {
        Elsewhere {
            egress,
            asked: Mutex::default(),
        }
    }

    /// Asks for a skill.
    ///
    /// # Errors
    /// A sentence: it may not be asked, or nobody answers there.
    pub async fn ask(
        &self,
        manifest: &Manifest,
        request: &HttpRequest,
    ) -> Result<HttpResponse, EffectError> {
        let place = place(request)?;
        if !manifest.permissions.contains(&place.permission) {
            return Err(denied(&manifest.name, &place.permission));
        }
        if !self.may_ask(manifest) {
            return Err(EffectError(format!(
                "The skill {} asks too often: it may {} times a minute.",
                manifest.name, manifest.budget.http_per_minute
            )));
        }
        let question = question(request, place.path)?;
        let wanted = Request {
            purpose: Purpose::Skill,
            who: &manifest.name,
            to: &place.address,
            // It may well contain what somebody said.
            scope: Some(PrivacyScope::Ephemeral),
            consent: Consent::Permission(&place.permission),
        };
        match self.egress.ask(wanted, question, LONGEST).await {
            Ok(answer) => Ok(HttpResponse {
                status: answer.status,
                body: answer.body,
            }),
            Err(error) => {
                tracing::info!(skill = manifest.name, %error, "a skill asked in vain");
                Err(EffectError(sentence(&error, place.address.host())))
            }
        }
    }

    fn may_ask(&self, manifest: &Manifest) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = asked.entry(manifest.name.clone()).or_default();
        while asked.front().is_some_and(|at| at.elapsed() >= MINUTE) {
            asked.pop_front();
        }
        let may = asked.len() < manifest.budget.http_per_minute as usize;
        if may {
            asked.push_back(Instant::now());
        }
        may
    }
}

/// The questions among the effects of a skill, each with its name.
pub fn questions<'e>(
    skill: &'e str,
    effects: &'e [Effect],
) -> impl Iterator<Item = (String, HttpRequest)> + 'e {
    effects.iter().filter_map(move |effect| match effect {
        Effect::Http(request) => Some((skill.to_owned(), request.clone())),
        _ => None,
    })
}

/// Where a question goes.
struct Place {
    address: crate::egress::Address,
    path: String,
    /// What a manifest must ask for.
    permission: String,
}

/// The permission that a question needs.
///
/// # Errors
/// A sentence: it goes nowhere.
pub fn permission(request: &HttpRequest) -> Result<String, EffectError> {
    place(request).map(|place| place.permission)
}

fn place(request: &HttpRequest) -> Result<Place, EffectError> {
    let wrong = || EffectError("The skill asked for something that is no web address.".into());
    let uri: Uri = request.url.parse().map_err(|_| wrong())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(wrong());
    };
    let address = format!("{scheme}://{authority}");
    let address: crate::egress::Address = address.parse().map_err(|_| wrong())?;
    Ok(Place {
        permission: format!("http:{}", address.authority()),
        path: uri
            .path_and_query()
            .map_or_else(|| "/".into(), ToString::to_string),
        address,
    })
}

fn question(request: &HttpRequest, path: String) -> Result<Question, EffectError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let wrong = || {
            EffectError("The skill wanted to ask in a way that the web does not know.".to_owned())
        };
        let name = HeaderName::try_from(name).map_err(|_| wrong())?;
        let value = HeaderValue::try_from(value).map_err(|_| wrong())?;
        if OF_HTTP.contains(&name) {
            return Err(wrong());
        }
        headers.append(name, value);
    }
    Ok(Question {
        method: match request.method {
            HttpMethod::Get => Method::GET,
            HttpMethod::Post => Method::POST,
            HttpMethod::Put => Method::PUT,
            HttpMethod::Delete => Method::DELETE,
        },
        path,
        headers,
        body: request.body.clone(),
    })
}

/// What a person is told who asked for what `permission` would be needed for.
pub fn denied(skill: &str, permission: &str) -> EffectError {
    EffectError(format!(
        "The skill {skill} may not do that: its skill.yaml does not ask for the permission {permission}."
    ))
}

/// What a person is told: the rest is for the log.
fn sentence(error: &EgressError, host: &str) -> String {
    match error {
        EgressError::Sealed(_) => format!("The house is sealed, so I asked {host} nothing."),
        EgressError::NotPermitted(_) => format!("I ask {host} only over an encrypted connection."),
        EgressError::InTheHouse(_) => {
            format!("{host} is in the house, and the settings do not let skills go there.")
        }
        EgressError::Unreachable { .. } => format!("I could not reach {host}."),
        EgressError::Untrusted { .. } => format!("I could not be sure that it was {host}."),
        EgressError::Unexpected { .. } => format!("I did not understand what {host} answered."),
    }
}
