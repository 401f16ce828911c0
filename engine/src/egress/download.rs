//! A file from elsewhere, a piece at a time as it comes. Who asks follows where it is sent on to: each
//! place is a connection of its own.

use super::{Egress, EgressError, Request, http};
use axum::body::Bytes;
use http_body_util::BodyExt;
use hyper::{
    HeaderMap,
    body::Incoming,
    client::conn::http1,
    header::{self, HeaderValue},
};
use hyper_util::rt::TokioIo;
use std::{pin::Pin, time::Duration};
use tokio::time::timeout;

/// An answer whose body is still to come.
pub struct Download {
    /// HTTP's number for it.
    pub status: u16,
    /// What it says of itself.
    pub headers: HeaderMap,
    body: Incoming,
    /// Carries the bytes for as long as it is asked; nothing once it is closed.
    connection: Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>,
    silence: Duration,
}

impl Egress {
    /// Asks for what is at `path`, with what is behind a `?`. Whoever answers may be silent for as long
    /// as `silence`.
    ///
    /// # Errors
    /// As [`Egress::open`]; or what answers does not speak HTTP.
    pub async fn download(
        &self,
        request: Request<'_>,
        path: &str,
        mut headers: HeaderMap,
        silence: Duration,
    ) -> Result<Download, EgressError> {
        let unexpected = |reason: String| EgressError::Unexpected {
            host: request.to.place(),
            reason,
        };
        let wire = self.open(request).await?;
        let asking = async {
            let (mut sender, connection) = http1::handshake(TokioIo::new(wire))
                .await
                .map_err(|error| error.to_string())?;
            let mut question = hyper::Request::new(String::new());
            *question.uri_mut() = path.parse().map_err(|_| format!("{path} is no path"))?;
            let host = HeaderValue::try_from(request.to.authority());
            headers.insert(header::HOST, host.map_err(|error| error.to_string())?);
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            headers.insert(header::USER_AGENT, HeaderValue::from_static(http::NAME));
            *question.headers_mut() = headers;
            let mut connection: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(connection);
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
            Ok(Download {
                status: parts.status.as_u16(),
                headers: parts.headers,
                body,
                connection: open.then_some(connection),
                silence,
            })
        };
        match timeout(silence, asking).await {
            Ok(answer) => answer.map_err(unexpected),
            Err(_) => Err(unexpected("it is silent".into())),
        }
    }
}

impl Download {
    /// The next bytes; nothing at the end.
    ///
    /// # Errors
    /// They stopped before the end, or nothing came for too long.
    pub async fn next(&mut self) -> Result<Option<Bytes>, String> {
        let silence = self.silence;
        let piece = async {
            loop {
                let frame = tokio::select! {
                    biased;
                    frame = self.body.frame() => frame,
                    ended = async { match &mut self.connection {
                        Some(connection) => connection.await,
                        None => std::future::pending().await,
                    } } => {
                        self.connection = None;
                        // What has come is still to be taken; the body tells what went wrong.
                        drop(ended);
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
        };
        match timeout(silence, piece).await {
            Ok(piece) => piece,
            Err(_) => Err(format!("nothing came for {} s", silence.as_secs_f32())),
        }
    }
}
