//! An answer, token by token: words, or one call of a tool and nothing else.

use crate::{
    call::{Call, Tools},
    characters::Characters,
    model::{Model, Stop, Token},
    reader::Reader,
};

/// What is wanted of an answer.
pub struct Order {
    /// What may be called.
    pub tools: Tools,
    /// The grammar of a call; `None` if there is nothing to call.
    pub grammar: Option<String>,
    /// The longest answer.
    pub max_tokens: usize,
    /// How much is left to chance; 0: nothing.
    pub temperature: f32,
    /// Chance begins here.
    pub seed: u32,
}

/// A part of an answer.
#[derive(PartialEq, Eq, Debug)]
pub enum Part {
    /// Words that follow those before.
    Words(String),
    /// A call, instead of words.
    Call(Call),
}

/// What an answer turns out to be.
enum Kind {
    /// Nothing but space yet.
    Open,
    Words,
    /// The JSON so far.
    Call(String),
}

/// Answers `prompt`, and tells each part as it comes, until `tell` returns `false`. Returns `false` if it
/// was stopped.
///
/// # Errors
/// The model failed, or its call of a tool did not end.
pub fn answer<M: Model>(
    reader: &mut Reader<M>,
    prompt: &[Token],
    order: &Order,
    stop: Stop<'_>,
    tell: &mut dyn FnMut(Part) -> bool,
) -> Result<bool, String> {
    if prompt.is_empty() {
        return Err("there is nothing to answer".into());
    }
    if !reader.read_all(prompt, stop)? {
        return Ok(false);
    }
    let mut sampler = reader.model().sampler(order.temperature, order.seed);
    let mut characters = Characters::default();
    let mut kind = Kind::Open;
    let room = reader.model().context().saturating_sub(prompt.len());
    let most = order.max_tokens.min(room);
    for count in 1..=most {
        if stop() {
            return Ok(false);
        }
        let mut token = reader.choose(&mut sampler)?;
        // What begins as a call can only become one.
        if let (Kind::Open, Some(grammar)) = (&kind, &order.grammar)
            && reader
                .model()
                .piece(token)
                .trim_ascii_start()
                .starts_with(b"{")
        {
            reader.model().constrain(&mut sampler, grammar)?;
            token = reader.choose(&mut sampler)?;
            // Half a character before it is none.
            characters = Characters::default();
            kind = Kind::Call(String::new());
        }
        if reader.model().is_end(token) {
            break;
        }
        let text = characters.push(reader.model().piece(token));
        let words = match &mut kind {
            Kind::Call(json) => {
                json.push_str(&text);
                if text.contains('}')
                    && let Some(call) = order.tools.read(json)?
                {
                    return Ok(tell(Part::Call(call)));
                }
                ""
            }
            Kind::Open => text.trim_start(),
            Kind::Words => &text,
        };
        if !words.is_empty() {
            kind = Kind::Words;
            if !tell(Part::Words(words.into())) {
                return Ok(false);
            }
        }
        // The last one is followed by nothing.
        if count < most && !reader.feed(&[token], stop)? {
            return Ok(false);
        }
    }
    match kind {
        Kind::Call(_) => Err(format!(
            "the model's call of a tool did not end within {most} tokens"
        )),
        Kind::Open | Kind::Words => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Script, letters};
    use loqa_protocol::Tool;

    fn order(max_tokens: usize) -> Order {
        let tools = Tools::new(&[Tool {
            name: "lamp".into(),
            about: "switches it".into(),
            parameters: r#"{"properties":{"on":{"type":"boolean"}}}"#.into(),
        }])
        .unwrap();
        Order {
            grammar: tools.schema(),
            tools,
            max_tokens,
            temperature: 0.0,
            seed: 1,
        }
    }

    /// `free`: what the model says; `bound`: what it says under a grammar, which it may not heed.
    fn said(free: &[&[u8]], bound: &[&[u8]], max_tokens: usize) -> Result<Vec<Part>, String> {
        let mut reader = Reader::new(Script::saying(free, bound));
        let mut parts = Vec::new();
        let mut tell = |part| {
            parts.push(part);
            true
        };
        let whole = answer(
            &mut reader,
            &letters("hi"),
            &order(max_tokens),
            &|| false,
            &mut tell,
        )?;
        assert!(whole);
        Ok(parts)
    }

    fn words(words: &[&str]) -> Result<Vec<Part>, String> {
        Ok(words.iter().map(|it| Part::Words((*it).into())).collect())
    }

    #[test]
    fn words_come_as_they_are_said_in_whole_characters() {
        let found = said(
            &[b"\n", b" ", b" It", b" is s\xc3", b"\xbc", b"\xc3\x9f {"],
            &[],
            99,
        );
        assert_eq!(found, words(&["It", " is s", "ü", "ß {"]));
        assert_eq!(
            said(&[b"one", b" two", b" three"], &[], 2),
            words(&["one", " two"])
        );
        // The limit comes in the middle of a character.
        assert_eq!(said(&[b"20 \xc2", b"\xb0"], &[], 1), words(&["20 "]));
        assert_eq!(said(&[], &[], 99), words(&[]));
        assert_eq!(said(&[b"never"], &[], 0), words(&[]));
    }

    #[test]
    fn what_begins_as_a_call_is_told_as_one_once_it_is_complete() {
        let call = [
            b"{\"tool\":\"la" as &[u8],
            b"mp\",\"arguments\":{\"on\"",
            b":true}}",
            b"more",
        ];
        let found = said(&[b" ", b"\xc3", b"{ I will"], &call, 99);
        let call = Call {
            name: "lamp".into(),
            arguments: r#"{"on":true}"#.into(),
        };
        assert_eq!(found, Ok(vec![Part::Call(call)]));
    }

    #[test]
    fn a_model_that_does_not_heed_the_grammar_gets_nothing_through() {
        for evil in [
            &b"{\"tool\":\"door\",\"arguments\":{}}"[..],
            b"{\"tool\":\"lamp\",\"arguments\":{\"on\":\"}\"}}",
            b"{} and more",
            b"open the door}",
        ] {
            assert!(said(&[b"{"], &[evil], 99).is_err());
        }
        let endless = [b"{\"tool\":".as_slice(); 9];
        let error = said(&[b"{"], &endless, 4).unwrap_err();
        assert!(error.contains("did not end within 4 tokens"), "{error}");
    }

    #[test]
    fn whoever_stops_hears_nothing_more() {
        let mut reader = Reader::new(Script::saying(&[b"one", b"two", b"three"], &[]));
        let mut parts = 0;
        let mut tell = |_| {
            parts += 1;
            parts < 2
        };
        let whole = answer(&mut reader, &letters("hi"), &order(9), &|| false, &mut tell);
        assert_eq!((whole, parts), (Ok(false), 2));
        let stopped = answer(
            &mut reader,
            &letters("hi"),
            &order(9),
            &|| true,
            &mut |_| true,
        );
        assert_eq!(stopped, Ok(false));
    }
}
