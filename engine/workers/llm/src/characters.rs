//! Whole characters, out of bytes that come cut anywhere. One that never becomes whole is left out.

/// Keeps the beginning of a character until the rest has come.
#[derive(Clone, Default, Debug)]
pub struct Characters {
    pending: Vec<u8>,
}

impl Characters {
    /// The characters that are whole now. Bytes that are none become U+FFFD.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.pending.extend_from_slice(bytes);
        let mut text = String::new();
        loop {
            match str::from_utf8(&self.pending) {
                Ok(valid) => {
                    text.push_str(valid);
                    self.pending.clear();
                    return text;
                }
                Err(error) => {
                    let valid = self.pending.drain(..error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(valid.as_slice()));
                    drop(valid);
                    let Some(wrong) = error.error_len() else {
                        return text;
                    };
                    self.pending.drain(..wrong);
                    text.push(char::REPLACEMENT_CHARACTER);
                }
            }
        }
    }

    /// Whether `bytes` go on as characters do.
    pub fn take(&self, bytes: &[u8]) -> bool {
        if self.pending.is_empty() && bytes.is_ascii() {
            return true;
        }
        let all = [&self.pending, bytes].concat();
        match str::from_utf8(&all) {
            Ok(_) => true,
            Err(error) => error.error_len().is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cut_anywhere_comes_out_whole() {
        let text = "20 °C – „süß“ 🦀 日本";
        for length in 1..=5 {
            let mut characters = Characters::default();
            let mut found = String::new();
            for piece in text.as_bytes().chunks(length) {
                assert!(characters.take(piece), "{piece:?}");
                found += &characters.push(piece);
            }
            assert_eq!(found, text);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced_and_lose_nothing_else() {
        let mut characters = Characters::default();
        assert!(!characters.take(&[0xff]));
        assert_eq!(characters.push(b"a\xffb"), "a\u{fffd}b");
        assert_eq!(characters.push(b"\xc3"), "");
        assert!(!characters.take(b"\""), "a quote is not the end of an ü");
        assert_eq!(characters.push(b"\"x\xf0\x9f"), "\u{fffd}\"x");
    }
}
