//! The household's `home.toml`: read at the start, edited from a dashboard, and never written over
//! what somebody else has written meanwhile.

use super::{Shared, service::problem};
use crate::{
    config::{Config, DEMO_HOME},
    whole_file,
};
use loqa_core::{
    document::FileError,
    grammar::Grammar,
    home::{self, Home, Unfit},
};
use loqa_protocol::{HomeEdit, Problem};
use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
};

/// Where the household is described, or will be.
#[derive(Clone, Debug, Default)]
pub struct HomeFile {
    /// Empty where there is no place for one.
    path: PathBuf,
    /// Somebody has named it in the settings: then it must be there.
    named: bool,
    /// There is a house without any, such as Home Assistant's: it needs no demonstration.
    bare: bool,
}

/// A household as it was read.
#[derive(Clone, PartialEq, Debug)]
pub struct Described {
    /// Rooms and devices.
    pub home: Home,
    /// Of the text: another text has another one. Never 0.
    pub revision: u64,
    /// Nobody has written a file yet.
    pub demonstration: bool,
}

/// What a dashboard is told of the household beyond its rooms and devices.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct About {
    /// Of `home.toml`.
    pub revision: u64,
    /// Nobody has written one yet.
    pub demonstration: bool,
    /// What the household is called.
    pub name: String,
    /// Somebody has been through the first steps.
    pub welcomed: bool,
    /// A tablet on the wall needs a PIN to leave its page.
    pub kiosk_pin: bool,
}

impl HomeFile {
    /// The one of the settings.
    pub fn of(config: &Config) -> HomeFile {
        HomeFile {
            path: config.home_place().unwrap_or_default(),
            named: config.home_file().is_some(),
            bare: config.home_assistant.address().is_some(),
        }
    }

    /// Where it is, or will be; empty if nowhere.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The household: the file's, or the demonstration's if nobody wrote one.
    ///
    /// # Errors
    /// What is wrong in the file, all of it.
    pub fn read(&self) -> Result<Described, Problem> {
        let (text, demonstration) = self.text()?;
        let home = Home::parse(&self.name(demonstration), &text);
        Ok(Described {
            home: home.map_err(|errors| file_problem("home", &errors))?,
            revision: revision(&text),
            demonstration,
        })
    }

    /// Makes one change in the file, which is written if there is none; blocks.
    ///
    /// # Errors
    /// `home_changed`: it is not at this revision. `home_` and a key: that key cannot be so.
    /// `home`: what else is wrong. The file is as it was.
    pub fn edit(&self, at: u64, edit: &HomeEdit) -> Result<Described, Problem> {
        if self.path.as_os_str().is_empty() {
            return Err(problem(
                "home",
                "this household cannot be edited",
                "start `loqa hub` with a settings file",
            ));
        }
        let (before, demonstration) = self.text()?;
        if revision(&before) != at {
            return Err(problem(
                "home_changed",
                "the household has been changed meanwhile",
                "it is shown as it is now: make your change again",
            ));
        }
        let (text, home) = home::edited(&self.name(demonstration), &before, edit).map_err(unfit)?;
        if text != before || demonstration {
            whole_file::replace(&self.path, &text).map_err(|error| {
                problem(
                    "unsaved",
                    format!("cannot write {}: {error}", self.path.display()),
                    "make the file and its folder writable for the hub",
                )
            })?;
        }
        Ok(Described {
            home,
            revision: revision(&text),
            demonstration: false,
        })
    }

    /// What the house does not understand of the routines in the file.
    pub fn unfit_routines(&self, grammar: &Grammar) -> Vec<FileError> {
        let Ok((text, demonstration)) = self.text() else {
            return Vec::new();
        };
        home::unfit_routines(&self.name(demonstration), &text, grammar)
    }

    /// What is written, and whether that is the demonstration.
    fn text(&self) -> Result<(String, bool), Problem> {
        let demonstration = || {
            let text = if self.bare { "" } else { DEMO_HOME };
            Ok((text.to_owned(), !self.bare))
        };
        if self.path.as_os_str().is_empty() {
            return demonstration();
        }
        match fs::read_to_string(&self.path) {
            Ok(text) => Ok((text, false)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !self.named => demonstration(),
            Err(error) => Err(problem(
                "home",
                format!("cannot read {}: {error}", self.path.display()),
                "name the file with --home FILE",
            )),
        }
    }

    fn name(&self, demonstration: bool) -> String {
        if demonstration {
            "demo-home.toml".into()
        } else {
            self.path.display().to_string()
        }
    }
}

impl Shared {
    /// Makes one change of the household, in its file and in everything that can be said.
    ///
    /// # Errors
    /// As [`HomeFile::edit`]. If the file has been changed, what it says now is shown to everybody.
    pub(super) async fn edit_home(&self, at: u64, edit: &HomeEdit) -> Result<(), Problem> {
        let mut own = self.own_home.lock().await;
        self.neighbour.may_edit(&own, edit)?;
        let edited = tokio::task::block_in_place(|| self.home_file.edit(at, edit));
        if !matches!(&edited, Err(problem) if problem.code == "home_changed") {
            self.move_in(&mut own, edited?).await;
            return Ok(());
        }
        let now = tokio::task::block_in_place(|| self.home_file.read())?;
        if now.revision != self.about.borrow().revision {
            self.move_in(&mut own, now).await;
        }
        edited.map(drop)
    }

    /// Lives in a household from now on.
    async fn move_in(&self, own: &mut Home, described: Described) {
        let Described {
            home,
            revision,
            demonstration,
        } = described;
        *own = home;
        self.settle(own).await;
        // Last: whoever is told reads all of it.
        self.about.send_modify(|about| {
            about.revision = revision;
            about.demonstration = demonstration;
        });
    }

    /// Has everybody know this household, with what Home Assistant has beside it.
    pub(super) async fn settle(&self, own: &Home) {
        let home = self.neighbour.joined(own);
        if home == *self.understanding.home() {
            return;
        }
        let stt = self.models.stt.as_deref();
        if let Err(problem) = self.understanding.replace(home, stt).await {
            tracing::warn!(%problem, "the recogniser has not learnt the new names yet");
        }
        let grammar = self.understanding.grammar();
        self.host
            .suggest(self.host.registry().suggestions(&grammar));
    }
}

/// Two texts of one revision are one text.
fn revision(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish().max(1)
}

fn unfit(Unfit { field, errors }: Unfit) -> Problem {
    let code = field.map_or_else(|| "home".into(), |field| format!("home_{field}"));
    match errors.as_slice() {
        [error] => problem(&code, &error.message, &error.help),
        errors => file_problem(&code, errors),
    }
}

/// Mistakes in a file as one problem.
pub fn file_problem(code: &str, errors: &[FileError]) -> Problem {
    let messages: Vec<String> = errors.iter().map(ToString::to_string).collect();
    problem(code, messages.join("\n"), "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use loqa_protocol::view::Area;

    fn attic(name: &str) -> HomeEdit {
        HomeEdit::Area(Area {
            name: name.into(),
            ..Area::default()
        })
    }

    #[test]
    fn the_first_edit_writes_the_file_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = HomeFile {
            path: folder.path().join("loqa/home.toml"),
            ..HomeFile::default()
        };
        let demo = file.read().unwrap();
        assert!(demo.demonstration && !file.path.exists());
        let first = file.edit(demo.revision, &attic("attic")).unwrap();
        assert_eq!(file.read().unwrap(), first);
        assert!(!first.demonstration && first.home.area("attic").is_some());
        // Another browser saw what was before.
        let late = file.edit(demo.revision, &attic("loft")).unwrap_err();
        assert_eq!(late.code, "home_changed");
        assert_eq!(file.read().unwrap(), first);
        let same = file.edit(first.revision, &attic("Attic")).unwrap_err();
        assert_eq!(same.code, "home_name");
        assert!(same.message.contains("a second area `Attic`"), "{same}");
        // Somebody's editor has written the file.
        whole_file::replace(&file.path, "# mine\n").unwrap();
        let late = file.edit(first.revision, &attic("loft")).unwrap_err();
        assert_eq!(late.code, "home_changed");
        whole_file::replace(&file.path, "[[area]\n").unwrap();
        assert_eq!(file.read().unwrap_err().code, "home");
    }
}
