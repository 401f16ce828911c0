//! `loqa backup` and `loqa restore`: everything that is kept, in one sealed file, and back.

use super::{Common, link::Link, output};
use crate::{
    backup::{self, Kit},
    config::Config,
    whole_file,
};
use loqa_protocol::{ClientFrame, Problem};
use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Options of `loqa backup`.
#[derive(clap::Args)]
pub struct BackupArgs {
    /// The file to write
    file: PathBuf,
    /// Where the recovery kit is written, the first time (default: beside the backup)
    #[arg(long, value_name = "FILE")]
    kit: Option<PathBuf>,
}

/// Options of `loqa restore`.
#[derive(clap::Args)]
pub struct RestoreArgs {
    /// The backup
    file: PathBuf,
    /// The recovery kit that the first backup wrote
    #[arg(long, value_name = "FILE")]
    kit: PathBuf,
}

/// Writes a backup.
pub async fn back_up(common: &Common, args: BackupArgs) -> Result<ExitCode, Problem> {
    let data = Config::load(&common.flags())?.hub.data;
    if args.file.exists() {
        return Err(exists(&args.file));
    }
    let mut made = None;
    let mut recipient = String::new();
    if backup::recipient_of(&data).is_none() {
        let kit = Kit::new();
        recipient = kit.recipient();
        let file = args.kit.unwrap_or_else(|| {
            let mut name = args.file.clone().into_os_string();
            name.push(".recovery-kit.txt");
            name.into()
        });
        if file.exists() {
            return Err(exists(&file));
        }
        whole_file::write_secret(&file, kit.text()).map_err(|error| unwritten(&file, &error))?;
        made = Some(file);
    }
    let mut link = Link::open(common).await?;
    let written = link
        .document(|id| ClientFrame::BackUp { id, recipient })
        .await;
    link.close().await;
    let written = written.inspect_err(|_| {
        // Nothing was sealed for it.
        let _ = made.as_ref().map(fs::remove_file);
    })?;
    let from = PathBuf::from(written["file"].as_str().unwrap_or_default());
    moved(&from, &args.file).map_err(|error| unwritten(&args.file, &error))?;
    output::print_line(&format!("written: {}", args.file.display()));
    if let Some(kit) = made {
        output::print_line(&format!(
            "The recovery kit is in {}: print it, put it away, and delete the file. Without it nobody can open a backup.",
            kit.display()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Brings a backup back, where there is no household.
pub fn restore(common: &Common, args: &RestoreArgs) -> Result<ExitCode, Problem> {
    let config = Config::load(&common.flags())?;
    let kit = Kit::read(&args.kit)?;
    backup::restore(&args.file, &kit, &config.hub.data, config.hub.keyring)?;
    output::print_line(&format!("restored into {}", config.hub.data.display()));
    output::print_line("Models are not part of a backup: `loqa model pull` fetches them again.");
    Ok(ExitCode::SUCCESS)
}

fn moved(from: &Path, to: &Path) -> io::Result<()> {
    if fs::rename(from, to).is_ok() {
        return Ok(());
    }
    // Another file system: whole there before it goes here.
    let mut part = tempfile::NamedTempFile::new_in(
        to.parent()
            .filter(|it| !it.as_os_str().is_empty())
            .unwrap_or(Path::new(".")),
    )?;
    io::copy(&mut fs::File::open(from)?, &mut part)?;
    part.as_file().sync_all()?;
    part.persist(to)?;
    fs::remove_file(from)
}

fn exists(file: &Path) -> Problem {
    Problem {
        code: "exists".into(),
        message: format!("{} is there already; it was left as it is", file.display()),
        help: "choose another name".into(),
    }
}

fn unwritten(file: &Path, error: &io::Error) -> Problem {
    Problem {
        code: "not_written".into(),
        message: format!("cannot write {}: {error}", file.display()),
        help: "choose another folder".into(),
    }
}
