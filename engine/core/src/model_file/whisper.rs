//! Files of whisper.cpp: `ggml-*.bin`, as its `models/convert-pt-to-ggml.py` writes them.

use super::ModelFileError;

/// First four bytes: "ggml", little-endian.
const MAGIC: u32 = 0x6767_6d6c;
/// Fields after it, 32 bits each.
const FIELDS: usize = 11;
/// Words that whisper knows, in English only; with other languages there are more.
const ENGLISH_WORDS: i64 = 51_864;
/// Windows of 20 ms that the encoder sees: 30 s.
const AUDIO_CONTEXT: i64 = 1500;

/// What a whisper model is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WhisperFile {
    /// Tokens it knows.
    pub vocabulary: u32,
    /// Width of the encoder.
    pub audio_width: u32,
    /// Layers of the encoder: 4 tiny, 6 base, 12 small, 24 medium, 32 large.
    pub audio_layers: u32,
    /// Layers of the decoder; fewer than the encoder's in models that were distilled.
    pub text_layers: u32,
    /// Bands of the spectrogram: 80, or 128 from large-v3 on.
    pub mel_bands: u32,
    /// How weights are written: ggml's `ftype` without its version.
    pub weights: Weights,
}

/// How weights are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "ggml's own names")]
pub enum Weights {
    F32,
    F16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2K,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
}

impl Weights {
    /// ggml's `ggml_ftype`; a thousand more for each version of the quantisation.
    fn of(number: i64) -> Option<Weights> {
        Some(match number % 1000 {
            0 => Weights::F32,
            1 => Weights::F16,
            2 => Weights::Q4_0,
            3 => Weights::Q4_1,
            7 => Weights::Q8_0,
            8 => Weights::Q5_0,
            9 => Weights::Q5_1,
            10 => Weights::Q2K,
            11 => Weights::Q3K,
            12 => Weights::Q4K,
            13 => Weights::Q5K,
            14 => Weights::Q6K,
            _ => return None,
        })
    }

    /// Bits of a weight with its share of the scales, times sixteen.
    fn sixteenths_of_bits(self) -> u64 {
        match self {
            Weights::F32 => 512,
            Weights::F16 => 256,
            Weights::Q4_0 | Weights::Q4K => 72,
            Weights::Q4_1 => 80,
            Weights::Q5_0 | Weights::Q5K => 88,
            Weights::Q5_1 => 96,
            Weights::Q8_0 => 136,
            Weights::Q2K => 42,
            Weights::Q3K => 55,
            Weights::Q6K => 105,
        }
    }
}

impl WhisperFile {
    /// Bytes of the beginning that [`read`](Self::read) looks at.
    pub const HEAD: usize = 4 * (1 + FIELDS);

    /// Reads the beginning of a file that has so many bytes in all.
    ///
    /// # Errors
    /// It is no whisper model, none that can be used, or the rest of it is missing.
    pub fn read(head: &[u8], length: u64) -> Result<WhisperFile, ModelFileError> {
        let number = |at: usize| {
            let bytes = head.get(4 * at..4 * at + 4)?;
            Some(i32::from_le_bytes(bytes.try_into().ok()?))
        };
        if number(0).map(i32::cast_unsigned) != Some(MAGIC) {
            return Err(ModelFileError::Other("whisper"));
        }
        let field = |index: usize| {
            number(1 + index)
                .map(i64::from)
                .ok_or(ModelFileError::CutOff {
                    here: length,
                    needed: Self::HEAD as u64,
                })
        };
        let unknown = |what, found, known| ModelFileError::Unknown {
            kind: "whisper",
            what,
            found,
            known,
        };
        let within = |index: usize, what, range: std::ops::RangeInclusive<i64>, known| {
            let found = field(index)?;
            match u32::try_from(found) {
                Ok(value) if range.contains(&found) => Ok(value),
                _ => Err(unknown(what, found, known)),
            }
        };
        let vocabulary = within(0, "vocabulary", ENGLISH_WORDS..=51_866, "51864 to 51866")?;
        let audio_context = field(1)?;
        if audio_context != AUDIO_CONTEXT {
            return Err(unknown("audio context", audio_context, "1500"));
        }
        let audio_width = within(2, "width", 64..=2048, "64 to 2048")?;
        let heads = within(3, "number of heads", 1..=64, "1 to 64")?;
        if !audio_width.is_multiple_of(heads) {
            return Err(unknown(
                "number of heads",
                heads.into(),
                "a divisor of its width",
            ));
        }
        let audio_layers = within(4, "number of layers", 1..=64, "1 to 64")?;
        within(5, "text context", 64..=448, "64 to 448")?;
        let text_width = within(6, "text width", 64..=2048, "64 to 2048")?;
        let text_heads = within(7, "number of text heads", 1..=64, "1 to 64")?;
        if text_width != audio_width || !text_width.is_multiple_of(text_heads) {
            return Err(unknown(
                "text width",
                text_width.into(),
                "the width of its audio",
            ));
        }
        let text_layers = within(8, "number of text layers", 1..=64, "1 to 64")?;
        let mel_bands = field(9)?;
        let mel_bands = match mel_bands {
            80 | 128 => mel_bands as u32,
            other => return Err(unknown("number of bands", other, "80 and 128")),
        };
        let kind = field(10)?;
        let weights = Weights::of(kind).filter(|_| kind >= 0);
        let weights = weights.ok_or_else(|| unknown("kind of weights", kind, "ggml's"))?;
        let file = WhisperFile {
            vocabulary,
            audio_width,
            audio_layers,
            text_layers,
            mel_bands,
            weights,
        };
        let needed = file.least_bytes();
        if length < needed {
            return Err(ModelFileError::CutOff {
                here: length,
                needed,
            });
        }
        Ok(file)
    }

    /// Does it know other languages than English?
    pub fn is_multilingual(self) -> bool {
        i64::from(self.vocabulary) > ENGLISH_WORDS
    }

    /// The name of its size, as whisper.cpp calls it.
    pub fn size(self) -> &'static str {
        match self.audio_layers {
            4 => "tiny",
            6 => "base",
            12 => "small",
            24 => "medium",
            32 if self.text_layers == 4 => "large turbo",
            32 => "large",
            _ => "of its own size",
        }
    }

    /// Memory that a file of so many bytes takes to run, roughly: its weights, and what encoder and
    /// decoder work in (README of whisper.cpp: 273 MB for tiny's file of 78, 388 for base's 148, 852 for
    /// small's 488, 2.1 GB for medium's 1.5, 3.9 for large's 3.1).
    pub fn memory(length: u64) -> u64 {
        length.saturating_add(length / 4 + (200 << 20))
    }

    /// The matrices of encoder and decoder; whatever else there is comes on top.
    fn least_bytes(self) -> u64 {
        let width = u64::from(self.audio_width);
        let encoder = 12 * width * width * u64::from(self.audio_layers);
        let decoder = 16 * width * width * u64::from(self.text_layers);
        let words = width * u64::from(self.vocabulary);
        (encoder + decoder + words) / 16 * self.weights.sixteenths_of_bits() / 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Head of a model, by its fields.
    fn head(fields: [i32; FIELDS]) -> Vec<u8> {
        let all = [MAGIC.cast_signed()].into_iter().chain(fields);
        all.flat_map(i32::to_le_bytes).collect()
    }

    const BASE_EN: [i32; FIELDS] = [51_864, 1500, 512, 8, 6, 448, 512, 8, 6, 80, 1];
    /// Bytes of ggml-base.en.bin, as its publisher lists them.
    const BASE_EN_BYTES: u64 = 147_964_211;

    #[test]
    fn published_models_are_what_they_are() {
        let base = WhisperFile::read(&head(BASE_EN), BASE_EN_BYTES).unwrap();
        assert_eq!((base.size(), base.is_multilingual()), ("base", false));
        let turbo = [51_866, 1500, 1280, 20, 32, 448, 1280, 20, 4, 128, 2008];
        let turbo = WhisperFile::read(&head(turbo), 574_041_195).unwrap();
        assert_eq!(
            (turbo.size(), turbo.is_multilingual()),
            ("large turbo", true)
        );
        assert_eq!(turbo.weights, Weights::Q5_0);
        let tiny = [51_865, 1500, 384, 6, 4, 448, 384, 6, 4, 80, 1];
        assert!(WhisperFile::read(&head(tiny), 77_691_713).is_ok());
        let medium = [51_865, 1500, 1024, 16, 24, 448, 1024, 16, 24, 80, 1];
        assert!(WhisperFile::read(&head(medium), 1_533_763_059).is_ok());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let said = |head: &[u8], length| WhisperFile::read(head, length).unwrap_err().to_string();
        assert_eq!(said(b"GGUF", 4), "it is not a whisper file");
        assert_eq!(said(b"", 0), "it is not a whisper file");
        assert!(said(&head(BASE_EN)[..20], 20).starts_with("it is cut off: 20 bytes"));
        let half = said(&head(BASE_EN), BASE_EN_BYTES / 2);
        assert!(half.starts_with("it is cut off"), "{half}");
        for (field, value, word) in [
            (0, 32_000, "vocabulary"),
            (1, 3000, "audio context"),
            (2, i32::MAX, "width"),
            (3, 7, "heads"),
            (4, -1, "layers"),
            (9, 81, "bands"),
            (10, 99, "weights"),
        ] {
            let mut fields = BASE_EN;
            fields[field] = value;
            let said = said(&head(fields), u64::MAX);
            assert!(said.contains(word), "{said}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(
            fields in prop::collection::vec(any::<i32>(), 0..14),
            length in any::<u64>(),
            cut in 0..64usize,
        ) {
            let mut bytes: Vec<u8> = [MAGIC.cast_signed()].into_iter().chain(fields).flat_map(i32::to_le_bytes).collect();
            bytes.truncate(cut);
            if let Ok(file) = WhisperFile::read(&bytes, length) {
                prop_assert!(file.least_bytes() <= length);
            }
        }
    }
}
