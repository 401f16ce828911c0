//! A client of a running hub, as tests and benches need one: a question, then its whole answer.

use anyhow::{Context, Result, anyhow};
use loqa_engine::gateway::Client;
use loqa_protocol::{ClientFrame, Event, Problem, ServerFrame, TurnSummary};
use std::path::Path;

/// A conversation with the hub of a data folder.
pub struct Conversation {
    client: Client,
    last_id: u32,
}

/// How a typed turn ended.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What the hub says about it.
    pub summary: TurnSummary,
    /// Whether effects took place, all of them.
    pub done: bool,
}

impl Conversation {
    /// Connects.
    ///
    /// # Errors
    /// No hub answers on this data folder.
    pub async fn open(data: &Path) -> Result<Conversation> {
        let client = Client::connect(data).await;
        let client = client.with_context(|| format!("no hub answers on {}", data.display()))?;
        Ok(Conversation { client, last_id: 0 })
    }

    /// Asks without waiting for the answer; the id of the request.
    ///
    /// # Errors
    /// The hub is gone.
    pub async fn send(&mut self, text: &str) -> Result<u32, Problem> {
        self.request(|id| ClientFrame::Ask {
            id,
            text: text.into(),
        })
        .await
    }

    /// Asks, and waits for the end of the turn.
    ///
    /// # Errors
    /// The hub is gone, or could not work on it.
    pub async fn ask(&mut self, text: &str) -> Result<Answer, Problem> {
        let id = self.send(text).await?;
        self.answer(id).await
    }

    /// Waits for the end of the turn of an earlier [`send`](Self::send).
    ///
    /// # Errors
    /// The hub is gone, or could not work on it.
    pub async fn answer(&mut self, id: u32) -> Result<Answer, Problem> {
        let (mut results, mut summary) = (Vec::new(), None);
        loop {
            match self.client.recv().await? {
                ServerFrame::Event {
                    id: about,
                    envelope,
                } if about == id => {
                    if let Event::SkillResult { effects, ok, .. } = envelope.event {
                        results.push(ok && !effects.is_empty());
                    }
                }
                ServerFrame::Turn {
                    id: about,
                    summary: told,
                } if about == id => summary = Some(told),
                // A problem of the connection as a whole has the id 0.
                ServerFrame::Problem { id: about, problem } if about == id || about == 0 => {
                    return Err(problem);
                }
                ServerFrame::Done { id: about } if about == id => {
                    let done = !results.is_empty() && results.iter().all(|done| *done);
                    let summary = summary.ok_or_else(|| Problem {
                        code: "no_summary".into(),
                        message: format!("request {id} ended without a summary"),
                        help: String::new(),
                    })?;
                    return Ok(Answer { summary, done });
                }
                _ => {}
            }
        }
    }

    /// All timers, as the hub tells them.
    ///
    /// # Errors
    /// The hub is gone, or its answer is no JSON.
    pub async fn timers(&mut self) -> Result<Vec<serde_json::Value>> {
        self.document(|id| ClientFrame::Timers { id }).await
    }

    /// What the hub finds wanting.
    ///
    /// # Errors
    /// The hub is gone, or its answer is no JSON.
    pub async fn doctor(&mut self) -> Result<Vec<serde_json::Value>> {
        self.document(|id| ClientFrame::Doctor { id }).await
    }

    async fn document(
        &mut self,
        frame: impl FnOnce(u32) -> ClientFrame,
    ) -> Result<Vec<serde_json::Value>> {
        let id = self.request(frame).await?;
        let mut document = None;
        loop {
            match self.client.recv().await? {
                ServerFrame::Json { id: about, json } if about == id => {
                    document = Some(serde_json::from_str(&json)?)
                }
                ServerFrame::Problem { id: about, problem } if about == id || about == 0 => {
                    return Err(problem.into());
                }
                ServerFrame::Done { id: about } if about == id => {
                    return document.ok_or_else(|| anyhow!("an empty answer"));
                }
                _ => {}
            }
        }
    }

    async fn request(&mut self, frame: impl FnOnce(u32) -> ClientFrame) -> Result<u32, Problem> {
        self.last_id += 1;
        self.client.send(frame(self.last_id)).await?;
        Ok(self.last_id)
    }
}
