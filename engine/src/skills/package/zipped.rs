//! A skill as one file: a zip archive of what is in its folder, and of nothing else.

use super::{FILES, LARGEST, Package, PackageError};
use std::io::{Cursor, Read, Write};
use zip::{
    CompressionMethod, DateTime, ZipArchive, ZipWriter,
    result::{ZipError, ZipResult},
    write::SimpleFileOptions,
};

/// What the name of such a file ends in.
pub const ENDING: &str = "loqaskill";
/// The largest such file, bytes. What is in it is no larger than one file of a folder may be.
pub const LARGEST_PACKED: usize = 16 << 20;
/// Files, and the folder that they may be in.
const MOST_ENTRIES: usize = FILES.len() + 1;

impl Package {
    /// Reads a packed skill, which `name` is said to be.
    ///
    /// # Errors
    /// [`PackageError`]: it holds anything but the files of a skill, each once and at its top or in one
    /// folder; it is damaged, too large, or says other things in one place than in another.
    pub fn unpack(name: String, packed: &[u8]) -> Result<Package, PackageError> {
        let refused = |reason: String| PackageError::NotAPackage {
            package: name.clone(),
            reason,
        };
        let files = files(packed).map_err(refused)?;
        let none = refused("there is no skill.yaml in it".into());
        Package::of(name.clone(), files)?.ok_or(none)
    }

    /// The same as one file. Of the same skill it is the same, byte for byte.
    ///
    /// # Errors
    /// It is too large.
    pub fn pack(&self) -> Result<Vec<u8>, PackageError> {
        let refused = |reason: String| PackageError::NotAPackage {
            package: self.name.clone(),
            reason,
        };
        let packed = self.archive().map_err(|error| refused(error.to_string()))?;
        // What nobody could install is told to who packs it.
        files(&packed).map_err(refused)?;
        Ok(packed)
    }

    fn archive(&self) -> ZipResult<Vec<u8>> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644);
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in &self.files {
            archive.start_file(*name, options)?;
            archive.write_all(bytes)?;
        }
        Ok(archive.finish()?.into_inner())
    }
}

type Files = Vec<(&'static str, Vec<u8>)>;

/// What is in it, or what is wrong with it.
fn files(packed: &[u8]) -> Result<Files, String> {
    if packed.len() > LARGEST_PACKED {
        return Err("it is larger than 16 MiB".into());
    }
    let mut archive = ZipArchive::new(Cursor::new(packed)).map_err(damaged)?;
    if archive.has_duplicate_names() {
        return Err("it holds two files of one name".into());
    }
    if archive.len() > MOST_ENTRIES {
        let holds = archive.len();
        return Err(format!("it holds {holds} files, and a skill has three"));
    }
    archive.validate_header_consistency().map_err(damaged)?;
    let mut files = Files::new();
    // Where the first of them is: so are the others.
    let mut folder = None;
    let mut room = LARGEST;
    for index in 0..archive.len() {
        let entry = archive.by_index_data(index).map_err(damaged)?;
        let path = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let (place, file) = match path.rsplit_once('/') {
            Some((place, file)) => (Some(place), file),
            None => (None, path.as_str()),
        };
        let first = folder.get_or_insert_with(|| place.map(str::to_owned));
        let in_place = first.as_deref() == place && place.is_none_or(is_name);
        if in_place && file.is_empty() && entry.is_dir() && entry.size() == 0 {
            continue;
        }
        let Some(known) = FILES.into_iter().find(|known| in_place && *known == file) else {
            return Err(format!(
                "it holds `{}`, and nothing but skill.yaml, prepare.wasm and commit.wasm may be in it",
                shown(&path)
            ));
        };
        if !entry.is_file() || entry.is_symlink() {
            return Err(format!("`{known}` in it is not a plain file"));
        }
        if entry.encrypted() {
            return Err(format!("`{known}` in it is encrypted"));
        }
        // What it says of its size may be a lie: no more than there is room for is made of it.
        let mut bytes = Vec::new();
        let file = archive.by_index(index).map_err(damaged)?;
        let read = file.take(room + 1).read_to_end(&mut bytes);
        read.map_err(|_| "it is damaged, or was cut off")?;
        room = room
            .checked_sub(bytes.len() as u64)
            .ok_or("there is more than 32 MiB in it")?;
        files.push((known, bytes));
    }
    files.sort_by_key(|(name, _)| FILES.iter().position(|known| known == name));
    Ok(files)
}

/// Whether it is one folder, and leads nowhere else.
fn is_name(folder: &str) -> bool {
    !["", ".", ".."].contains(&folder) && !folder.contains(['/', '\\', ':', '\0'])
}

fn damaged(_: ZipError) -> String {
    "it is no zip archive, or damaged".into()
}

/// A name that somebody of ill will may have chosen, as far as it says what is meant.
fn shown(path: &str) -> String {
    let plain = |c: char| if c.is_control() || c == '`' { '?' } else { c };
    path.chars().take(60).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &[u8] = b"name: tea\nversion: 1.0.0\n";

    fn plainly() -> SimpleFileOptions {
        SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)
    }

    fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            archive.start_file(*name, plainly()).unwrap();
            archive.write_all(bytes).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    /// Puts other bytes in the place of some, wherever they are.
    fn forged(mut packed: Vec<u8>, was: &[u8], is: &[u8]) -> Vec<u8> {
        assert_eq!(was.len(), is.len());
        for at in 0..=packed.len() - was.len() {
            if packed[at..].starts_with(was) {
                packed[at..at + is.len()].copy_from_slice(is);
            }
        }
        packed
    }

    #[track_caller]
    fn refused(packed: &[u8], why: &str) {
        let problem = Package::unpack("`tea`".into(), packed).err().unwrap();
        let told = problem.to_string();
        assert!(told.contains("no package of a skill: "), "{told}");
        assert!(told.contains(why), "not `{why}`: {told}");
        assert!(
            told.contains("\n  help: `loqa skill pack FOLDER`"),
            "{told}"
        );
    }

    #[test]
    fn what_was_packed_is_there_again_and_the_same_is_packed_alike() {
        let code = [7; 100_000];
        let package = packed(&[("commit.wasm", &code), ("skill.yaml", YAML)]);
        let package = Package::unpack("tea".into(), &package).unwrap();
        assert_eq!(package.manifest().unwrap().name, "tea");
        let again = package.pack().unwrap();
        assert!(again.len() < 2000);
        let again = Package::unpack("tea".into(), &again).unwrap();
        assert_eq!(again.files, package.files);
        assert_eq!(again.pack().unwrap(), package.pack().unwrap());
        let mut in_a_folder = ZipWriter::new(Cursor::new(Vec::new()));
        in_a_folder.add_directory("tea/", plainly()).unwrap();
        in_a_folder.start_file("tea/skill.yaml", plainly()).unwrap();
        in_a_folder.write_all(YAML).unwrap();
        let in_a_folder = in_a_folder.finish().unwrap().into_inner();
        assert!(Package::unpack("tea".into(), &in_a_folder).is_ok());
    }

    #[test]
    fn a_package_leads_nowhere_and_holds_nothing_else() {
        for name in [
            "../skill.yaml",
            "../../etc/cron.d/skill.yaml",
            "/skill.yaml",
            "//skill.yaml",
            "./skill.yaml",
            "a/../skill.yaml",
            "a/b/skill.yaml",
            "..\\skill.yaml",
            "C:\\skill.yaml",
            "C:/skill.yaml",
            "SKILL.YAML",
            "skill.yaml ",
            "skill.yaml/",
            "skill\u{430}.yaml",
            "skill.yaml\u{202e}",
            "current",
            "run.sh",
            "`\n\u{1b}[31m",
        ] {
            refused(&packed(&[(name, YAML)]), "it holds `");
        }
        refused(
            &packed(&[("a/skill.yaml", YAML), ("b/commit.wasm", b"")]),
            "it holds `b/",
        );
        refused(
            &packed(&[("skill.yaml", YAML), ("a/commit.wasm", b"")]),
            "it holds `a/",
        );
        refused(
            &packed(&[("commit.wasm", b"")]),
            "there is no skill.yaml in it",
        );
        refused(&packed(&[]), "there is no skill.yaml in it");
        let mut link = ZipWriter::new(Cursor::new(Vec::new()));
        link.add_symlink("skill.yaml", "/etc/passwd", plainly())
            .unwrap();
        refused(&link.finish().unwrap().into_inner(), "is not a plain file");
    }

    #[test]
    fn a_bomb_takes_no_more_than_a_skill_may() {
        let large = vec![0; LARGEST as usize + 1];
        let bomb = packed(&[("skill.yaml", YAML), ("prepare.wasm", &large)]);
        assert!(bomb.len() < 100_000);
        refused(&bomb, "there is more than 32 MiB in it");
        // One that says it is small.
        let size = (large.len() as u32).to_le_bytes();
        refused(&forged(bomb, &size, &7_u32.to_le_bytes()), "");
        let half = &large[..large.len() / 2];
        let two = [
            ("skill.yaml", YAML),
            ("prepare.wasm", half),
            ("commit.wasm", half),
        ];
        refused(&packed(&two), "there is more than 32 MiB in it");
        let names: Vec<String> = (0..5000).map(|number| number.to_string()).collect();
        let many: Vec<(&str, &[u8])> = names.iter().map(|name| (&**name, YAML)).collect();
        refused(&packed(&many), "it holds 5000 files");
        refused(&vec![0; LARGEST_PACKED + 1], "it is larger than 16 MiB");
    }

    #[test]
    fn a_package_that_lies_or_is_damaged_is_refused() {
        let files: [(&str, &[u8]); 2] = [("skill.yaml", YAML), ("commit.wasm", &[7; 5000])];
        let good = packed(&files);
        for length in 0..good.len() {
            refused(&good[..length], "");
        }
        refused(b"name: tea\n", "it is no zip archive");
        let twice = packed(&[("skill.yaml", YAML), ("skill.yamm", b"name: other\n")]);
        refused(
            &forged(twice, b"skill.yamm", b"skill.yaml"),
            "two files of one name",
        );
        // The list at the end names another file than what lies before the file.
        let mut two_names = packed(&files);
        let at = two_names
            .windows(10)
            .position(|it| it == b"skill.yaml")
            .unwrap();
        two_names[at] = b'S';
        refused(&two_names, "damaged");
        // Bit 0 of the flags: encrypted.
        let mut secret = packed(&files);
        for (magic, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
            let at = secret.windows(4).position(|it| it == magic).unwrap();
            secret[at + flags] |= 1;
        }
        refused(&secret, "is encrypted");
        let mut flipped = 0;
        for at in 0..good.len() {
            let mut other = good.clone();
            other[at] ^= 0x55;
            if let Ok(package) = Package::unpack("tea".into(), &other) {
                // Times and the like: what it holds is what it held.
                assert_eq!(package.files[0].1, YAML);
                flipped += 1;
            }
        }
        assert!(flipped < good.len() / 2, "{flipped} of {}", good.len());
    }
}
