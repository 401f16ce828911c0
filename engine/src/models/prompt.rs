//! What the language model is told of itself and of the household, before any question.

use crate::workers::{Prompt, Prompts};
use loqa_core::grammar::{Callable, Grammar};
use loqa_protocol::Tool;
use serde_json::Value;
use std::{
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::watch;

/// Who it is. It is read to a voice, and believed.
const SELF: &str = "You are Loqa, the voice of a household. People hear you and do not see you: answer in \
one or two short sentences of plain words, without lists, symbols or emoji. What people say was \
recognised by a machine, and words may be wrong. You cannot do anything yourself, and never say that you \
have done something or will: to do something in the house, call a tool. If you do not know, say so.";
/// Names it is told of: all of a usual household, and not so many that a context is full of them.
const MOST_NAMES: usize = 120;
/// Characters in a token, at least, of most tokenizers in English.
const CHARACTERS: usize = 3;

/// What is asked with this grammar, made when it is first asked for, and again when it changes. Of the
/// commands as many as leave half of the context, in tokens, to everything else.
pub fn prompts(grammar: watch::Receiver<Arc<Grammar>>, context: u32) -> Prompts {
    let most = context as usize / 2 * CHARACTERS;
    let made: Mutex<Option<(u64, Arc<Prompt>)>> = Mutex::default();
    Arc::new(move || {
        let grammar = grammar.borrow().clone();
        let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
        match &*made {
            Some((version, prompt)) if *version == grammar.version() => prompt.clone(),
            _ => {
                let prompt = Arc::new(prompt(&grammar, most));
                *made = Some((grammar.version(), prompt.clone()));
                prompt
            }
        }
    })
}

fn prompt(grammar: &Grammar, most: usize) -> Prompt {
    let mut system = SELF.to_owned();
    let names = grammar.names();
    if !names.is_empty() {
        let names = names.iter().take(MOST_NAMES);
        let names = names.map(String::as_str).collect::<Vec<_>>().join(", ");
        let _ = write!(system, "\nIn this house there are: {names}.");
    }
    let (mut tools, mut length) = (Vec::new(), 0);
    let callable = grammar.callable();
    let all = callable.len();
    for it in callable {
        length += told(&it);
        if length > most {
            // A model that has read more than it can keep in mind answers nothing.
            tracing::warn!(
                offered = tools.len(),
                all,
                "the language model cannot be told of all commands"
            );
            break;
        }
        tools.push((it.risk, tool(it)));
    }
    Prompt { system, tools }
}

/// Characters that a model is told of it: its name, those of what it takes, and its example.
fn told(it: &Callable) -> usize {
    let parameters: Value = serde_json::from_str(&it.parameters).unwrap_or_default();
    let slots = parameters["properties"].as_object();
    let slots = slots.map_or(0, |slots| slots.keys().map(|slot| slot.len() + 2).sum());
    it.name.len() + slots + it.example.len() + 10
}

fn tool(
    Callable {
        name,
        example,
        parameters,
        ..
    }: Callable,
) -> Tool {
    Tool {
        name,
        about: format!("“{example}”"),
        parameters,
    }
}
