//! `loqa wipe`: nothing that Loqa kept can be read any more. Works with and without a hub, and whatever
//! state its files are in.

use super::{Common, link::Link, output};
use crate::{config::Config, wipe};
use loqa_protocol::{ClientFrame, Problem};
use std::{
    fs,
    io::{IsTerminal, Write},
    path::Path,
    process::ExitCode,
    time::Duration,
};
use tokio::time::timeout;

/// How long a hub may take to do it itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// Options of `loqa wipe`.
#[derive(clap::Args)]
pub struct WipeArgs {
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Remove loqa.toml and home.toml as well, which are yours
    #[arg(long)]
    settings: bool,
}

/// Destroys every key, and what they sealed.
pub async fn run(common: &Common, args: WipeArgs) -> Result<ExitCode, Problem> {
    // Settings that cannot be read must not keep anybody from this.
    let config = Config::load(&common.flags());
    let data = match (&common.data, &config) {
        (Some(data), _) => data.clone(),
        (None, Ok(config)) => config.hub.data.clone(),
        (None, Err(_)) => {
            return Err(Problem {
                code: "no_data".into(),
                message: "the settings cannot be read, so it is not known where Loqa keeps things"
                    .into(),
                help: "name the folder with --data DIR".into(),
            });
        }
    };
    if !args.yes && !confirmed(&data) {
        return Err(Problem {
            code: "not_confirmed".into(),
            message: "nothing was wiped".into(),
            help: "type `wipe` when asked, or give --yes".into(),
        });
    }
    // The hub first, so that it does not write anything more; but whether it obeys or not:
    let asked = timeout(PATIENCE, ask_hub(&data)).await;
    let wiped = wipe::wipe(&data);
    let unsure = |error: std::io::Error| Problem {
        code: "not_wiped".into(),
        message: format!("a key may still be there: {error}"),
        help: format!("stop Loqa, then remove the folder {}", data.display()),
    };
    let left = wiped.map_err(unsure)?;
    output::print_line("All keys are destroyed: nothing that Loqa kept can be read any more.");
    if matches!(asked, Ok(Some(()))) {
        output::print_line("The hub ends; start it again for a new household.");
    }
    for path in left.paths {
        output::print_line(&format!("still there, and unreadable: {}", path.display()));
    }
    if let Some(kept) = left.keyring {
        output::print_line(&format!(
            "{kept}: it opens nothing here any more; remove it there, as it opens a copy of the folder `keys`, if somebody has one."
        ));
    }
    let models = data.join(crate::library::FOLDER);
    if models.exists() {
        output::print_line(&format!("Models are still in {}.", models.display()));
    }
    let Ok(config) = config else {
        return Ok(ExitCode::SUCCESS);
    };
    let own = [Some(config.file().0), config.home_file()];
    for file in own.into_iter().flatten().filter(|file| file.exists()) {
        if args.settings {
            fs::remove_file(file).map_err(|error| Problem {
                code: "not_removed".into(),
                message: format!("cannot remove {}: {error}", file.display()),
                help: "remove it by hand".into(),
            })?;
            output::print_line(&format!("removed: {}", file.display()));
        } else {
            output::print_line(&format!(
                "{} is yours and still there; --settings removes it.",
                file.display()
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Has a running hub do it; `None` if there is none, or it does not.
async fn ask_hub(data: &Path) -> Option<()> {
    let mut link = Link::beside(data).await?;
    let word = ClientFrame::WIPE.to_owned();
    let frame = |id| ClientFrame::Wipe { id, word };
    link.request(frame, &mut |_| {}).await.ok()
}

fn confirmed(data: &Path) -> bool {
    if !std::io::stdin().is_terminal() {
        return false;
    }
    print!(
        "This destroys everything Loqa keeps in {}: timers, lists, people, conversations, skills, tokens.\n\
        It cannot be undone. Type `wipe` to go on: ",
        data.display()
    );
    let _ = std::io::stdout().flush();
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).is_ok() && line.trim() == ClientFrame::WIPE
}
