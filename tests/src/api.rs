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
        self.request("GET", name, "")
    }

    /// Sends a document to `/api/v1/NAME`; what is answered, null if nothing.
    ///
    /// # Errors
    /// It is refused.
    pub fn post(&self, name: &str, document: &Value) -> Result<Value> {
        self.request("POST", name, &document.to_string())
    }

    fn request(&self, method: &str, name: &str, body: &str) -> Result<Value> {
        let Program { host, token } = self;
        let request = format!(
            "{method} /api/v1/{name} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(host)?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
        ensure!(head.starts_with("HTTP/1.1 2"), "{answer}");
        let document = if body.is_empty() { "null" } else { body };
        serde_json::from_str(document).with_context(|| answer.clone())
    }
}
