//! One question over HTTP. Nobody is sent on: an answer that names another place is an answer.

use super::{Egress, EgressError, PATIENCE, Request};
use hyper::{
    HeaderMap, Method,
    client::conn::http1,
    header::{self, HeaderValue},
};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

/// Bytes of an answer that are read; more is no answer.
const LONGEST: usize = 1 << 20;
/// Who asks.
pub(super) const NAME: &str = concat!("Loqa/", env!("CARGO_PKG_VERSION"));

/// An answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Response {
    /// HTTP's number for it.
    pub status: u16,
    /// What it says.
    pub body: String,
}

/// A question.
#[derive(Clone, PartialEq, Debug)]
pub struct Question {
    /// `GET` and such.
    pub method: Method,
    /// From `/` on, with what is behind a `?`.
    pub path: String,
    /// Besides those that say where it goes and how long it is.
    pub headers: HeaderMap,
    /// Empty for none.
    pub body: String,
}

impl Egress {
    /// Asks for what is at `path`, showing a token.
    ///
    /// # Errors
    /// As [`Egress::ask`].
    pub async fn get(
        &self,
        request: Request<'_>,
        path: &str,
        token: &str,
    ) -> Result<Response, EgressError> {
        let token = HeaderValue::try_from(format!("Bearer {token}"));
        let token = token.map_err(|_| EgressError::Unexpected {
            host: request.to.place(),
            reason: "the token has characters that no token has".into(),
        })?;
        let question = Question {
            method: Method::GET,
            path: request.to.path(path),
            headers: HeaderMap::from_iter([(header::AUTHORIZATION, token)]),
            body: String::new(),
        };
        self.ask(request, question, LONGEST).await
    }

    /// Asks, and reads an answer of at most `longest` bytes.
    ///
    /// # Errors
    /// As [`Egress::open`]; or what answers does not speak HTTP, or too long.
    pub async fn ask(
        &self,
        request: Request<'_>,
        question: Question,
        longest: usize,
    ) -> Result<Response, EgressError> {
        let wire = self.open(request).await?;
        let unexpected = |reason: String| EgressError::Unexpected {
            host: request.to.place(),
            reason,
        };
        match timeout(PATIENCE, ask(request, question, longest, wire)).await {
            Ok(answer) => answer.map_err(unexpected),
            Err(_) => Err(unexpected("it is silent".into())),
        }
    }
}

async fn ask(
    request: Request<'_>,
    question: Question,
    longest: usize,
    wire: super::Wire,
) -> Result<Response, String> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(wire))
        .await
        .map_err(|error| error.to_string())?;
    let Question {
        method,
        path,
        headers,
        body,
    } = question;
    let mut question = hyper::Request::new(body);
    *question.method_mut() = method;
    *question.uri_mut() = path.parse().map_err(|_| format!("{path} is no path"))?;
    *question.headers_mut() = headers;
    let host = HeaderValue::try_from(request.to.authority()).map_err(|error| error.to_string())?;
    let headers = question.headers_mut();
    headers.insert(header::HOST, host);
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(NAME));
    let asking = async {
        let answer = sender.send_request(question).await;
        let answer = answer.map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        let body = axum::body::to_bytes(axum::body::Body::new(answer.into_body()), longest).await;
        let body = body.map_err(|error| error.to_string())?;
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(Response { status, body })
    };
    tokio::pin!(asking, connection);
    let mut open = true;
    loop {
        tokio::select! {
            biased;
            answer = &mut asking => return answer,
            _ = &mut connection, if open => open = false,
        }
    }
}
