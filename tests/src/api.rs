//! A program that talks to a hub over HTTP.

use crate::program::Home;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{
    io::{Read, Write},
    net::TcpStream,
};

/// A program that has been given the hub's token.
pub struct Program {
    /// Host and port.
    pub host: String,
    /// What lets it in.
    pub token: String,
}

impl Program {
    /// One for the hub that runs in a home.
    ///
    /// # Errors
    /// None runs there.
    pub fn of(home: &Home) -> Result<Program> {
        let told = |args: &[&str], name: &str| -> Result<String> {
            let ended = home.run(args)?;
            let document: Value = serde_json::from_str(&ended.out).context(ended.err)?;
            Ok(document[name].as_str().context(ended.out)?.to_owned())
        };
        let address = told(&["dashboard", "--json"], "address")?;
        Ok(Program {
            host: address.replace("http://", "").replace('/', ""),
            token: told(&["dashboard", "token", "--json"], "token")?,
        })
    }

    /// What `/api/v1/NAME` tells.
    ///
    /// # Errors
    /// It is refused.
    pub fn get(&self, name: &str) -> Result<Value> {
        self.send("GET", name, &Value::Null)
    }

    /// Sends a document to `/api/v1/NAME`; what is answered, null if nothing.
    ///
    /// # Errors
    /// It is refused.
    pub fn post(&self, name: &str, document: &Value) -> Result<Value> {
        self.send("POST", name, document)
    }

    /// Sends a document, unless it is null, by this method; what is answered, null if nothing.
    ///
    /// # Errors
    /// It is refused.
    pub fn send(&self, method: &str, name: &str, document: &Value) -> Result<Value> {
        let (status, answer) = self.request(method, name, document)?;
        ensure!((200..300).contains(&status), "{status} {answer}");
        Ok(answer)
    }

    /// The status, and what is answered, whatever it is.
    ///
    /// # Errors
    /// Nothing is answered, or no JSON.
    pub fn request(&self, method: &str, name: &str, document: &Value) -> Result<(u16, Value)> {
        let body = match document {
            Value::Null => String::new(),
            document => document.to_string(),
        };
        self.request_of(method, name, "application/json", body.as_bytes())
    }

    /// The same of a body of any kind.
    ///
    /// # Errors
    /// Nothing is answered, or no JSON.
    pub fn request_of(
        &self,
        method: &str,
        name: &str,
        kind: &str,
        body: &[u8],
    ) -> Result<(u16, Value)> {
        let Program { host, token } = self;
        let request = format!(
            "{method} /api/v1/{name} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\nContent-Type: {kind}\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(host)?;
        stream.write_all(request.as_bytes())?;
        stream.write_all(body)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
        let status = head.split(' ').nth(1).context("no status")?.parse()?;
        let document = if body.is_empty() { "null" } else { body };
        let document = serde_json::from_str(document).with_context(|| answer.clone())?;
        Ok((status, document))
    }
}
