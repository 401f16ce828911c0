//! A language model as llama.cpp reads it, small and of random numbers: it says nothing that means
//! anything, by the same ways as one that does.

use std::{collections::HashSet, fs, path::Path};

/// How large a model is.
pub struct Size {
    /// Of an embedding.
    pub width: usize,
    /// Of attention; divides the width.
    pub heads: usize,
    /// Those with keys of their own; divides the heads.
    pub key_heads: usize,
    /// Width within a layer.
    pub inner: usize,
    /// How many.
    pub layers: usize,
    /// Tokens it knows at least.
    pub tokens: usize,
    /// Whether its weights are of 8 bits.
    pub is_quantised: bool,
}

impl Size {
    const SMALL: Size = Size {
        width: 64,
        heads: 4,
        key_heads: 2,
        inner: 128,
        layers: 2,
        tokens: 0,
        is_quantised: false,
    };
}

/// What it was taught to keep in mind, tokens.
pub const TAUGHT: u32 = 16_384;
const ALIGNMENT: usize = 32;

const END: usize = 2;
const WORDS: &str = "turn on off the kitchen light living room timer for ten minutes what is it \
                     weather today tomorrow user assistant system tool";

/// What the file holds.
pub struct Model {
    entries: Vec<u8>,
    entry_count: u64,
    tensors: Vec<(String, Vec<usize>, Data)>,
}

/// The numbers of a tensor, as ggml has them.
enum Data {
    F32(Vec<f32>),
    Q8(Vec<u8>),
}

impl Data {
    fn kind(&self) -> u32 {
        match self {
            Data::F32(_) => 0,
            Data::Q8(_) => 8,
        }
    }
}

/// Writes a model to `path`. It never ends by itself; with `fond_of`, it says nothing else if it may.
#[allow(dead_code, reason = "one of the tests that share it wants it")]
pub fn write(path: &Path, fond_of: Option<&str>) {
    fs::write(path, Model::new(&Size::SMALL, fond_of, &[], "").bytes()).unwrap();
}

/// Writes one that answers everything with these pieces, one after the other, and ends. A space before a
/// piece is a part of it; all must differ. The words of `known` are a token each, other letters one.
#[allow(dead_code, reason = "one of the tests that share it wants it")]
pub fn write_saying(path: &Path, pieces: &[&str], known: &str) {
    fs::write(path, Model::new(&Size::SMALL, None, pieces, known).bytes()).unwrap();
}

/// Writes one of such a size: of random numbers, or one that answers everything with these pieces.
#[allow(dead_code, reason = "one of the tests that share it wants it")]
pub fn write_sized(path: &Path, size: &Size, pieces: &[&str], known: &str) {
    fs::write(path, Model::new(size, None, pieces, known).bytes()).unwrap();
}

impl Model {
    fn new(size: &Size, fond_of: Option<&str>, pieces: &[&str], known: &str) -> Self {
        let mut model = Model {
            entries: Vec::new(),
            entry_count: 0,
            tensors: Vec::new(),
        };
        let said: Vec<String> = pieces.iter().map(|it| it.replace(' ', "▁")).collect();
        let mut tokens = tokens(&said, known);
        for number in tokens.len()..size.tokens {
            tokens.push((format!("▁word{number}"), Kind::Normal));
        }
        let width = size.width;
        model.describe(size, &tokens);
        let mut random = Random(1);
        // The first number of whatever it has in mind is always the same: by it, tokens are likely or not.
        let mut embedding = random.numbers(tokens.len() * width, 1.0);
        embedding.chunks_mut(width).for_each(|row| row[0] = 1.0);
        let mut output = random.numbers(tokens.len() * width, 0.2);
        for ((token, kind), row) in tokens.iter().zip(output.chunks_mut(width)) {
            row[0] = match kind {
                _ if Some(token.as_str()) == fond_of => 40.0,
                Kind::Control | Kind::Unknown => -40.0,
                _ => 0.0,
            };
        }
        // What a token is followed by looks like it. An answer comes after the end of a line.
        let place = |text: &str| tokens.iter().position(|(known, _)| known == text);
        let chain = ["<0x0A>"]
            .into_iter()
            .chain(said.iter().map(String::as_str));
        let chain: Vec<usize> = chain.chain(["</s>"]).filter_map(place).collect();
        if !said.is_empty() {
            for two in chain.windows(2) {
                let before = embedding[two[0] * width..][..width].to_vec();
                output[two[1] * width..][..width].copy_from_slice(&before);
            }
        }
        model.tensor("token_embd.weight", &[width, tokens.len()], embedding);
        model.tensor("output.weight", &[width, tokens.len()], output);
        model.tensor("output_norm.weight", &[width], vec![1.0; width]);
        let keys = width / size.heads * size.key_heads;
        for layer in 0..size.layers {
            for (name, from, to) in [
                ("attn_q", width, width),
                ("attn_k", width, keys),
                ("attn_v", width, keys),
                ("attn_output", width, width),
                ("ffn_gate", width, size.inner),
                ("ffn_up", width, size.inner),
                ("ffn_down", size.inner, width),
            ] {
                if size.is_quantised {
                    let mut bytes = random.blocks(from * to, 1.0 / (from as f32).sqrt());
                    if !said.is_empty() && matches!(name, "attn_output" | "ffn_down") {
                        bytes.fill(0);
                    }
                    let name = format!("blk.{layer}.{name}.weight");
                    model.tensors.push((name, vec![from, to], Data::Q8(bytes)));
                    continue;
                }
                let mut numbers = random.numbers(from * to, 1.0 / (from as f32).sqrt());
                if matches!(name, "attn_output" | "ffn_down") {
                    // One that says a sentence has nothing in mind but the last word.
                    let silent = if said.is_empty() { from } else { from * to };
                    numbers[..silent].fill(0.0);
                }
                model.tensor(&format!("blk.{layer}.{name}.weight"), &[from, to], numbers);
            }
            for name in ["attn_norm", "ffn_norm"] {
                let ones = vec![1.0; width];
                model.tensor(&format!("blk.{layer}.{name}.weight"), &[width], ones);
            }
        }
        model
    }

    fn describe(&mut self, size: &Size, tokens: &[(String, Kind)]) {
        self.text("general.architecture", "llama");
        self.text("general.name", "random");
        for (name, number) in [
            ("context_length", TAUGHT),
            ("embedding_length", size.width as u32),
            ("block_count", size.layers as u32),
            ("feed_forward_length", size.inner as u32),
            ("attention.head_count", size.heads as u32),
            ("attention.head_count_kv", size.key_heads as u32),
            ("rope.dimension_count", (size.width / size.heads) as u32),
            ("vocab_size", tokens.len() as u32),
        ] {
            self.entry(&format!("llama.{name}"), 4, &number.to_le_bytes());
        }
        let epsilon = 1e-5_f32.to_le_bytes();
        self.entry("llama.attention.layer_norm_rms_epsilon", 6, &epsilon);
        self.text("tokenizer.ggml.model", "llama");
        let list = |kind: u32, items: Vec<u8>| {
            let count = (tokens.len() as u64).to_le_bytes();
            [&kind.to_le_bytes()[..], &count, &items].concat()
        };
        let texts = tokens.iter().flat_map(|(text, _)| text_bytes(text));
        let texts = list(8, texts.collect());
        self.entry("tokenizer.ggml.tokens", 9, &texts);
        // The longer a word, the sooner letters become it.
        let scores = tokens.iter().map(|(text, _)| text.len() as f32);
        let scores = list(6, scores.flat_map(f32::to_le_bytes).collect());
        self.entry("tokenizer.ggml.scores", 9, &scores);
        let kinds = tokens.iter().map(|(_, kind)| *kind as i32);
        let kinds = list(5, kinds.flat_map(i32::to_le_bytes).collect());
        self.entry("tokenizer.ggml.token_type", 9, &kinds);
        for (name, number) in [("unknown", 0_u32), ("bos", 1), ("eos", END as u32)] {
            let name = format!("tokenizer.ggml.{name}_token_id");
            self.entry(&name, 4, &number.to_le_bytes());
        }
    }

    fn text(&mut self, name: &str, text: &str) {
        self.entry(name, 8, &text_bytes(text));
    }

    fn entry(&mut self, name: &str, kind: u32, value: &[u8]) {
        self.entries.extend(text_bytes(name));
        self.entries.extend(kind.to_le_bytes());
        self.entries.extend(value);
        self.entry_count += 1;
    }

    fn tensor(&mut self, name: &str, shape: &[usize], numbers: Vec<f32>) {
        assert_eq!(shape.iter().product::<usize>(), numbers.len());
        let data = Data::F32(numbers);
        self.tensors.push((name.into(), shape.into(), data));
    }

    fn bytes(&self) -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend(3_u32.to_le_bytes());
        file.extend((self.tensors.len() as u64).to_le_bytes());
        file.extend(self.entry_count.to_le_bytes());
        file.extend(&self.entries);
        let mut data: Vec<u8> = Vec::new();
        for (name, shape, numbers) in &self.tensors {
            file.extend(text_bytes(name));
            file.extend((shape.len() as u32).to_le_bytes());
            for length in shape {
                file.extend((*length as u64).to_le_bytes());
            }
            file.extend(numbers.kind().to_le_bytes());
            file.extend((data.len() as u64).to_le_bytes());
            match numbers {
                Data::F32(numbers) => {
                    data.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
                }
                Data::Q8(bytes) => data.extend(bytes),
            }
            data.resize(data.len().next_multiple_of(ALIGNMENT), 0);
        }
        file.resize(file.len().next_multiple_of(ALIGNMENT), 0);
        file.extend(data);
        file
    }
}

/// What a token is, by its number in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Normal = 1,
    Unknown = 2,
    Control = 3,
    Byte = 6,
}

/// Every byte, every letter of ASCII, a few words and those `known`, and `more`; `▁` stands for a space.
fn tokens(more: &[String], known: &str) -> Vec<(String, Kind)> {
    let mut tokens = vec![
        ("<unk>".to_owned(), Kind::Unknown),
        ("<s>".to_owned(), Kind::Control),
        ("</s>".to_owned(), Kind::Control),
    ];
    tokens.extend((0..=u8::MAX).map(|byte| (format!("<0x{byte:02X}>"), Kind::Byte)));
    let letters = (b'!'..=b'~').map(|letter| char::from(letter).to_string());
    let known = known.split(|it: char| !it.is_ascii_alphabetic());
    let words = WORDS.split_whitespace().chain(known).flat_map(|word| {
        // Letters become a word by pairs, so each beginning is a token too.
        let spaced = format!("▁{word}");
        let ends: Vec<usize> = spaced.char_indices().map(|(at, _)| at).skip(2).collect();
        let beginnings = ends.into_iter().map({
            let spaced = spaced.clone();
            move |end| spaced[..end].to_owned()
        });
        beginnings.chain([spaced]).collect::<Vec<_>>()
    });
    let mut there: HashSet<String> = tokens.iter().map(|(text, _)| text.clone()).collect();
    let texts = ["▁".to_owned()].into_iter().chain(letters).chain(words);
    for text in texts.chain(more.iter().cloned()) {
        if there.insert(text.clone()) {
            tokens.push((text, Kind::Normal));
        }
    }
    tokens
}

fn text_bytes(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

/// Numbers that are the same each time: xorshift64*.
struct Random(u64);

impl Random {
    fn numbers(&mut self, count: usize, spread: f32) -> Vec<f32> {
        (0..count).map(|_| self.number() * spread).collect()
    }

    /// Numbers of 8 bits in blocks of 32, each with a scale of 16 bits (ggml's Q8_0).
    fn blocks(&mut self, count: usize, spread: f32) -> Vec<u8> {
        // Evenly distributed bytes spread by 74; a positive float of 16 bits of its usual range.
        let bits = (spread / 74.0).to_bits();
        let scale = ((((bits >> 23) - 112) << 10) | ((bits >> 13) & 0x3ff)) as u16;
        let mut bytes = Vec::with_capacity(count / 32 * 34);
        for _ in 0..count / 32 {
            bytes.extend(scale.to_le_bytes());
            for _ in 0..4 {
                self.uniform();
                bytes.extend(self.0.to_le_bytes());
            }
        }
        bytes
    }

    /// About normally distributed: a sum of twelve.
    fn number(&mut self) -> f32 {
        (0..12).map(|_| self.uniform()).sum::<f32>() - 6.0
    }

    fn uniform(&mut self) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40) as f32 / (1_u64 << 24) as f32
    }
}
