//! `loqa-bench`: what Loqa costs, measured on this machine. Run it with `cargo xtask bench`.

mod barge_in;
mod ears;
mod faults;
mod figure;
mod household;
mod idle;
mod intent;
mod kept;
mod llm;
mod memory;
mod model;
mod peer;
mod recording;
mod simulated;
mod skills;
mod store;
mod stt;
mod tts;
mod ui;
mod voice;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "loqa-bench", about = "Measures Loqa on this machine")]
struct Cli {
    /// One JSON document per figure on standard output
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Spoken commands in real time, and on the sample clock: latency and lost words
    Voice(voice::VoiceArgs),
    /// The wake phrase: calls that are missed, talk that is taken for one
    Ears(ears::EarsArgs),
    /// Somebody speaks while Loqa speaks: how soon it is silent, and whether it takes itself for them
    BargeIn(barge_in::BargeInArgs),
    /// A hub that listens to a silent room: processor and memory
    Idle(idle::IdleArgs),
    /// Several machines: the link's cost beside Wyoming's, loss beside TCP, many pucks on one hub, a puck's memory
    Household(household::HouseholdArgs),
    /// Typed sentences against hassil, in small and large households
    Intent(intent::IntentArgs),
    /// kill -9 of the hub at random instants: what was lost or doubled, and how long a restart takes
    Faults(faults::FaultsArgs),
    /// Skills in their sandbox: what a call takes, and what many of them cost
    Skills(skills::SkillsArgs),
    /// Conversations that are kept: writing, looking, checking, among a million events; JetStream beside it
    Store(store::StoreArgs),
    /// Whisper in its process, against pywhispercpp on the same models
    Stt(stt::SttArgs),
    /// Voices: how soon they begin, and what a second of speech takes
    Tts(tts::TtsArgs),
    /// A language model in its process, against llama-cpp-python on the same models
    Llm(llm::LlmArgs),
    /// A question from its last word to the first sound of the answer, against one step after the other
    Model(model::ModelArgs),
    /// The dashboard in a real browser: how soon it shows what happens, and what it costs
    Ui(ui::UiArgs),
    /// Measures nothing: is a slow way between two machines of a test
    #[command(hide = true)]
    Relay(loqa_tests::lan::relay::Relay),
    /// Measures nothing: keeps what is said until it is killed
    #[command(hide = true)]
    Keep(kept::Keep),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut report = figure::Report::new(cli.json);
    let outcome = match cli.bench {
        Bench::Voice(args) => voice::run(args, &mut report),
        Bench::Ears(args) => ears::run(args, &mut report),
        Bench::BargeIn(args) => barge_in::run(args, &mut report),
        Bench::Idle(args) => idle::run(args, &mut report),
        Bench::Household(args) => household::run(args, &mut report),
        Bench::Intent(args) => intent::run(args, &mut report),
        Bench::Faults(args) => faults::run(args, &mut report),
        Bench::Skills(args) => skills::run(args, &mut report),
        Bench::Store(args) => store::run(args, &mut report),
        Bench::Stt(args) => stt::run(args, &mut report),
        Bench::Tts(args) => tts::run(args, &mut report),
        Bench::Llm(args) => llm::run(args, &mut report),
        Bench::Model(args) => model::run(args, &mut report),
        Bench::Ui(args) => ui::run(args, &mut report),
        Bench::Relay(relay) => relay.run(),
        Bench::Keep(keep) => keep.run(),
    };
    report.finish();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
