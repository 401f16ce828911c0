//! The head of a model's file, looked at before anything else trusts it: llama.cpp ends the process over
//! some files, and says little about others.
//!
//! <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>

use std::{
    fmt,
    fs::File,
    io::{self, BufReader, ErrorKind, Read},
    path::Path,
};

/// More are not in any model.
const MOST_ENTRIES: u64 = 1 << 16;
/// The longest name of an entry or a tensor.
const LONGEST_NAME: u64 = 1 << 10;
/// Types within one another, of a list of lists.
const DEEPEST: usize = 4;

/// Why a file is no model that can be run.
#[derive(Debug)]
pub enum NoModel {
    /// It cannot be read.
    Unreadable(io::Error),
    /// It ends too early.
    Truncated,
    /// It is something else.
    NotGguf,
    /// Another version of the format.
    Version(u32),
    /// It contradicts itself.
    Damaged(&'static str),
    /// A part of a model, or what belongs to one.
    NotWhole(String),
}

impl fmt::Display for NoModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoModel::Unreadable(error) => write!(f, "it cannot be read: {error}"),
            NoModel::Truncated => {
                f.write_str("the file is truncated: it ends before its own end; fetch it again")
            }
            NoModel::NotGguf => f.write_str(
                "it is no GGUF file: its magic number is another; give a model in the format GGUF",
            ),
            NoModel::Version(version) => write!(
                f,
                "its GGUF version is {version}, and 2 and 3 can be read: fetch a newer file"
            ),
            NoModel::Damaged(what) => write!(f, "the file is damaged: {what}; fetch it again"),
            NoModel::NotWhole(what) => {
                write!(f, "the file is {what} and not a whole language model")
            }
        }
    }
}

impl From<io::Error> for NoModel {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::UnexpectedEof => NoModel::Truncated,
            _ => NoModel::Unreadable(error),
        }
    }
}

/// Looks at the file at `path`.
///
/// # Errors
/// See [`NoModel`].
pub fn check(path: &Path) -> Result<(), NoModel> {
    let file = File::open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(NoModel::NotGguf);
    }
    read_head(&mut BufReader::new(file), about.len())
}

/// `size`: of the whole file.
fn read_head(file: &mut impl Read, size: u64) -> Result<(), NoModel> {
    let mut head = Head { file, left: size };
    match head.bytes()? {
        [b'G', b'G', b'U', b'F'] => {}
        _ => return Err(NoModel::NotGguf),
    }
    match u32::from_le_bytes(head.bytes()?) {
        2 | 3 => {}
        version => return Err(NoModel::Version(version)),
    }
    let (tensors, entries) = (head.u64()?, head.u64()?);
    if tensors > MOST_ENTRIES || entries > MOST_ENTRIES {
        return Err(NoModel::Damaged("it claims to have too many parts"));
    }
    for _ in 0..entries {
        head.entry()?;
    }
    if tensors == 0 {
        return Err(NoModel::NotWhole("a vocabulary".into()));
    }
    let mut furthest = 0;
    for _ in 0..tensors {
        furthest = furthest.max(head.tensor()?);
    }
    // The data of the tensors begins here or a little later; how long each is, llama.cpp looks at.
    if furthest >= head.left {
        return Err(NoModel::Truncated);
    }
    Ok(())
}

struct Head<'a, R> {
    file: &'a mut R,
    /// Bytes of the file that have not been read.
    left: u64,
}

impl<R: Read> Head<'_, R> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], NoModel> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes)?;
        self.left = self.left.saturating_sub(N as u64);
        Ok(bytes)
    }

    fn u32(&mut self) -> Result<u32, NoModel> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, NoModel> {
        self.bytes().map(u64::from_le_bytes)
    }

    /// Text that is looked at, with its length before it.
    fn name(&mut self) -> Result<String, NoModel> {
        let length = self.u64()?;
        if length > LONGEST_NAME {
            return Err(NoModel::Damaged("a name in it is too long"));
        }
        let mut name = Vec::new();
        (&mut *self.file).take(length).read_to_end(&mut name)?;
        if (name.len() as u64) < length {
            return Err(NoModel::Truncated);
        }
        self.left = self.left.saturating_sub(length);
        Ok(String::from_utf8_lossy(&name).into_owned())
    }

    fn skip(&mut self, count: u64) -> Result<(), NoModel> {
        if count > self.left {
            return Err(NoModel::Truncated);
        }
        let skipped = io::copy(&mut (&mut *self.file).take(count), &mut io::sink())?;
        self.left -= skipped;
        if skipped < count {
            return Err(NoModel::Truncated);
        }
        Ok(())
    }

    /// One entry of what the file says about itself.
    fn entry(&mut self) -> Result<(), NoModel> {
        let name = self.name()?;
        let kind = self.u32()?;
        match (name.as_str(), kind) {
            ("general.type", 8) => match self.name()?.as_str() {
                "model" => Ok(()),
                other => Err(NoModel::NotWhole(format!("of the type `{other}`"))),
            },
            ("split.count", 2 | 3) => match u16::from_le_bytes(self.bytes()?) {
                0 | 1 => Ok(()),
                parts => Err(NoModel::NotWhole(format!("one of {parts} parts"))),
            },
            _ => self.value(kind, 0),
        }
    }

    /// A value of a type by its number.
    fn value(&mut self, kind: u32, depth: usize) -> Result<(), NoModel> {
        match kind {
            0 | 1 | 7 => self.skip(1),
            2 | 3 => self.skip(2),
            4..=6 => self.skip(4),
            10..=12 => self.skip(8),
            8 => {
                let length = self.u64()?;
                self.skip(length)
            }
            9 if depth < DEEPEST => {
                let (kind, count) = (self.u32()?, self.u64()?);
                // Each value takes a byte at least.
                if count > self.left {
                    return Err(NoModel::Truncated);
                }
                (0..count).try_for_each(|_| self.value(kind, depth + 1))
            }
            _ => Err(NoModel::Damaged("a value in it is of no type")),
        }
    }

    /// Where the data of a tensor begins, after the head.
    fn tensor(&mut self) -> Result<u64, NoModel> {
        self.name()?;
        let dimensions = self.u32()?;
        if dimensions > 4 {
            return Err(NoModel::Damaged("a tensor in it has too many dimensions"));
        }
        self.skip(u64::from(dimensions) * 8)?;
        self.u32()?;
        self.u64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Vec<u8> {
        [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
    }

    fn model(kind: &str) -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend(3_u32.to_le_bytes());
        file.extend(1_u64.to_le_bytes());
        file.extend(2_u64.to_le_bytes());
        file.extend([name("general.type"), vec![8, 0, 0, 0], name(kind)].concat());
        // A list of two texts.
        file.extend([name("tokens"), vec![9, 0, 0, 0, 8, 0, 0, 0]].concat());
        file.extend(2_u64.to_le_bytes());
        file.extend([name("a"), name("b")].concat());
        // A tensor of one dimension.
        file.extend([name("weight"), vec![1, 0, 0, 0]].concat());
        file.extend([7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        file
    }

    fn look(file: &[u8]) -> Result<(), NoModel> {
        read_head(&mut &file[..], file.len() as u64)
    }

    #[test]
    fn a_model_passes_and_is_told_from_its_parts() {
        let mut whole = model("model");
        let head = whole.len();
        whole.push(0);
        assert!(look(&whole).is_ok());
        for end in 0..=head {
            let found = look(&whole[..end]);
            assert!(matches!(found, Err(NoModel::Truncated)), "{end}: {found:?}");
        }
        let adapter = look(&model("adapter")).unwrap_err().to_string();
        assert!(adapter.contains("`adapter`"), "{adapter}");
    }

    #[test]
    fn what_is_no_model_is_named() {
        let changed = |at: usize, byte: u8| {
            let mut file = model("model");
            file[at] = byte;
            look(&file).unwrap_err()
        };
        assert!(matches!(changed(0, b'g'), NoModel::NotGguf));
        assert!(matches!(changed(4, 9), NoModel::Version(9)));
        assert!(matches!(changed(15, 1), NoModel::Damaged(_)));
        assert!(matches!(changed(24 + 7, 1), NoModel::Damaged(_)));
    }
}
