//! The `loqa` command: one file per subcommand, all of them clients of the same gateway.

mod ask;
mod audit;
mod backup;
mod config;
mod dashboard;
mod demo;
mod devices;
mod doctor;
mod hidden;
mod home_assistant;
mod hub;
mod intent;
mod kept;
mod link;
mod model;
mod node;
mod outgoing;
mod output;
mod people;
mod privacy;
mod say;
mod session;
mod skill;
mod timer;
mod transcribe;
mod wake;
mod wav_file;
mod wipe;

pub use hub::interrupted;
pub use wake::OPEN_SENTENCES;

use crate::{config::Flags, hub::HubOptions};
use clap::{Args, CommandFactory, Parser, Subcommand};
use loqa_protocol::Problem;
use std::{path::PathBuf, process::ExitCode};

/// A private voice assistant that lives in your house.
#[derive(Parser)]
#[command(
    name = "loqa",
    version,
    arg_required_else_help = true,
    after_help = "Try:\n  \
        loqa ask \"set a timer for ten minutes\"     one typed command\n  \
        loqa ask --wav hello.wav                   one spoken command, fed in real time\n  \
        loqa hub                                   stay up and answer\n  \
        loqa doctor                                what is missing, and what to do about it\n\n\
        Commands talk to a running hub of the same data folder; without one they start the engine themselves."
)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Args, Clone, Debug, Default)]
pub struct Common {
    /// Settings file (default: loqa.toml in your configuration folder)
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data folder: timers, lists, device states, the hub's socket
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Rooms and devices (default: home.toml beside the settings file, else a demo household)
    #[arg(long, global = true, value_name = "FILE")]
    pub home: Option<PathBuf>,
    /// A folder of skills, added to the built-in ones (may be given several times)
    #[arg(long, global = true, value_name = "DIR")]
    pub skills: Vec<PathBuf>,
    /// A folder of skills in place of the built-in ones ("undo that", "stop" and the like stay)
    #[arg(long, global = true, value_name = "DIR", conflicts_with = "skills")]
    pub only_skills: Option<PathBuf>,
    /// One JSON document per line on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Log more on standard error (-v, -vv)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Subcommand)]
enum Command {
    /// Run the hub until Ctrl-C
    Hub(hub::HubArgs),
    /// Give one or more commands, typed or recorded: each argument is one turn of one conversation
    Ask(ask::AskArgs),
    /// Write down what is said in WAV files, without acting
    Transcribe(transcribe::TranscribeArgs),
    /// Read sentences from standard input, one a line, and tell what each means, without acting
    Intent,
    /// Speak a text
    Say(say::SayArgs),
    /// Timers
    #[command(subcommand)]
    Timer(timer::TimerCommand),
    /// List microphones and speakers, choose them, and show how loud it is
    Devices(devices::DevicesArgs),
    /// Show where the dashboard is, with the code that opens it
    Dashboard(dashboard::DashboardArgs),
    /// Home Assistant, whose rooms and devices can be part of the house
    #[command(subcommand)]
    HomeAssistant(home_assistant::HomeAssistantCommand),
    /// Wake phrases
    #[command(subcommand)]
    Wake(wake::WakeCommand),
    /// Models that can be fetched, and those that are here
    #[command(subcommand)]
    Model(model::ModelCommand),
    /// Make skills, install them, and tell what they may do
    #[command(subcommand)]
    Skill(skill::SkillCommand),
    /// Conversations that are kept, for those who want that
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// Whether what is kept is what was written, and what was done with it
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Write everything that is kept to one sealed file
    Backup(backup::BackupArgs),
    /// Bring a backup back, where there is no household
    Restore(backup::RestoreArgs),
    /// The red button: make everything that Loqa keeps unreadable, for good
    Wipe(wipe::WipeArgs),
    /// Tell what leaves the house and what is kept in it, seal it, and choose what is kept
    Privacy(privacy::PrivacyArgs),
    /// Who lives here, whom microphones, screens and rooms speak for, and who may do what
    #[command(subcommand)]
    People(people::PeopleCommand),
    /// Machines that belong to the household besides the hub: pair, list and revoke them
    #[command(subcommand)]
    Node(node::NodeCommand),
    /// Tell what is missing or degraded, each with its remedy
    Doctor,
    /// Settings
    Config(config::ConfigArgs),
    /// Print completions for a shell
    Completions {
        /// bash, zsh, fish, elvish or powershell
        shell: clap_complete::Shell,
    },
}

/// Runs the command line; the process's exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let stays_up = matches!(&cli.command, Command::Hub(args) if !args.demonstrates());
    crate::telemetry::init(cli.common.verbose, stays_up);
    if let Command::Completions { shell } = cli.command {
        clap_complete::generate(shell, &mut Cli::command(), "loqa", &mut std::io::stdout());
        return ExitCode::SUCCESS;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            output::print_error(&format!(
                "cannot start: {error}\n  help: end some programs: this one may have no more threads"
            ));
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(run(cli));
    // Other native threads may still be inside a call; they hold nothing that outlives the process.
    crate::models::end();
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    match result {
        Ok(code) => code,
        Err(problem) => {
            output::print_error(&problem);
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode, Problem> {
    let common = &cli.common;
    match cli.command {
        Command::Hub(args) => hub::run(common, args).await,
        Command::Ask(args) => ask::run(common, args).await,
        Command::Transcribe(args) => transcribe::run(common, args).await,
        Command::Intent => intent::run(common).await,
        Command::Say(args) => say::run(common, args).await,
        Command::Timer(command) => timer::run(common, command).await,
        Command::Devices(args) => devices::run(common, args).await,
        Command::HomeAssistant(command) => home_assistant::run(common, command).await,
        Command::Wake(command) => wake::run(common, command).await,
        Command::Model(command) => model::run(common, command).await,
        Command::Dashboard(args) => dashboard::run(common, args).await,
        Command::Skill(command) => skill::run(common, command).await,
        Command::Session(command) => session::run(common, command).await,
        Command::Audit(command) => audit::run(common, command).await,
        Command::Backup(args) => backup::back_up(common, args).await,
        Command::Restore(args) => backup::restore(common, &args),
        Command::Wipe(args) => wipe::run(common, args).await,
        Command::Privacy(args) => privacy::run(common, args).await,
        Command::People(command) => people::run(common, command).await,
        Command::Node(command) => node::run(common, command).await,
        Command::Doctor => doctor::run(common).await,
        Command::Config(args) => config::run(common, args),
        Command::Completions { .. } => Ok(ExitCode::SUCCESS),
    }
}

impl Common {
    /// The engine these options describe.
    pub fn hub_options(&self) -> HubOptions {
        HubOptions::new(self.flags())
    }

    /// What they say about settings.
    pub fn flags(&self) -> Flags {
        Flags {
            config: self.config.clone(),
            data: self.data.clone(),
            home: self.home.clone(),
            skills: self.skills.clone(),
            only_skills: self.only_skills.clone(),
        }
    }

    /// Whether they describe a household or skills of their own.
    pub fn names_household(&self) -> bool {
        self.home.is_some() || !self.skills.is_empty() || self.only_skills.is_some()
    }
}
