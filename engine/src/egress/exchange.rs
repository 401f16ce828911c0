//! A question over HTTP/1, and its answer as it comes.

use super::{Request, Wire, http::Question};
use axum::body::Bytes;
use http_body_util::BodyExt;
use hyper::{
    HeaderMap,
    body::Incoming,
    client::conn::http1,
    header::{self, HeaderValue},
};
use hyper_util::rt::TokioIo;
use std::pin::Pin;

/// Who asks.
const NAME: &str = concat!("Loqa/", env!("CARGO_PKG_VERSION"));

/// An answer whose body is still to come.
pub(super) struct Exchange {
    /// HTTP's number for it.
    pub status: u16,
    /// What it says of itself.
    pub headers: HeaderMap,
    /// The body.
    pub pieces: Pieces,
}

/// A body as it comes.
pub(super) struct Pieces {
    body: Incoming,
    /// Carries the bytes for as long as it is asked; nothing once it is closed.
    connection: Option<Connection>,
}

type Connection = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// Asks over a connection that is open.
///
/// # Errors
/// What answers does not speak HTTP.
pub(super) async fn begin(
    request: Request<'_>,
    question: Question,
    wire: Wire,
) -> Result<Exchange, String> {
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
    let mut connection: Connection = Box::pin(connection);
    let mut open = true;
    let asked = sender.send_request(question);
    tokio::pin!(asked);
    let answer = loop {
        tokio::select! {
            biased;
            answer = &mut asked => break answer.map_err(|error| error.to_string())?,
            _ = &mut connection, if open => open = false,
        }
    };
    let (parts, body) = answer.into_parts();
    Ok(Exchange {
        status: parts.status.as_u16(),
        headers: parts.headers,
        pieces: Pieces {
            body,
            connection: open.then_some(connection),
        },
    })
}

impl Pieces {
    /// The next bytes; nothing at the end.
    ///
    /// # Errors
    /// They stopped before the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, String> {
        loop {
            let frame = tokio::select! {
                biased;
                frame = self.body.frame() => frame,
                _ = ended(&mut self.connection) => {
                    // What has come is still to be taken; the body tells what went wrong.
                    self.connection = None;
                    continue;
                }
            };
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(error.to_string()),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}

/// The end of a connection; never, once that is known.
async fn ended(connection: &mut Option<Connection>) {
    match connection {
        Some(connection) => drop(connection.await),
        None => std::future::pending().await,
    }
}
