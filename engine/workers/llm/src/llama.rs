//! A model through llama.cpp.

#![allow(unsafe_code)]

use crate::{
    characters::Characters,
    model::{Model, Speaker, Stop, Token, Turn},
    pace::Pace,
};
use llama_cpp_2::{
    DecodeError,
    context::{LlamaContext, params::LlamaContextParams},
    json_schema_to_grammar,
    llama_backend::LlamaBackend,
    llama_batch::LlamaBatch,
    model::{LlamaChatMessage, LlamaChatTemplate, LlamaModel, params::LlamaModelParams},
    sampling::LlamaSampler,
    token::{LlamaToken, data::LlamaTokenData, data_array::LlamaTokenDataArray},
};
use llama_cpp_sys_2 as sys;
use std::{
    ffi::{CStr, c_char, c_void},
    num::NonZeroU32,
    path::Path,
    ptr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicPtr, Ordering},
    },
    thread,
};

/// What llama.cpp returns for a batch that was stopped.
const STOPPED: i32 = 2;
/// So many of the likeliest tokens are looked at before all are.
const LIKELIEST: usize = 256;
/// What most chat models are taught, and what others understand.
const CHATML: &str = "chatml";
const CHATML_MARKS: [&str; 2] = ["<|im_start|>", "<|im_end|>"];

/// A model and its only context.
pub struct Llama {
    model: &'static LlamaModel,
    context: LlamaContext<'static>,
    /// Tokens in the context.
    size: usize,
    template: LlamaChatTemplate,
    marks: Vec<String>,
    /// The bytes of all tokens, one after the other, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Tokens that it has read.
    read: usize,
    /// What llama.cpp's question leads to: a [`Stop`], while one is asked.
    stop: &'static AtomicPtr<c_void>,
}

/// How the next token is chosen.
pub struct Sampler {
    chain: LlamaSampler,
    /// Within a call.
    grammar: Option<LlamaSampler>,
    /// Of the characters within a call.
    characters: Characters,
}

/// What was loaded.
pub struct About {
    /// As it calls itself, or its file's name.
    pub name: String,
    /// How many it has.
    pub parameters: u64,
    /// Tokens it can keep in mind.
    pub context: usize,
}

impl Llama {
    /// Loads a model that `gguf::check` has let pass. It stays until the process ends, as does all that
    /// it needs.
    ///
    /// # Errors
    /// What is wrong with the file, with this machine or with the numbers.
    pub fn load(path: &Path, threads: u32, context: u32) -> Result<(Self, About), String> {
        can_run()?;
        keep_errors();
        let backend = LlamaBackend::init().map_err(|error| error.to_string())?;
        // Graphics cards are reached by descriptors that this process has given up.
        let params = LlamaModelParams::default().with_n_gpu_layers(0);
        let model = LlamaModel::load_from_file(&backend, path, &params)
            .map_err(|error| reason("llama.cpp cannot load the file", &error))?;
        let model: &'static LlamaModel = Box::leak(Box::new(model));
        // More than it was taught, and it talks nonsense.
        let context = context.min(model.n_ctx_train()).max(1);
        let stop: &'static AtomicPtr<c_void> = Box::leak(Box::default());
        // Threads beyond the processors there are wait for each other.
        let most = thread::available_parallelism().map_or(1, usize::from);
        let threads = i32::try_from(most.min(threads as usize)).unwrap_or(1);
        let mut params = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(context))
            .with_n_batch(Pace::MOST as u32)
            .with_n_ubatch(Pace::MOST as u32)
            .with_n_threads(threads)
            .with_n_threads_batch(threads)
            .with_n_seq_max(1)
            // On processors it reads a prompt up to a sixth faster, which is read ahead, and takes up to 7 ms more for each
            // token of an answer, which somebody waits for (a context of 1 000 tokens).
            .with_flash_attention_policy(sys::LLAMA_FLASH_ATTN_TYPE_DISABLED)
            .with_offload_kqv(false)
            .with_op_offload(false);
        ask_before_each_step(&mut params, stop);
        let size = context as usize;
        let context = model
            .new_context(&backend, params)
            .map_err(|error| reason("there is no room for its context", &error))?;
        let (template, mut marks) = template(model);
        let vocabulary = model.vocab();
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for token in vocabulary.tokens() {
            if !vocabulary.is_control(token) && !vocabulary.is_eog(token) {
                bytes.extend(vocabulary.token_to_piece(token, false, None));
            } else if let Some(Ok(mark)) = vocabulary.text(token).map(CStr::to_str) {
                marks.push(mark.to_owned());
            }
            ends.push(bytes.len());
        }
        marks.retain(|mark| mark.len() > 1);
        if ends.is_empty() {
            return Err("the model has no vocabulary: it is no language model".into());
        }
        let mut llama = Llama {
            model,
            size: size.min(context.n_ctx() as usize),
            context,
            template,
            marks,
            bytes,
            ends,
            read: 0,
            stop,
        };
        // The first batch reads the weights from the disk: better now than while somebody waits.
        let first = vocabulary.bos().0.max(0);
        llama.feed(&[first], &|| false)?;
        llama.keep(0);
        let file = path.file_stem().unwrap_or_default().to_string_lossy();
        let about = About {
            name: model.meta_val_str("general.name").unwrap_or(file.into()),
            parameters: model.n_params(),
            context: llama.size,
        };
        Ok((llama, about))
    }

    /// Takes out all candidates that no JSON text goes on with here.
    fn forbid(&self, sampler: &mut Sampler, candidates: &mut LlamaTokenDataArray) {
        let Some(grammar) = &mut sampler.grammar else {
            return;
        };
        candidates.apply_sampler(grammar);
        for candidate in &mut candidates.data {
            // The grammar knows marks by their text, and does not look within characters.
            let piece = self.piece(candidate.id().0);
            if !self.is_end(candidate.id().0)
                && (piece.is_empty() || !sampler.characters.take(piece))
            {
                candidate.set_logit(f32::NEG_INFINITY);
            }
        }
        candidates.data.retain(|it| it.logit() > f32::NEG_INFINITY);
    }
}

impl Model for Llama {
    type Sampler = Sampler;

    fn context(&self) -> usize {
        self.size
    }

    fn marks(&self) -> &[String] {
        &self.marks
    }

    fn prompt(&self, turns: &[Turn]) -> Result<String, String> {
        let messages: Result<Vec<_>, _> = turns
            .iter()
            .map(|Turn { speaker, text }| {
                let role = match speaker {
                    Speaker::System => "system",
                    Speaker::User => "user",
                    Speaker::Assistant => "assistant",
                };
                LlamaChatMessage::new(role.into(), text.clone())
            })
            .collect();
        let messages = messages.map_err(|error| error.to_string())?;
        let prompt = self
            .model
            .apply_chat_template(&self.template, &messages, true);
        prompt.map_err(|error| format!("the model's chat template does not work: {error}"))
    }

    fn tokens(&self, prompt: &str) -> Vec<Token> {
        let tokens = self.model.vocab().tokenize(prompt.as_bytes(), true, true);
        tokens.into_iter().map(|LlamaToken(token)| token).collect()
    }

    fn keep(&mut self, count: usize) -> usize {
        let count = count.min(self.read);
        let from = u32::try_from(count).ok();
        // What a stopped batch has left goes as well.
        self.read = match self.context.clear_kv_cache_seq(Some(0), from, None) {
            Ok(true) => count,
            // Some kinds of models cannot forget a part.
            _ => {
                self.context.clear_kv_cache();
                0
            }
        };
        self.read
    }

    fn feed(&mut self, tokens: &[Token], stop: Stop<'_>) -> Result<bool, String> {
        if tokens.is_empty() || self.read + tokens.len() > self.context.n_ctx() as usize {
            return Err("the model was given more to read than it can keep in mind".into());
        }
        let mut batch = LlamaBatch::new(tokens.len(), 1);
        for (at, token) in tokens.iter().enumerate() {
            let is_last = at + 1 == tokens.len();
            batch
                .add(LlamaToken(*token), (self.read + at) as i32, &[0], is_last)
                .map_err(|error| error.to_string())?;
        }
        self.stop
            .store((&raw const stop).cast_mut().cast(), Ordering::Release);
        let outcome = self.context.decode(&mut batch);
        self.stop.store(ptr::null_mut(), Ordering::Release);
        match outcome {
            Ok(()) => {
                self.read += tokens.len();
                Ok(true)
            }
            Err(DecodeError::Unknown(STOPPED)) => Ok(false),
            Err(error) => Err(reason("llama.cpp failed", &error)),
        }
    }

    fn sampler(&self, temperature: f32, seed: u32) -> Sampler {
        let chain = if temperature > 0.0 {
            LlamaSampler::chain_simple([
                LlamaSampler::top_k(40),
                LlamaSampler::top_p(0.95, 1),
                LlamaSampler::min_p(0.05, 1),
                LlamaSampler::temp(temperature),
                LlamaSampler::dist(seed),
            ])
        } else {
            LlamaSampler::greedy()
        };
        Sampler {
            chain,
            grammar: None,
            characters: Characters::default(),
        }
    }

    fn grammar(&self, schema: &str) -> Result<String, String> {
        grammar(schema)
    }

    fn constrain(&self, sampler: &mut Sampler, grammar: &str) -> Result<(), String> {
        let grammar = LlamaSampler::grammar(self.model, grammar, "root");
        let grammar = grammar.map_err(|error| reason("no grammar for the tools", &error))?;
        sampler.grammar = Some(grammar);
        sampler.characters = Characters::default();
        Ok(())
    }

    fn choose(&mut self, sampler: &mut Sampler) -> Result<Token, String> {
        let all = || self.context.token_data_array_ith(-1);
        let chosen = |candidates: LlamaTokenDataArray, chain: &mut LlamaSampler| {
            let chosen = candidates.with_sampler(chain).selected_token();
            chosen.ok_or_else(|| "the model's numbers are no likelihoods".to_owned())
        };
        let mut token = chosen(all(), &mut sampler.chain)?;
        if sampler.grammar.is_some() {
            let only = LlamaTokenData::new(token, 0.0, 0.0);
            let mut only = LlamaTokenDataArray::new(vec![only], false);
            self.forbid(sampler, &mut only);
            if only.data.is_empty() {
                // The likeliest first: with tens of thousands, a grammar takes longer than the model.
                let likelier =
                    |a: &LlamaTokenData, b: &LlamaTokenData| b.logit().total_cmp(&a.logit());
                let mut tries = [LIKELIEST, usize::MAX].into_iter().map(|most| {
                    let mut allowed = all();
                    if most < allowed.data.len() {
                        allowed.data.select_nth_unstable_by(most, likelier);
                        allowed.data.truncate(most);
                    }
                    self.forbid(sampler, &mut allowed);
                    allowed
                });
                let allowed = tries
                    .find(|allowed| !allowed.data.is_empty())
                    .ok_or("the model has no word for what the tools take")?;
                token = chosen(allowed, &mut sampler.chain)?;
            }
        }
        if let Some(grammar) = &mut sampler.grammar {
            grammar
                .try_accept(token)
                .map_err(|error| reason("the grammar of the tools failed", &error))?;
            sampler.characters.push(self.piece(token.0));
        }
        Ok(token.0)
    }

    fn piece(&self, token: Token) -> &[u8] {
        let end = |token: i32| usize::try_from(token).ok().and_then(|it| self.ends.get(it));
        let from = end(token - 1).copied().unwrap_or(0);
        end(token).map_or(&[], |to| &self.bytes[from..*to])
    }

    fn is_end(&self, token: Token) -> bool {
        self.model.vocab().is_eog(LlamaToken(token))
    }
}

/// llama.cpp is built for processors of the last ten years, and would end this process on older ones.
fn can_run() -> Result<(), String> {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: it takes nothing and returns a constant of the build.
        let is_needed = unsafe { sys::ggml_cpu_has_avx2() } != 0;
        if is_needed && !(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")) {
            return Err("this machine's processor lacks AVX2, which language models need".into());
        }
    }
    Ok(())
}

/// The template of a model's prompts, and the marks it puts into them that are not tokens.
fn template(model: &LlamaModel) -> (LlamaChatTemplate, Vec<String>) {
    let hello = LlamaChatMessage::new("user".into(), "hello".into());
    let works = |template: &LlamaChatTemplate| {
        let hello = hello.iter().cloned().collect::<Vec<_>>();
        let prompt = model.apply_chat_template(template, &hello, true);
        prompt.is_ok_and(|prompt| prompt.contains("hello"))
    };
    match model.chat_template(None) {
        Ok(template) if works(&template) => (template, Vec::new()),
        _ => {
            let marks = CHATML_MARKS.map(str::to_owned).into();
            let chatml = LlamaChatTemplate::new(CHATML);
            // It holds no NUL, which is all that could be wrong.
            (chatml.unwrap_or_else(|_| unreachable!()), marks)
        }
    }
}

/// llama.cpp's grammar of a schema, without what a reader of JSON stumbles over and without endless
/// space.
fn grammar(schema: &str) -> Result<String, String> {
    let grammar = json_schema_to_grammar(schema)
        .map_err(|error| reason("what the tools take cannot be made a grammar", &error))?;
    let lines = grammar.lines().map(|line| match line.split_once(" ::= ") {
        Some(("space", _)) => "space ::= \" \"?".to_owned(),
        // No 1e999, and no half of a character in UTF-16.
        Some(("number", rule)) => format!(
            "number ::= {}",
            rule.replace(" ([eE] [-+]? integral-part)?", "")
        ),
        Some(("char", rule)) => format!("char ::= {}", rule.replace(" | \"u\" [0-9a-fA-F]{4}", "")),
        _ => line.to_owned(),
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// Has llama.cpp ask `stop` before each step of a computation: within one batch there are hundreds.
fn ask_before_each_step(params: &mut LlamaContextParams, stop: &'static AtomicPtr<c_void>) {
    const _: () =
        assert!(size_of::<LlamaContextParams>() == size_of::<sys::llama_context_params>());
    let params: *mut LlamaContextParams = params;
    // SAFETY: in this very version, which Cargo.toml names, the one is a struct whose only field is
    // the other. Both have the same size, as asserted, so the field lies at the beginning.
    let params = unsafe { &mut *params.cast::<sys::llama_context_params>() };
    params.abort_callback = Some(is_stopped);
    params.abort_callback_data = ptr::from_ref(stop).cast_mut().cast();
}

/// What llama.cpp asks.
extern "C" fn is_stopped(stop: *mut c_void) -> bool {
    // SAFETY: it is the pointer of `ask_before_each_step`, to something that is never dropped.
    let stop = unsafe { &*stop.cast::<AtomicPtr<c_void>>() };
    let stop = stop.load(Ordering::Acquire).cast::<Stop<'_>>();
    // SAFETY: it is null but during `Llama::feed`, which holds what it points to until llama.cpp has
    // returned, and with it all threads that ask.
    !stop.is_null() && unsafe { (*stop)() }
}

/// The first thing that went wrong since somebody asked.
static ERROR: Mutex<String> = Mutex::new(String::new());

/// From now on llama.cpp writes nothing, but keeps what went wrong.
fn keep_errors() {
    // SAFETY: the function takes what llama.cpp gives, and needs no data of its own.
    unsafe { sys::llama_log_set(Some(keep_error), ptr::null_mut()) };
}

extern "C" fn keep_error(level: sys::ggml_log_level, text: *const c_char, _: *mut c_void) {
    if level != sys::GGML_LOG_LEVEL_ERROR || text.is_null() {
        return;
    }
    // SAFETY: llama.cpp gives a text that ends with a NUL and stays while this runs.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    let mut error = ERROR.lock().unwrap_or_else(PoisonError::into_inner);
    if error.is_empty() {
        text.trim().clone_into(&mut error);
    }
}

/// What went wrong, in llama.cpp's words if it had any.
fn reason(what: &str, error: &dyn std::fmt::Display) -> String {
    let mut kept = ERROR.lock().unwrap_or_else(PoisonError::into_inner);
    match std::mem::take(&mut *kept) {
        kept if kept.is_empty() => format!("{what}: {error}"),
        kept => format!("{what}: {kept}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grammar_allows_only_what_can_be_read_and_ends() {
        let schema = r#"{"type":"object","properties":{
            "a":{"type":"string","maxLength":9},"b":{"type":"number"}},
            "required":["a","b"],"additionalProperties":false}"#;
        let grammar = grammar(schema).unwrap();
        for (rule, is_in) in [
            ("space ::= \" \"?", true),
            ("char{0,9}", true),
            (
                "number ::= (\"-\"? integral-part) (\".\" decimal-part)?",
                true,
            ),
            ("\"u\"", false),
            ("[eE]", false),
            ("\\n", false),
            ("*", false),
        ] {
            assert_eq!(grammar.contains(rule), is_in, "{rule} in {grammar}");
        }
    }
}
