//! One question over HTTP. Nobody is sent on: an answer that names another place is an answer.

use super::{Egress, EgressError, PATIENCE, Request, exchange};
use hyper::{
    HeaderMap, Method,
    header::{self, HeaderValue},
};
use tokio::time::timeout;

/// Bytes of an answer that are read; more is no answer.
const LONGEST: usize = 1 << 20;

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
            Ok(answer) => answer.map_err(|why| self.or_sealed(request.to, unexpected(why))),
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
    let mut answer = exchange::begin(request, question, wire).await?;
    let mut body = Vec::new();
    while let Some(piece) = answer.pieces.next().await? {
        if body.len() + piece.len() > longest {
            return Err("length limit exceeded".into());
        }
        body.extend_from_slice(&piece);
    }
    Ok(Response {
        status: answer.status,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}
