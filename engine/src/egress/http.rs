//! One question over HTTP. Nobody is sent on: an answer that names another place is an answer.

use super::{Egress, EgressError, PATIENCE, Request};
use hyper::{client::conn::http1, header};
use hyper_util::rt::TokioIo;
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

impl Egress {
    /// Asks for what is at `path`, showing a token.
    ///
    /// # Errors
    /// As [`Egress::open`]; or what answers does not speak HTTP, or too long.
    pub async fn get(
        &self,
        request: Request<'_>,
        path: &str,
        token: &str,
    ) -> Result<Response, EgressError> {
        let wire = self.open(request).await?;
        let unexpected = |reason: String| EgressError::Unexpected {
            host: request.to.place(),
            reason,
        };
        match timeout(PATIENCE, ask(request, path, token, wire)).await {
            Ok(answer) => answer.map_err(unexpected),
            Err(_) => Err(unexpected("it is silent".into())),
        }
    }
}

async fn ask(
    request: Request<'_>,
    path: &str,
    token: &str,
    wire: super::Wire,
) -> Result<Response, String> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(wire))
        .await
        .map_err(|error| error.to_string())?;
    let question = hyper::Request::get(request.to.path(path))
        .header(header::HOST, request.to.place())
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONNECTION, "close")
        .body(String::new())
        .map_err(|_| "the token has characters that no token has".to_owned())?;
    let asking = async {
        let answer = sender.send_request(question).await;
        let answer = answer.map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        let body = axum::body::to_bytes(axum::body::Body::new(answer.into_body()), LONGEST).await;
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
