//! A model that says what a test has written, and keeps account of what it was given to read.

use crate::model::{Model, Speaker, Stop, Token, Turn};

/// Its tokens are the bytes of a text; those from [`END`] on are what it says.
pub struct Script {
    /// What it has in mind.
    pub cache: Vec<Token>,
    /// What it was given to read, batch by batch.
    pub fed: Vec<String>,
    /// Whether reading fails.
    pub fails: bool,
    /// Whether it can only forget all it has read.
    pub forgets_all: bool,
    /// How much it can keep in mind.
    pub context: usize,
    /// What parts the turns of its prompts.
    pub marks: [String; 3],
    /// What its tokens stand for.
    pub pieces: Vec<Vec<u8>>,
    /// How many of them it says freely; the rest under a grammar.
    pub free: usize,
}

const END: Token = 256;

/// How far it has come with what it says, and whether under a grammar.
pub struct Saying {
    is_bound: bool,
    said: usize,
}

/// The tokens of a text.
pub fn letters(text: &str) -> Vec<Token> {
    text.bytes().map(Token::from).collect()
}

impl Default for Script {
    fn default() -> Self {
        Script::saying(&[], &[])
    }
}

impl Script {
    /// One that says `free`, or `bound` under a grammar, a piece at a time.
    pub fn saying(free: &[&[u8]], bound: &[&[u8]]) -> Self {
        let letters = (0..=u8::MAX).map(|byte| vec![byte]);
        let said = free.iter().chain(bound).map(|piece| piece.to_vec());
        Script {
            cache: Vec::new(),
            fed: Vec::new(),
            fails: false,
            forgets_all: false,
            context: 1000,
            marks: ["<s>", "<u>", "<a>"].map(str::to_owned),
            pieces: letters.chain([Vec::new()]).chain(said).collect(),
            free: free.len(),
        }
    }
}

impl Model for Script {
    type Sampler = Saying;

    fn context(&self) -> usize {
        self.context
    }

    fn marks(&self) -> &[String] {
        &self.marks
    }

    fn prompt(&self, turns: &[Turn]) -> Result<String, String> {
        let turns = turns.iter().map(|Turn { speaker, text }| match speaker {
            Speaker::System => format!("<s>{text}"),
            Speaker::User => format!("<u>{text}"),
            Speaker::Assistant => format!("<a>{text}"),
        });
        Ok(turns.chain(["<a>".to_owned()]).collect())
    }

    fn tokens(&self, prompt: &str) -> Vec<Token> {
        letters(prompt)
    }

    fn keep(&mut self, count: usize) -> usize {
        if self.forgets_all && count < self.cache.len() {
            self.cache.clear();
        }
        self.cache.truncate(count);
        self.cache.len()
    }

    fn feed(&mut self, tokens: &[Token], stop: Stop<'_>) -> Result<bool, String> {
        self.cache.extend(tokens);
        if self.fails {
            return Err("it is broken".into());
        }
        if stop() {
            return Ok(false);
        }
        let bytes = tokens.iter().flat_map(|token| self.piece(*token).to_vec());
        let text = String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned();
        self.fed.push(text);
        Ok(true)
    }

    fn sampler(&self, _: f32, _: u32) -> Saying {
        Saying {
            is_bound: false,
            said: 0,
        }
    }

    fn grammar(&self, schema: &str) -> Result<String, String> {
        Ok(schema.to_owned())
    }

    fn constrain(&self, saying: &mut Saying, _: &str) -> Result<(), String> {
        *saying = Saying {
            is_bound: true,
            said: 0,
        };
        Ok(())
    }

    fn choose(&mut self, saying: &mut Saying) -> Result<Token, String> {
        let first = END as usize + 1;
        let (from, to) = match saying.is_bound {
            true => (first + self.free, self.pieces.len()),
            false => (first, first + self.free),
        };
        let chosen = from + saying.said;
        saying.said += 1;
        Ok(if chosen < to { chosen as Token } else { END })
    }

    fn piece(&self, token: Token) -> &[u8] {
        &self.pieces[token as usize]
    }

    fn is_end(&self, token: Token) -> bool {
        token == END
    }
}
