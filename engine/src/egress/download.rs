//! A file from elsewhere, a piece at a time as it comes. Who asks follows where it is sent on to: each
//! place is a connection of its own.

use super::{
    Egress, EgressError, Question, Request,
    exchange::{self, Exchange, Pieces},
};
use axum::body::Bytes;
use hyper::{HeaderMap, Method};
use std::time::Duration;
use tokio::time::timeout;

/// An answer whose body is still to come.
pub struct Download {
    /// HTTP's number for it.
    pub status: u16,
    /// What it says of itself.
    pub headers: HeaderMap,
    pieces: Pieces,
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
        headers: HeaderMap,
        silence: Duration,
    ) -> Result<Download, EgressError> {
        let unexpected = |reason: String| EgressError::Unexpected {
            host: request.to.place(),
            reason,
        };
        let wire = self.open(request).await?;
        let question = Question {
            method: Method::GET,
            path: path.to_owned(),
            headers,
            body: String::new(),
        };
        let answer = timeout(silence, exchange::begin(request, question, wire)).await;
        let answer = answer.unwrap_or_else(|_| Err("it is silent".into()));
        let Exchange {
            status,
            headers,
            pieces,
        } = answer.map_err(|why| self.or_sealed(request.to, unexpected(why)))?;
        Ok(Download {
            status,
            headers,
            pieces,
            silence,
        })
    }
}

impl Download {
    /// The next bytes; nothing at the end.
    ///
    /// # Errors
    /// They stopped before the end, or nothing came for too long.
    pub async fn next(&mut self) -> Result<Option<Bytes>, String> {
        let piece = timeout(self.silence, self.pieces.next()).await;
        piece.unwrap_or_else(|_| {
            let silence = self.silence.as_secs_f32();
            Err(format!("nothing came for {silence} s"))
        })
    }
}
