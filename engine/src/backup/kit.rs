//! The recovery kit: the one secret that opens backups. It is nowhere in the house but where its owner
//! puts it; the hub keeps the public half, with which it seals.

use super::BackupError;
use age::{
    secrecy::ExposeSecret,
    x25519::{Identity, Recipient},
};
use std::{fs, io, path::Path};

/// In the data folder: whom backups are sealed for.
const RECIPIENT: &str = "backup.recipient";

/// The secret half.
pub struct Kit(Identity);

impl Kit {
    /// One that nobody knows.
    pub fn new() -> Kit {
        Kit(Identity::generate())
    }

    /// From a file that [`Kit::text`] was written to, or any age identity file.
    ///
    /// # Errors
    /// [`BackupError::Kit`]
    pub fn read(path: &Path) -> Result<Kit, BackupError> {
        let bad = |reason: String| BackupError::Kit {
            path: path.to_owned(),
            reason,
        };
        let text = fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
        let secret = text
            .lines()
            .map(str::trim)
            .find(|line| line.starts_with("AGE-SECRET-KEY-"));
        let secret = secret
            .ok_or_else(|| bad("there is no line that begins with AGE-SECRET-KEY-".into()))?;
        secret
            .parse()
            .map(Kit)
            .map_err(|reason: &str| bad(reason.to_owned()))
    }

    /// What is printed and put away.
    pub fn text(&self) -> String {
        let secret = self.0.to_string();
        format!(
            "Loqa recovery kit\n\n\
            Whoever has this page and a backup can read everything the backup holds. Print it, put it\n\
            where you keep papers that matter, and delete the file. Without it no backup can be opened.\n\n\
            To restore on a new machine:  loqa restore BACKUP --kit THIS-FILE\n\
            (It is an age identity: `age -d -i THIS-FILE BACKUP` opens a backup as well.)\n\n\
            {}\n\
            # public: {}\n",
            secret.expose_secret(),
            self.recipient()
        )
    }

    /// The public half.
    pub fn recipient(&self) -> String {
        self.0.to_public().to_string()
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.0
    }
}

impl Default for Kit {
    fn default() -> Self {
        Kit::new()
    }
}

/// Whom backups of a data folder are sealed for, if a kit was ever made.
pub fn recipient_of(data: &Path) -> Option<String> {
    let text = fs::read_to_string(data.join(RECIPIENT)).ok()?;
    Some(text.trim().to_owned())
}

/// Has backups sealed for this one from now on.
pub(super) fn remember(data: &Path, recipient: &str) -> io::Result<()> {
    crate::whole_file::write_secret(&data.join(RECIPIENT), format!("{recipient}\n"))
}

pub(super) fn parse(recipient: &str) -> Result<Recipient, BackupError> {
    let parsed = recipient.parse();
    parsed.map_err(|reason: &str| BackupError::Recipient {
        recipient: recipient.to_owned(),
        reason: reason.to_owned(),
    })
}
