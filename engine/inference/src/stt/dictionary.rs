//! The dictionary's entries of some words. A decoder is given those that it needs: with all 134 000
//! it takes 21 MB more, and three times as long to open.

use loqa_core::seams::ModelError;
use std::{
    collections::{HashMap, HashSet},
    fs,
    path::Path,
};

/// One way to say a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The word, with a number for all but the first way: `read`, `read(2)`.
    pub name: String,
    /// Separated by single spaces.
    pub phones: String,
}

/// The entries of each word, in the file's order; words that are not in it are left out.
///
/// # Errors
/// [`ModelError::NotLoaded`] if the file cannot be read.
pub(super) fn look_up(
    file: &Path,
    words: &[&str],
) -> Result<HashMap<String, Vec<Entry>>, ModelError> {
    let all = fs::read(file).map_err(|error| ModelError::NotLoaded {
        what: format!("the dictionary {}", file.display()),
        help: format!("{error}: it must be readable"),
    })?;
    let words: HashSet<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    let mut found: HashMap<String, Vec<Entry>> = HashMap::new();
    for line in all.split(|byte| *byte == b'\n') {
        let end = |byte: &u8| *byte == b'(' || byte.is_ascii_whitespace();
        let word = line.split(end).next().unwrap_or_default();
        if !words.contains(word) {
            continue;
        }
        let line = String::from_utf8_lossy(line);
        let mut parts = line.split_whitespace();
        let entry = Entry {
            name: parts.next().unwrap_or_default().to_owned(),
            phones: parts.collect::<Vec<_>>().join(" "),
        };
        let word = String::from_utf8_lossy(word).into_owned();
        found.entry(word).or_default().push(entry);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_say_a_word_is_found_and_no_other_word() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("words.dict");
        fs::write(
            &file,
            "rea R EY\nread R EH D\nread(2)  R IY D\nreader R IY D ER\n",
        )
        .unwrap();
        let found = look_up(&file, &["read", "loqa"]).unwrap();
        assert_eq!(found.len(), 1);
        let said: Vec<_> = found["read"]
            .iter()
            .map(|entry| (entry.name.as_str(), entry.phones.as_str()))
            .collect();
        assert_eq!(said, [("read", "R EH D"), ("read(2)", "R IY D")]);
        assert!(look_up(&folder.path().join("none"), &["read"]).is_err());
    }
}
