//! Files of language models: GGUF. The process that runs one looks at all of its head; here, whether it is
//! one, and what it takes.
//!
//! <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>

use super::ModelFileError;

/// What the context and the graph of a model take besides its weights: more than those of 4 B parameters do
/// at 4096 tokens.
const BESIDES: u64 = 1 << 30;

/// A language model's file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GgufFile {
    /// Of the format: 2 or 3.
    pub version: u32,
}

impl GgufFile {
    /// Bytes of the beginning that [`read`](Self::read) looks at.
    pub const HEAD: usize = 24;

    /// Reads the beginning of a file that has so many bytes in all.
    ///
    /// # Errors
    /// It is another file, of a version that nobody reads, or the rest of it is missing.
    pub fn read(head: &[u8], length: u64) -> Result<GgufFile, ModelFileError> {
        if !head.starts_with(b"GGUF") {
            return Err(ModelFileError::Other("GGUF"));
        }
        let cut_off = ModelFileError::CutOff {
            here: length,
            needed: Self::HEAD as u64 + 1,
        };
        let version = head.get(4..8).and_then(|bytes| bytes.try_into().ok());
        let version = version.map(u32::from_le_bytes).ok_or(cut_off.clone())?;
        if !(2..=3).contains(&version) {
            return Err(ModelFileError::Unknown {
                kind: "GGUF",
                what: "version",
                found: version.into(),
                known: "2 or 3",
            });
        }
        match length > Self::HEAD as u64 {
            true => Ok(GgufFile { version }),
            false => Err(cut_off),
        }
    }

    /// Memory that one of so many bytes takes, bytes: its weights as they are, and what is computed.
    pub fn memory(length: u64) -> u64 {
        length.saturating_add(BESIDES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_gguf_file_is_named() {
        let file = |magic: &[u8], version: u32| [magic, &version.to_le_bytes(), &[0; 16]].concat();
        assert_eq!(
            GgufFile::read(&file(b"GGUF", 3), 1000),
            Ok(GgufFile { version: 3 })
        );
        let said = |head: &[u8], length| GgufFile::read(head, length).unwrap_err().to_string();
        assert_eq!(said(&file(b"lmgg", 3), 1000), "it is not a GGUF file");
        let other = "it is a GGUF file, but its version is 1, and only 2 or 3 can be used";
        assert_eq!(said(&file(b"GGUF", 1), 1000), other);
        assert!(said(b"GGUF", 4).starts_with("it is cut off"));
        assert!(said(&file(b"GGUF", 3), 24).starts_with("it is cut off"));
    }
}
