//! Whisper models in whisper.cpp's format that nobody has trained: with weights by chance, to be timed; or
//! with weights by which the decoder says a given sentence, whatever it hears.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

/// Tokens of an English model.
const TOKENS: usize = 51_864;
/// Words in the file; the rest are signs of whisper's own.
const WORDS: usize = 50_257;
/// Ends a text.
const END: usize = 50_256;
/// Begins one without times.
const NO_TIMES: usize = 50_362;
/// Ends the opening of one with times.
const START: usize = 50_257;
/// First of the words that a sentence is made of.
const FIRST_WORD: usize = 300;
const AUDIO_CONTEXT: usize = 1500;
const TEXT_CONTEXT: usize = 448;
const BANDS: usize = 80;

/// A model to be made.
pub struct Model<'a> {
    /// Width of encoder and decoder; whisper's own: 384 tiny, 512 base, 768 small.
    pub width: usize,
    /// Heads; divides the width.
    pub heads: usize,
    /// Layers of each.
    pub layers: usize,
    /// What it says; by chance without.
    pub says: Option<&'a str>,
}

impl Model<'_> {
    /// Dimensions of ggml-base.en.bin.
    pub const BASE: Model<'static> = Model {
        width: 512,
        heads: 8,
        layers: 6,
        says: None,
    };
    /// Dimensions of ggml-tiny.en.bin.
    pub const TINY: Model<'static> = Model {
        width: 384,
        heads: 6,
        layers: 4,
        says: None,
    };

    /// One that is small and says this.
    pub fn saying(says: &str) -> Model<'_> {
        Model {
            width: 128,
            heads: 2,
            layers: 1,
            says: Some(says),
        }
    }

    /// Writes it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut out = Out {
            file: BufWriter::new(File::create(path)?),
            chance: 1,
        };
        let (width, heads, layers) = (self.width, self.heads, self.layers);
        out.numbers(&[
            0x6767_6d6c,
            TOKENS,
            AUDIO_CONTEXT,
            width,
            heads,
            layers,
            TEXT_CONTEXT,
            width,
            heads,
            layers,
            BANDS,
            1,
        ])?;
        out.filters()?;
        let sentence: Vec<&str> = self.says.unwrap_or_default().split_whitespace().collect();
        out.words(&sentence)?;
        self.encoder(&mut out)?;
        self.decoder(&mut out, sentence.len())?;
        out.file.flush()
    }

    fn encoder(&self, out: &mut Out) -> io::Result<()> {
        let width = self.width;
        out.vector("encoder.positional_embedding", &[AUDIO_CONTEXT, width], 0.1)?;
        out.matrix("encoder.conv1.weight", &[width, BANDS, 3], 0.05)?;
        out.vector("encoder.conv1.bias", &[width, 1], 0.0)?;
        out.matrix("encoder.conv2.weight", &[width, width, 3], 0.03)?;
        out.vector("encoder.conv2.bias", &[width, 1], 0.0)?;
        for layer in 0..self.layers {
            let name = |part: &str| format!("encoder.blocks.{layer}.{part}");
            out.norm(&name("attn_ln"), width, 1.0)?;
            self.attention(out, &name("attn"), 1.0)?;
            out.norm(&name("mlp_ln"), width, 1.0)?;
            let scale = 1.0 / (width as f32).sqrt();
            out.matrix(&name("mlp.0.weight"), &[4 * width, width], scale)?;
            out.vector(&name("mlp.0.bias"), &[4 * width], 0.0)?;
            out.matrix(&name("mlp.2.weight"), &[width, 4 * width], scale / 2.0)?;
            out.vector(&name("mlp.2.bias"), &[width], 0.0)?;
        }
        out.norm("encoder.ln_post", width, 1.0)
    }

    /// One that says a sentence is a table from each token to the next: attention is nothing, a row of the
    /// first matrix knows a token by its embedding, and a column of the second writes that of the next.
    fn decoder(&self, out: &mut Out, words: usize) -> io::Result<()> {
        let width = self.width;
        let says = self.says.is_some();
        let embeddings = out.random(
            TOKENS * width,
            if says {
                1.0 / (width as f32).sqrt()
            } else {
                0.05
            },
        );
        let place = if says { 0.0 } else { 0.1 };
        out.vector(
            "decoder.positional_embedding",
            &[TEXT_CONTEXT, width],
            place,
        )?;
        out.halves(
            "decoder.token_embedding.weight",
            &[TOKENS, width],
            &embeddings,
        )?;
        for layer in 0..self.layers {
            let name = |part: &str| format!("decoder.blocks.{layer}.{part}");
            let chance = if says { 0.0 } else { 1.0 };
            out.norm(&name("attn_ln"), width, 1.0)?;
            self.attention(out, &name("attn"), chance)?;
            out.norm(&name("cross_attn_ln"), width, 1.0)?;
            self.attention(out, &name("cross_attn"), chance)?;
            out.norm(&name("mlp_ln"), width, 1.0)?;
            let scale = chance / (width as f32).sqrt();
            let mut first = out.random(4 * width * width, scale);
            let mut second = out.random(4 * width * width, scale / 2.0);
            let mut bias = vec![0.0; 4 * width];
            if says && layer == 0 {
                let word = |at: usize| if at < words { FIRST_WORD + at } else { END };
                let starts = [(NO_TIMES, word(0)), (START, word(0))];
                let next = (0..words).map(|at| (word(at), word(at + 1)));
                for (row, (token, next)) in starts.into_iter().chain(next).enumerate() {
                    for at in 0..width {
                        first[row * width + at] = 2.0 * embeddings[token * width + at];
                        second[at * 4 * width + row] = 3.0 * embeddings[next * width + at];
                    }
                    // A normed embedding times itself is the root of the width; of others, half of that.
                    bias[row] = -1.5 * (width as f32).sqrt();
                }
            }
            out.halves(&name("mlp.0.weight"), &[4 * width, width], &first)?;
            out.floats(&name("mlp.0.bias"), &[4 * width], &bias)?;
            out.halves(&name("mlp.2.weight"), &[width, 4 * width], &second)?;
            out.vector(&name("mlp.2.bias"), &[width], 0.0)?;
        }
        out.norm("decoder.ln", width, if says { 4.0 } else { 1.0 })
    }

    fn attention(&self, out: &mut Out, name: &str, chance: f32) -> io::Result<()> {
        let width = self.width;
        let scale = chance / (width as f32).sqrt();
        for part in ["query", "key", "value", "out"] {
            out.matrix(&format!("{name}.{part}.weight"), &[width, width], scale)?;
            if part != "key" {
                out.vector(&format!("{name}.{part}.bias"), &[width], 0.0)?;
            }
        }
        Ok(())
    }
}

struct Out {
    file: BufWriter<File>,
    chance: u64,
}

impl Out {
    fn numbers(&mut self, numbers: &[usize]) -> io::Result<()> {
        for number in numbers {
            self.file.write_all(&(*number as u32).to_le_bytes())?;
        }
        Ok(())
    }

    /// Bands of the spectrogram: triangles on the mel scale.
    fn filters(&mut self) -> io::Result<()> {
        let frequencies = 201;
        let mel = |hertz: f32| 2595.0 * (1.0 + hertz / 700.0).log10();
        let hertz = |mel: f32| 700.0 * (10_f32.powf(mel / 2595.0) - 1.0);
        let edge = |at: usize| hertz(mel(8000.0) * at as f32 / (BANDS + 1) as f32);
        self.numbers(&[BANDS, frequencies])?;
        for band in 0..BANDS {
            let (low, middle, high) = (edge(band), edge(band + 1), edge(band + 2));
            for at in 0..frequencies {
                let here = 8000.0 * at as f32 / (frequencies - 1) as f32;
                let rise = (here - low) / (middle - low);
                let fall = (high - here) / (high - middle);
                let value = rise.min(fall).max(0.0) * 2.0 / (high - low);
                self.file.write_all(&value.to_le_bytes())?;
            }
        }
        Ok(())
    }

    /// Bytes first, then the sentence, then anything.
    fn words(&mut self, sentence: &[&str]) -> io::Result<()> {
        self.numbers(&[WORDS])?;
        for at in 0..WORDS {
            let word = match at {
                0..256 => vec![at as u8],
                _ => match at.checked_sub(FIRST_WORD).and_then(|at| sentence.get(at)) {
                    Some(word) => format!(" {word}").into_bytes(),
                    None => format!(" w{at}").into_bytes(),
                },
            };
            self.numbers(&[word.len()])?;
            self.file.write_all(&word)?;
        }
        Ok(())
    }

    fn norm(&mut self, name: &str, width: usize, gain: f32) -> io::Result<()> {
        self.floats(&format!("{name}.weight"), &[width], &vec![gain; width])?;
        self.vector(&format!("{name}.bias"), &[width], 0.0)
    }

    /// A tensor of so much chance, in halves.
    fn matrix(&mut self, name: &str, shape: &[usize], scale: f32) -> io::Result<()> {
        let values = self.random(shape.iter().product(), scale);
        self.halves(name, shape, &values)
    }

    /// The same, in whole floats.
    fn vector(&mut self, name: &str, shape: &[usize], scale: f32) -> io::Result<()> {
        let values = self.random(shape.iter().product(), scale);
        self.floats(name, shape, &values)
    }

    fn head(&mut self, name: &str, shape: &[usize], kind: usize) -> io::Result<()> {
        self.numbers(&[shape.len(), name.len(), kind])?;
        let shape: Vec<usize> = shape.iter().rev().copied().collect();
        self.numbers(&shape)?;
        self.file.write_all(name.as_bytes())
    }

    fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> io::Result<()> {
        self.head(name, shape, 0)?;
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.file.write_all(&bytes)
    }

    fn halves(&mut self, name: &str, shape: &[usize], values: &[f32]) -> io::Result<()> {
        self.head(name, shape, 1)?;
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| half(*value).to_le_bytes())
            .collect();
        self.file.write_all(&bytes)
    }

    /// Uniform, of this standard deviation: xorshift, so that the same model is made everywhere.
    fn random(&mut self, count: usize, deviation: f32) -> Vec<f32> {
        if deviation == 0.0 {
            return vec![0.0; count];
        }
        let scale = deviation * 12_f32.sqrt() / 2_f32.powi(24);
        let mut next = || {
            self.chance ^= self.chance << 13;
            self.chance ^= self.chance >> 7;
            self.chance ^= self.chance << 17;
            ((self.chance >> 40) as f32 - 2_f32.powi(23)) * scale
        };
        next();
        (0..count).map(|_| next()).collect()
    }
}

/// IEEE 754 binary16, towards zero; what is smaller than its normal numbers is nothing.
fn half(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = (bits >> 16) as u16 & 0x8000;
    let exponent = (bits >> 23 & 0xff) as i32 - 127 + 15;
    match exponent {
        1..31 => sign | (exponent as u16) << 10 | (bits >> 13 & 0x3ff) as u16,
        _ => sign,
    }
}
