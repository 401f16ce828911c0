//! What works and what does not, each with its remedy.

use super::{Listening, Shared, home_file::HomeFile, nodes, privacy};
use crate::{
    api::{Dashboard, InTheHouse},
    home_assistant::{Place, Status, Trouble, token},
    keys::{self, KeyPlace},
    models::{Check, ExpressiveVoice},
};
use loqa_core::{
    grammar::Grammar,
    manifest::FileError,
    seams::{ModelError, PrepareRequest, SkillHost},
};
use loqa_inference::{
    echo,
    sound::{self, Direction},
};
use loqa_protocol::{Problem, SessionId, TurnId, UtteranceId};

/// Looks at everything a household needs.
pub fn examine(hub: &Shared) -> Vec<Check> {
    let mut checks = vec![settings(hub), home(hub)];
    checks.extend(routines(hub));
    checks.extend(home_assistant(hub));
    checks.push(skills(hub));
    checks.extend(code(hub));
    checks.extend(examples(hub));
    if let Some(expressive) = &hub.models.expressive {
        expressive.load();
    }
    checks.extend(models(hub));
    if hub.models.stt.is_some() {
        checks.push(pronunciations(hub));
    }
    checks.push(microphone(hub));
    checks.push(speaker(hub));
    checks.push(own_voice());
    checks.push(disk(hub));
    checks.extend(words(hub));
    checks.extend(keys::place_of(&hub.config.hub.data).map(key));
    checks.push(privacy::examine(hub));
    checks.extend(nodes::examine(hub));
    checks.extend(hub.dashboard.get().map(dashboard));
    checks
}

fn good(what: &str, message: String) -> Check {
    Check {
        what: what.into(),
        ok: true,
        needed: true,
        message,
        help: String::new(),
    }
}

/// Which models are used and why, and what is missing. Waits for none that is being loaded.
pub(super) fn models(hub: &Shared) -> Vec<Check> {
    let checks = hub.models.checks().into_iter();
    let expressive = hub.models.expressive.iter().map(ExpressiveVoice::check);
    let checks = checks.chain(whisper(hub)).chain(expressive);
    checks.chain(llama(hub)).collect()
}

/// That whisper was chosen, the models' own checks tell; here, that it does not work.
fn whisper(hub: &Shared) -> Option<Check> {
    let trouble = hub.models.whisper()?.trouble()?;
    Some(Check {
        what: "whisper".into(),
        ok: false,
        needed: false,
        message: format!("what no command covers is not understood: {trouble}"),
        help:
            "`loqa model verify` tells whether the model is whole; `loqa model use` chooses another"
                .into(),
    })
}

/// The same of the language model, and whether it answers less than was wanted.
fn llama(hub: &Shared) -> Option<Check> {
    let llama = Some(&hub.models.llama).filter(|llama| llama.is_wanted())?;
    let (ok, message, help) = match llama.trouble() {
        Some(trouble) => (
            false,
            format!("what no command covers is not answered: {trouble}"),
            "`loqa model verify` tells whether the model is whole; `loqa model use` chooses another; `context` under [thinking] says how much it can read",
        ),
        None => (
            true,
            llama.tier(hub.config.conversation.tier).1?,
            "a smaller model answers sooner: `loqa model list`",
        ),
    };
    Some(Check {
        what: "llm".into(),
        ok,
        needed: false,
        message,
        help: help.into(),
    })
}

fn settings(hub: &Shared) -> Check {
    let (file, found) = hub.config.file();
    let state = if found {
        ""
    } else {
        " (not there: the defaults are used)"
    };
    good("settings", format!("{}{state}", file.display()))
}

fn home(hub: &Shared) -> Check {
    let household = hub.understanding.home();
    let size = format!(
        "{} rooms, {} devices",
        household.areas.len(),
        household.devices.len()
    );
    let file = hub.home_file.path().display();
    match hub.about.borrow().demonstration {
        false => good("home", format!("{file} ({size})")),
        true => Check {
            what: "home".into(),
            ok: true,
            needed: false,
            message: format!(
                "nobody has described this house yet: a demo household is used ({size})"
            ),
            help: "describe yours on the dashboard's page Home, or in home.toml beside loqa.toml: see docs/home-toml.md".into(),
        },
    }
}

/// What of the household's routines cannot be said or done, if there is any such thing.
fn routines(hub: &Shared) -> Vec<Check> {
    let unfit = hub.home_file.unfit_routines(&hub.understanding.grammar());
    let not_needed = |error| Check {
        what: "routines".into(),
        needed: false,
        ..file_error(error)
    };
    let mut checks: Vec<Check> = unfit.iter().map(not_needed).collect();
    checks.extend(open_questions(hub));
    checks
}

/// Steps of routines that ask for something, which nobody answers where a routine is scheduled.
fn open_questions(hub: &Shared) -> Vec<Check> {
    let (home, grammar) = (hub.understanding.home(), hub.understanding.grammar());
    let utterance = UtteranceId {
        session: SessionId(rand::random()),
        turn: TurnId(0),
    };
    let asks = |step: &String| {
        let draft = hub.host.prepare(&PrepareRequest {
            utterance,
            once: None,
            steps: grammar.routine_step(step).ok()?,
            text: step.clone(),
            room: hub.room(),
            place: String::new(),
            proof: None,
        });
        let draft = draft.ok()?;
        hub.host.discard(draft.id);
        draft.ask.map(|_| Check {
            what: "routines".into(),
            ok: false,
            needed: false,
            message: format!("the step “{step}” asks: {}", draft.reply),
            help: "say it in the step, so that the routine can be done without an answer".into(),
        })
    };
    let steps = home.routines.iter().flat_map(|routine| &routine.steps);
    steps.filter_map(asks).collect()
}

fn home_assistant(hub: &Shared) -> Option<Check> {
    let (address, status, devices, hidden) = hub.neighbour.examined()?;
    let bad = |message: String, help: &str| {
        Some(Check {
            what: "home assistant".into(),
            ok: false,
            needed: false,
            message,
            help: help.into(),
        })
    };
    let kept = |place| match place {
        Place::Keyring => "token in the keyring".to_owned(),
        Place::File(file) => format!("no keyring here: token in {}", file.display()),
    };
    let (there, connected) = match status {
        Status::Connected { version, token } => {
            (format!("version {version}, {}", kept(token)), true)
        }
        // Nobody connects, so nobody has asked the keyring.
        Status::Connecting if hub.is_reading() => {
            let Some((_, place)) = token::find(&hub.config.hub.data, address) else {
                let trouble = Trouble::NoToken;
                return bad(trouble.to_string(), trouble.help());
            };
            (format!("a hub connects to it, {}", kept(place)), false)
        }
        Status::Connecting => ("being connected to".into(), false),
        Status::Away { why, help } => {
            let help = format!("{help}; until then its devices are known and not reached");
            return bad(format!("{address}: {why}"), &help);
        }
    };
    let mut check = good(
        "home assistant",
        format!("{address} ({there}, {devices} devices)"),
    );
    if devices == 0 && connected {
        check.help = "it exposes nothing that Loqa knows: choose what in its settings, under Voice assistants".into();
    } else if !hidden.is_empty() {
        check.help = format!(
            "something else of the house is called so already, or nobody can say it: {}; give these another name in Home Assistant",
            hidden.join(", ")
        );
    }
    Some(check)
}

fn skills(hub: &Shared) -> Check {
    let registry = hub.host.registry();
    let names: Vec<&str> = registry
        .manifests()
        .iter()
        .map(|manifest| manifest.name.as_str())
        .collect();
    match hub.shelves.trouble() {
        None => good("skills", names.join(", ")),
        Some(problem) => Check {
            what: "skills".into(),
            ok: false,
            needed: true,
            message: format!(
                "a skill has changed, and is left as it was: {}",
                problem.message
            ),
            help: problem.help,
        },
    }
}

/// What to do about an installed skill that does not count.
pub(super) const LEFT_OUT_HELP: &str = "`loqa skill rollback NAME` has an earlier version count, `loqa skill disable NAME` none, `loqa skill remove NAME` takes it away";

/// Whether what skills run in is there, shut in, and every skill in it works.
fn code(hub: &Shared) -> Vec<Check> {
    const REINSTALL: &str = "install Loqa again, or build it with `cargo xtask run`";
    let wrong = |message: String, help: &str| Check {
        what: "skill code".into(),
        ok: false,
        needed: true,
        message,
        help: help.into(),
    };
    let registry = hub.host.registry();
    let mut checks: Vec<Check> = registry
        .missing()
        .map(|missing| wrong(missing.to_string(), "build the skill; if it is one that came with Loqa, install Loqa again, or build it with `cargo xtask run`"))
        .collect();
    let left_out = registry.left_out().iter();
    checks.extend(left_out.map(|left_out| wrong(left_out.to_string(), LEFT_OUT_HELP)));
    let Some(process) = registry.process() else {
        return checks;
    };
    match process.start() {
        Ok(fences) if fences.is_empty() => checks.push(good(
            "skill code",
            "runs in a process of its own, which this system cannot shut in".into(),
        )),
        Ok(fences) => checks.push(good(
            "skill code",
            format!(
                "{} skills in a process of their own, without files or network ({})",
                registry.components().len(),
                fences.join(", ")
            ),
        )),
        Err(error) => checks.push(wrong(error.to_string(), REINSTALL)),
    }
    let troubled = registry.components().iter();
    let troubled = troubled.filter_map(|component| component.trouble());
    checks.extend(troubled.map(|trouble| {
        wrong(
            trouble.to_string(),
            "ask whoever wrote the skill, or take it out of the folder of skills",
        )
    }));
    checks
}

/// Runs the tests inside the manifests: one check for each that fails, or one for all of them.
fn examples(hub: &Shared) -> Vec<Check> {
    let (registry, own) = (hub.host.registry(), hub.understanding.grammar());
    // The built-in ones speak of the demo household's rooms and devices.
    let demo = HomeFile::default()
        .read()
        .ok()
        .and_then(|demo| Grammar::compile(registry.manifests(), &demo.home).ok());
    let mut failed = Vec::new();
    let mut count = 0;
    for manifest in registry.manifests() {
        let grammar = match &demo {
            Some(demo) if registry.is_built_in(&manifest.name) => demo,
            _ => &own,
        };
        failed.extend(manifest.check_examples(grammar).iter().map(file_error));
        let tests = manifest.intents.iter();
        count += tests
            .map(|intent| intent.examples.len() + intent.negatives.len())
            .sum::<usize>();
    }
    if failed.is_empty() {
        failed.push(good(
            "examples",
            format!("all {count} examples and negatives of the skills hold"),
        ));
    }
    failed
}

fn file_error(error: &FileError) -> Check {
    let FileError {
        file,
        line,
        column,
        message,
        help,
    } = error;
    Check {
        what: "examples".into(),
        ok: false,
        needed: true,
        message: format!("{file}:{line}:{column}: {message}"),
        help: help.clone(),
    }
}

/// Words that the dictionary lacks are recognised by a guess; a person may prefer another name.
fn pronunciations(hub: &Shared) -> Check {
    let guessed = hub.understanding.guessed_words();
    let unknown: Vec<&str> = guessed
        .iter()
        .filter(|word| word.pronunciation.is_none())
        .map(|word| word.word.as_str())
        .collect();
    let made_up: Vec<String> = guessed
        .iter()
        .filter_map(|word| Some(format!("{} ({})", word.word, word.pronunciation.as_ref()?)))
        .collect();
    if !unknown.is_empty() {
        return Check {
            what: "names".into(),
            ok: false,
            needed: false,
            message: format!("no pronunciation for: {}", unknown.join(", ")),
            help: "give these an alias in plain English letters in home.toml or skill.yaml".into(),
        };
    }
    let message = match made_up.len() {
        0 => "every name is in the dictionary".into(),
        _ => format!("pronounced by rule: {}", made_up.join(", ")),
    };
    let help = if made_up.is_empty() {
        ""
    } else {
        "if one is not understood, add an alias that is spelled as it sounds"
    };
    Check {
        what: "names".into(),
        ok: true,
        needed: false,
        message,
        help: help.into(),
    }
}

fn microphone(hub: &Shared) -> Check {
    let wanted = hub.config.listen.microphone.as_str();
    let lost = match &*hub.listening.borrow() {
        Listening::Asleep(name) | Listening::Awake(name) => {
            return good("microphone", name.clone());
        }
        Listening::Muted(name) => return good("microphone", format!("{name} (muted)")),
        Listening::Lost(why) => Some(why.clone()),
        _ if wanted == "none" => {
            return good("microphone", "none, as the settings say".into());
        }
        Listening::Off(_) | Listening::Opening => None,
    };
    // Nobody listens here, but a hub could.
    let devices = sound::devices(Direction::Input);
    let found = devices.iter().find(|device| match wanted {
        sound::DEFAULT => device.is_default,
        _ => device.id == wanted || device.name == wanted,
    });
    match (lost, found) {
        (None, Some(device)) => good("microphone", device.name.clone()),
        (lost, _) => Check {
            what: "microphone".into(),
            ok: false,
            needed: false,
            message: lost.unwrap_or_else(|| match wanted {
                sound::DEFAULT => "there is none".into(),
                _ => format!("there is none named `{wanted}`"),
            }),
            help: "connect one, or choose another with `loqa devices --input NAME`; until then typed commands work".into(),
        },
    }
}

fn speaker(hub: &Shared) -> Check {
    match &hub.silent_because {
        None => {
            let name = hub.speaker_name();
            let told = match name.as_str() {
                "none" => "none, as the settings say: replies are shown, not heard",
                sound::DEFAULT => "the default output device",
                name => name,
            };
            good("speaker", told.into())
        }
        Some(why) => Check {
            what: "speaker".into(),
            ok: false,
            needed: false,
            message: why.clone(),
            help: "until then replies are shown, not heard".into(),
        },
    }
}

fn own_voice() -> Check {
    let (message, help) = match echo::available() {
        Ok(()) => return good("echo", "Loqa can be interrupted while it speaks".into()),
        Err(ModelError::NotLoaded { what, help }) => (format!("{what} is not installed"), help),
        Err(error) => (error.to_string(), String::new()),
    };
    Check {
        what: "echo".into(),
        ok: false,
        needed: false,
        message,
        help: format!("{help}; until then only a call interrupts it"),
    }
}

fn dashboard(opened: &Result<Dashboard, Problem>) -> Check {
    let problem = match opened {
        Ok(dashboard) => match &dashboard.household {
            InTheHouse::Off => return good("dashboard", dashboard.address.clone()),
            InTheHouse::Open(household) => {
                let message = format!("{}, {}", dashboard.address, household.address());
                return good("dashboard", message);
            }
            InTheHouse::Failed(problem) => problem,
        },
        Err(problem) => problem,
    };
    Check {
        what: "dashboard".into(),
        ok: false,
        needed: false,
        message: problem.message.clone(),
        help: problem.help.clone(),
    }
}

/// Whether words are kept that should be.
fn words(hub: &Shared) -> Option<Check> {
    let message = hub.keeper.trouble()?;
    Some(Check {
        what: "conversations".into(),
        ok: false,
        needed: false,
        message,
        help: "check the disk: everything else goes on meanwhile".into(),
    })
}

/// Where the key is that opens all others.
fn key(place: KeyPlace) -> Check {
    let message = match place {
        KeyPlace::Keyring => "what Loqa keeps is sealed; its key is in the keyring".to_owned(),
        KeyPlace::File(file) => format!(
            "what Loqa keeps is sealed; its key is in {}, so it is only as safe as this account",
            file.display()
        ),
    };
    good("keys", message)
}

fn disk(hub: &Shared) -> Check {
    let folder = &hub.config.hub.data;
    let data = folder.display().to_string();
    if hub.is_reading() && !folder.exists() {
        return good("data", format!("{data} (not there yet: made when needed)"));
    }
    if !folder.is_dir() {
        return Check {
            what: "data".into(),
            ok: false,
            needed: true,
            message: format!("{data} is not a folder"),
            help: "move it out of the way, or choose another with --data DIR".into(),
        };
    }
    match hub.store.unsaved() {
        None => good("data", data),
        Some(unsaved) => Check {
            what: "data".into(),
            ok: false,
            needed: true,
            message: format!("{data}: {unsaved}"),
            help: "free some disk space: everything goes on in memory meanwhile and is saved as soon as that is possible".into(),
        },
    }
}
