//! `loqa people`: who lives here, and who may do what. The same as the dashboard's page *People*.

use super::{Common, hidden, link::Link, output};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use loqa_protocol::{ClientFrame, PeopleEdit, PrivacyScope, Problem};
use serde_json::Value;
use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

/// Subcommands of `loqa people`. Where an owner has a PIN, it is asked for before anything is changed.
#[derive(clap::Subcommand)]
pub enum PeopleCommand {
    /// People, whom places speak for, and the rules
    List,
    /// Add somebody
    Add {
        /// As people call them
        name: String,
        /// owner, adult, child or guest
        #[arg(long, default_value = "adult")]
        role: String,
        /// The last day on which they count, such as 2030-12-24
        #[arg(long, value_name = "DATE")]
        until: Option<Date>,
    },
    /// Change somebody
    Change {
        /// Their name, or their number
        who: String,
        /// As people call them from now on
        #[arg(long)]
        name: Option<String>,
        /// owner, adult, child or guest
        #[arg(long)]
        role: Option<String>,
        /// The last day on which they count, such as 2030-12-24
        #[arg(long, value_name = "DATE", conflicts_with = "forever")]
        until: Option<Date>,
        /// They count until they are removed
        #[arg(long)]
        forever: bool,
    },
    /// Take somebody away
    Remove {
        /// Their name, or their number
        who: String,
    },
    /// Give somebody a PIN, which is asked for and not shown
    Pin {
        /// Their name, or their number
        who: String,
        /// Take it away
        #[arg(long)]
        remove: bool,
    },
    /// Have what somebody says kept, as they agree to; or no longer, which forgets what was kept of it
    Keeps {
        /// Their name, or their number
        who: String,
        /// How long: ephemeral (not at all), session (for a while) or persistent (until they forget it)
        scope: Kept,
        /// They have read what is kept, and agree
        #[arg(long)]
        agreed: bool,
    },
    /// Choose whom a microphone, a screen or a room speaks for
    Place {
        /// As `loqa people list` calls it: microphone, machine, programs, room:kitchen …
        place: String,
        /// A role, the name or the number of a person, or "nobody": as if nobody had chosen
        speaks_for: String,
        /// What people call it
        #[arg(long, default_value = "")]
        name: String,
    },
    /// Add a rule, which counts before those there are
    Rule {
        /// What is done: allow, show (not spoken), confirm, pin or refuse
        ruling: String,
        /// Of this role only; may be given several times
        #[arg(long = "role")]
        roles: Vec<String>,
        /// What is everyday, private or risky only
        #[arg(long, default_value = "")]
        risk: String,
        /// In a room by its id, in shared rooms ("shared") or in those of one person ("own") only
        #[arg(long = "in", value_name = "ROOM", default_value = "")]
        room: String,
        /// From this time of day on, such as 22:00
        #[arg(long, default_value = "", requires = "to")]
        from: String,
        /// Until this time of day
        #[arg(long, default_value = "", requires = "from")]
        to: String,
    },
    /// Take a rule away
    RemoveRule {
        /// Its number
        number: u64,
    },
}

/// How long words are kept.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum Kept {
    /// Not at all
    Ephemeral,
    /// For a while
    Session,
    /// Until somebody forgets it
    Persistent,
}

impl From<Kept> for PrivacyScope {
    fn from(kept: Kept) -> PrivacyScope {
        match kept {
            Kept::Ephemeral => PrivacyScope::Ephemeral,
            Kept::Session => PrivacyScope::Session,
            Kept::Persistent => PrivacyScope::Persistent,
        }
    }
}

/// Does it.
pub async fn run(common: &Common, command: PeopleCommand) -> Result<ExitCode, Problem> {
    let mut link = Link::open(common).await?;
    let done = of(common, &mut link, command).await;
    link.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn of(common: &Common, link: &mut Link, command: PeopleCommand) -> Result<(), Problem> {
    let now = link.document(|id| ClientFrame::People { id }).await?;
    let (edit, done) = match command {
        PeopleCommand::List => {
            show(common, &now);
            return Ok(());
        }
        PeopleCommand::Add { name, role, until } => {
            let done = format!("{name} is of this household.");
            let expires_ms = until.map(end_of).transpose()?;
            let person = PeopleEdit::Person {
                id: 0,
                name,
                role,
                expires_ms,
            };
            (person, done)
        }
        PeopleCommand::Change {
            who,
            name,
            role,
            until,
            forever,
        } => {
            let person = find(&now, &who)?;
            let text = |key: &str| person[key].as_str().unwrap_or_default().to_owned();
            let expires_ms = match until {
                Some(until) => Some(end_of(until)?),
                None => person["expires_ms"].as_i64().filter(|_| !forever),
            };
            let name = name.unwrap_or_else(|| text("name"));
            let done = format!("{name} is changed.");
            let person = PeopleEdit::Person {
                id: number(person),
                name,
                role: role.unwrap_or_else(|| text("role")),
                expires_ms,
            };
            (person, done)
        }
        PeopleCommand::Remove { who } => {
            let id = number(find(&now, &who)?);
            (PeopleEdit::Remove(id), format!("{who} is gone."))
        }
        PeopleCommand::Pin { who, remove } => {
            let person = number(find(&now, &who)?);
            let owner = hidden::owners_pin(&now)?;
            let pin = if remove { String::new() } else { new_pin()? };
            let done = match remove {
                true => format!("{who} has no PIN any more."),
                false => format!("{who} has a PIN."),
            };
            let pin = PeopleEdit::NewPin { person, pin };
            return edit(common, link, owner, pin, &done).await;
        }
        PeopleCommand::Keeps { who, scope, agreed } => {
            let person = find(&now, &who)?;
            let scope = PrivacyScope::from(scope);
            let text = consent(scope, agreed)?;
            let pin = match person["pin"] == true {
                true => hidden::ask("PIN", &format!("The PIN of {who}: "))?,
                false => hidden::owners_pin(&now)?,
            };
            let done = match scope {
                PrivacyScope::Ephemeral => {
                    format!("Nothing {who} says is kept, and what was is forgotten.")
                }
                PrivacyScope::Session => format!("What {who} says is kept for a while."),
                PrivacyScope::Persistent => {
                    format!("What {who} says is kept until it is forgotten.")
                }
            };
            let person = number(person);
            let keeps = PeopleEdit::Keeps {
                person,
                scope,
                text,
            };
            return edit(common, link, pin, keeps, &done).await;
        }
        PeopleCommand::Place {
            place,
            speaks_for,
            name,
        } => {
            let speaks_for = match speaks_for.as_str() {
                "nobody" => String::new(),
                who => find(&now, who).map_or_else(|_| who.into(), |it| number(it).to_string()),
            };
            let done = format!("{place} is set.");
            let place = PeopleEdit::Place {
                place,
                name,
                speaks_for,
            };
            (place, done)
        }
        PeopleCommand::Rule {
            ruling,
            roles,
            risk,
            room,
            from,
            to,
        } => {
            let rule = PeopleEdit::Rule {
                roles,
                risk,
                r#where: room,
                from,
                to,
                ruling,
            };
            (rule, "The rule counts from now on.".into())
        }
        PeopleCommand::RemoveRule { number } => {
            let done = format!("Rule {number} is gone.");
            (PeopleEdit::RemoveRule(number), done)
        }
    };
    let owner = hidden::owners_pin(&now)?;
    self::edit(common, link, owner, edit, &done).await
}

async fn edit(
    common: &Common,
    link: &mut Link,
    pin: String,
    edit: PeopleEdit,
    done: &str,
) -> Result<(), Problem> {
    let about = link
        .document(|id| ClientFrame::EditPeople { id, pin, edit })
        .await?;
    if common.json {
        output::print_json(&about);
    } else {
        output::print_line(done);
    }
    Ok(())
}

/// What is agreed to, once it was read.
fn consent(scope: PrivacyScope, agreed: bool) -> Result<String, Problem> {
    let kept = match scope {
        PrivacyScope::Ephemeral => return Ok(String::new()),
        PrivacyScope::Session => "for as many hours as this household has chosen",
        PrivacyScope::Persistent => "until I forget it",
    };
    let text = format!(
        "I agree that Loqa keeps what I say and what it answers, sealed on this hub, {kept}. I can read, take out and forget it at any time. If I take this back, all that was kept of mine is forgotten."
    );
    if !agreed {
        return Err(Problem {
            code: "people_consent".into(),
            message: format!("this is what they would agree to: “{text}”"),
            help: "once they have read it and agree, add --agreed".into(),
        });
    }
    Ok(text)
}

fn new_pin() -> Result<String, Problem> {
    let pin = hidden::ask("PIN", "The new PIN: ")?;
    if io::stdin().is_terminal() && hidden::ask("PIN", "The same again: ")? != pin {
        return Err(Problem {
            code: "people_pin".into(),
            message: "these were two different PINs".into(),
            help: "try again; nothing has changed".into(),
        });
    }
    if pin.is_empty() {
        return Err(Problem {
            code: "people_pin".into(),
            message: "a PIN has 4 to 12 digits".into(),
            help: "`--remove` takes it away".into(),
        });
    }
    Ok(pin)
}

/// The person of this name or number.
fn find<'n>(now: &'n Value, who: &str) -> Result<&'n Value, Problem> {
    let people = now["people"].as_array().map(Vec::as_slice);
    let people = people.unwrap_or_default();
    let is = |it: &&Value| {
        let name = it["name"].as_str().unwrap_or_default();
        name.to_lowercase() == who.to_lowercase() || number(it).to_string() == who
    };
    people.iter().find(is).ok_or_else(|| Problem {
        code: "no_person".into(),
        message: format!("nobody here is called `{who}`"),
        help: "`loqa people list` tells who is".into(),
    })
}

fn number(person: &Value) -> u64 {
    person["id"].as_u64().unwrap_or_default()
}

/// The moment after the last of a day here, Unix ms.
fn end_of(day: Date) -> Result<i64, Problem> {
    let next = day
        .tomorrow()
        .and_then(|it| it.to_zoned(TimeZone::system()));
    let end = next.map(|it| it.timestamp().as_millisecond());
    end.map_err(|error| Problem {
        code: "people_expires".into(),
        message: format!("{day} has no end: {error}"),
        help: "write it as 2030-12-24".into(),
    })
}

fn show(common: &Common, now: &Value) {
    if common.json {
        return output::print_json(now);
    }
    let list = |key: &str| now[key].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for it in list("people") {
        let until = it["expires_ms"].as_i64().map(|at| {
            let at = Timestamp::from_millisecond(at).unwrap_or_default();
            let at = at.to_zoned(TimeZone::system());
            let word = if it["expired"] == true {
                "was here"
            } else {
                "is here"
            };
            format!("{word} until {}", at.strftime("%Y-%m-%d %H:%M"))
        });
        let pin = if it["pin"] == true { "PIN" } else { "" };
        let (name, role) = (text(&it["name"]), text(&it["role"]));
        let until = until.unwrap_or_default();
        let line = format!("{:>3}  {name:<20} {role:<6} {pin:<4} {until}", number(&it));
        output::print_line(line.trim_end());
    }
    for it in list("places") {
        let speaks_for = text(&it["speaks_for"]);
        let whom = find(now, &speaks_for).map_or(speaks_for, |it| text(&it["name"]));
        let whom = if whom.is_empty() { "household" } else { &whom };
        let place = text(&it["place"]);
        let name = text(&it["name"]);
        let line = format!("     {place:<28} speaks for {whom:<16} {name}");
        output::print_line(line.trim_end());
    }
    for (key, of) in [("rules", "rule"), ("given", "")] {
        for it in list(key) {
            let roles = it["roles"].as_array().cloned().unwrap_or_default();
            let roles: Vec<_> = roles.iter().map(text).collect();
            let or = |words: String, all: &str| if words.is_empty() { all.into() } else { words };
            let place = match it["room"].as_str() {
                Some(room) => format!("in {room}"),
                None => match text(&it["where"]).as_str() {
                    "shared" => "in shared rooms".into(),
                    "own" => "in rooms of one person".into(),
                    _ => String::new(),
                },
            };
            let hours = it["from"].as_str().map(|from| {
                let to = text(&it["to"]);
                format!("from {from} to {to}")
            });
            let line = format!(
                "{:>3}  {of:<5}{:<16} {:<9} → {:<8} {place} {}",
                it["id"]
                    .as_u64()
                    .map(|id| id.to_string())
                    .unwrap_or_default(),
                or(roles.join(", "), "whoever"),
                or(text(&it["risk"]), "whatever"),
                text(&it["ruling"]),
                hours.unwrap_or_default()
            );
            output::print_line(line.trim_end());
        }
    }
}
