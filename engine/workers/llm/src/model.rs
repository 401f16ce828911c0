//! What a language model is to this process: tokens in, the next token out.

/// A piece of text by its number in the model's vocabulary.
pub type Token = i32;

/// Whether to stop what is being done; asked often, from any thread.
pub type Stop<'a> = &'a (dyn Fn() -> bool + Sync);

/// Who speaks in a prompt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Speaker {
    /// Whoever has set the model up.
    System,
    /// The person, or a tool that tells what came of it.
    User,
    /// The model.
    Assistant,
}

/// What one of them says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Turn {
    /// Who.
    pub speaker: Speaker,
    /// What.
    pub text: String,
}

/// A model with one sequence of tokens that it has read. Errors are sentences for a person.
pub trait Model: Send {
    /// How the next token is chosen.
    type Sampler;

    /// Tokens it can keep in mind.
    fn context(&self) -> usize;
    /// What parts the turns of its prompts: nobody may say that.
    fn marks(&self) -> &[String];
    /// The text of a conversation up to where the model is to speak.
    fn prompt(&self, turns: &[Turn]) -> Result<String, String>;
    /// The tokens of a prompt.
    fn tokens(&self, prompt: &str) -> Vec<Token>;
    /// Forgets all but the first `count` tokens; returns how many it could keep, which may be fewer.
    fn keep(&mut self, count: usize) -> usize;
    /// Reads tokens after those it has read; `false` if it was stopped, and may have read some of them.
    fn feed(&mut self, tokens: &[Token], stop: Stop<'_>) -> Result<bool, String>;
    /// Chooses freely, from the likeliest only if `temperature` is 0.
    fn sampler(&self, temperature: f32, seed: u32) -> Self::Sampler;
    /// The grammar of all JSON that follows `schema`.
    fn grammar(&self, schema: &str) -> Result<String, String>;
    /// Has `sampler` choose, from now on, only what `grammar` allows.
    fn constrain(&self, sampler: &mut Self::Sampler, grammar: &str) -> Result<(), String>;
    /// The token that follows the last one that was read. It may be asked again, and choose anew.
    fn choose(&mut self, sampler: &mut Self::Sampler) -> Result<Token, String>;
    /// The bytes of a token: whole characters or parts of one. Those of a mark are none.
    fn piece(&self, token: Token) -> &[u8];
    /// Whether the model has said all.
    fn is_end(&self, token: Token) -> bool;
}
