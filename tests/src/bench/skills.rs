//! What it costs that skills run in a sandbox: `cargo xtask bench skills`.

use super::{
    figure::{Goal, Report, quantile},
    memory::mib,
};
use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use loqa_core::{grammar::Grammar, manifest::Manifest};
use loqa_engine::{
    hub::demonstration_home,
    skills::{Code, Component, Machine, Process, Registry},
};
use loqa_skill_host::{
    frames::{Budget, Fault, Import, StepKind},
    runtime::{Hub, Runtime, compile},
};
use loqa_skill_sdk::{Plan, Prepared, Request, Value, testing::House};
use loqa_tests::program;
use serde::Deserialize;
use std::{
    fs, io,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// Arguments of `bench skills`.
#[derive(Args)]
pub struct SkillsArgs {
    /// Calls of each kind
    #[arg(long, default_value_t = 2000)]
    calls: usize,
    /// Installed skills at once
    #[arg(long, default_value_t = 200)]
    installed: usize,
}

/// The skill that is measured, as it comes with Loqa.
const SKILL: &str = "timers";
/// What a skill that is a script does for the same command: starts, reads it, answers.
const SCRIPT: &str = "import json, sys\nrequest = json.load(sys.stdin)\nminutes = request['duration'] // 60\nprint(json.dumps({'reply': f'{minutes} minutes, starting now.'}))";

/// Reports what calls of skills take.
pub fn run(args: SkillsArgs, report: &mut Report) -> Result<()> {
    let beside = program::loqa().canonicalize()?;
    let folder = beside.with_file_name("skills").join(SKILL);
    let here = in_this_process(&folder, args.calls)?;
    let across = across(&beside, &folder, args.calls)?;
    let script = script(50.min(args.calls))?;
    let mut figure =
        |metric: &str, value, unit: &str, goal| report.figure("skills", metric, value, unit, goal);
    for (name, times, bound) in [
        ("cold", &here.cold, 1000.0),
        ("warm_in_process", &here.warm, 100.0),
        ("warm_across", &across, 300.0),
    ] {
        figure(
            &format!("{name}_p50"),
            quantile(times, 0.5),
            "µs",
            Goal::None,
        );
        figure(
            &format!("{name}_p99"),
            quantile(times, 0.99),
            "µs",
            Goal::AtMost(bound),
        );
    }
    figure("script_p50", quantile(&script, 0.5), "µs", Goal::None);
    let ratio = quantile(&across, 0.5).zip(quantile(&script, 0.5));
    let ratio = ratio.map(|(ours, scripts)| ours / scripts);
    figure("warm_across_of_script", ratio, "ratio", Goal::AtMost(0.01));
    if let Some(extism) = Extism::measure(args.calls)? {
        // Loqa gives each call a new instance, so that nothing is left for the next; extism can too,
        // or keeps one.
        let ours = quantile(&here.warm, 0.5);
        for (name, times, goal) in [
            ("fresh", &extism.fresh_us, Goal::AtMost(0.5)),
            ("kept", &extism.kept_us, Goal::None),
        ] {
            let theirs = quantile(times, 0.5);
            let ratio = ours.zip(theirs).map(|(ours, theirs)| ours / theirs);
            figure(&format!("extism_{name}_p50"), theirs, "µs", Goal::None);
            figure(
                &format!("warm_in_process_of_extism_{name}"),
                ratio,
                "ratio",
                goal,
            );
        }
    }
    figure(
        "runaway_past_deadline_max",
        Some(runaway()?),
        "ms",
        Goal::AtMost(10.0),
    );
    let many = many(&beside, &folder, args.installed)?;
    let installed = args.installed as f64;
    figure(
        &format!("start_with_{installed}"),
        Some(many.start_s),
        "s",
        Goal::AtMost(1.0),
    );
    figure(
        &format!("memory_each_of_{installed}"),
        Some(many.each_mib),
        "MiB",
        Goal::AtMost(1.0),
    );
    let grammar = grammar(args.installed)?;
    figure(
        &format!("grammar_of_{installed}"),
        Some(grammar.all_ms),
        "ms",
        Goal::AtMost(200.0),
    );
    figure("grammar_alone", Some(grammar.alone_ms), "ms", Goal::None);
    Ok(())
}

struct Grammars {
    /// With so many skills beside those that come with Loqa, ms.
    all_ms: f64,
    /// With those alone, ms.
    alone_ms: f64,
}

/// What can be said with so many installed skills, each with three intents and a list, in the demo
/// household: made from their manifests, and made ready for the recogniser. The fastest of three.
fn grammar(installed: usize) -> Result<Grammars> {
    let home = demonstration_home().map_err(|problem| anyhow!("{problem}"))?;
    let built_in = Registry::built_in()?;
    let others = (0..installed).map(|number| {
        let name: String = format!("{number:03}")
            .bytes()
            .map(|digit| ["ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru"][usize::from(digit - b'0')])
            .collect();
        let text = format!(
            "name: s{number}\nlists:\n  kind: [red, green, black, white, small, large, first, last]\nintents:\n  start:\n    sentences: [\"(start|begin) [the] {{kind}} {name} [for {{duration}}]\"]\n  stop:\n    sentences: [\"(stop|end) [the] {{kind}} {name}\"]\n  ask:\n    sentences: [\"how (is|was) [the] {name} [in [the] {{area}}]\"]\n"
        );
        Manifest::parse(&name, &text).map_err(|errors| anyhow!("{errors:?}"))
    });
    let mut all = built_in.manifests().to_vec();
    all.extend(others.collect::<Result<Vec<_>>>()?);
    let fastest = |manifests: &[Manifest]| -> Result<f64> {
        let mut fastest = f64::INFINITY;
        for _ in 0..3 {
            let start = Instant::now();
            let grammar = Grammar::compile(manifests, &home);
            let grammar = grammar.map_err(|errors| anyhow!("{errors:?}"))?;
            std::hint::black_box(grammar.speech());
            fastest = fastest.min(us(start) / 1e3);
        }
        Ok(fastest)
    };
    Ok(Grammars {
        all_ms: fastest(&all)?,
        alone_ms: fastest(built_in.manifests())?,
    })
}

/// A hub that answers from a house in memory.
#[derive(Clone)]
struct InMemory(Arc<Mutex<House>>);

impl Hub for InMemory {
    fn ask(&mut self, import: &Import) -> io::Result<Vec<u8>> {
        let mut house = self.0.lock().map_err(|_| io::ErrorKind::Other)?;
        import
            .act(&mut *house)
            .ok_or_else(|| io::ErrorKind::Other.into())
    }
}

fn request() -> Request {
    Request {
        intent: "set".into(),
        slots: vec![("duration".into(), Value::Number(600.0))],
        room: None,
    }
}

fn plan(prepared: Prepared) -> Result<Plan> {
    match prepared {
        Prepared::Plan(plan) => Ok(plan),
        other => Err(anyhow!("not a plan: {other:?}")),
    }
}

struct Here {
    /// From machine code to the first plan, µs.
    cold: Vec<f64>,
    /// Prepare and commit, µs.
    warm: Vec<f64>,
}

fn us(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e6
}

fn in_this_process(folder: &Path, calls: usize) -> Result<Here> {
    let code = |step: StepKind| -> Result<Vec<u8>> {
        let path = folder.join(step.name()).with_extension("wasm");
        let bytes = fs::read(&path).with_context(|| format!("{}", path.display()))?;
        Ok(compile(&bytes)?)
    };
    let (prepares, commits) = (code(StepKind::Prepare)?, code(StepKind::Commit)?);
    let runtime = Runtime::new()?;
    let hub = || InMemory(Arc::new(Mutex::new(House::default())));
    let permissions = ["timer".to_owned()];
    let load = |step, code: &[u8]| runtime.load(SKILL, step, &permissions, Budget::default(), code);
    let mut here = Here {
        cold: Vec::new(),
        warm: Vec::new(),
    };
    for _ in 0..calls.min(500) {
        let start = Instant::now();
        load(StepKind::Prepare, &prepares)?;
        runtime.prepare(SKILL, request(), Box::new(hub()))?;
        here.cold.push(us(start));
    }
    load(StepKind::Commit, &commits)?;
    for _ in 0..calls {
        let house = hub();
        let start = Instant::now();
        let (prepared, _) = runtime.prepare(SKILL, request(), Box::new(house.clone()))?;
        let (reply, _) = runtime.commit(SKILL, plan(prepared)?, Box::new(house))?;
        here.warm.push(us(start));
        reply.map_err(|error| anyhow!(error.0))?;
    }
    Ok(here)
}

/// A skill's components under a name.
fn component(folder: &Path, name: String, machine: &Machine) -> Result<Arc<Component>> {
    let manifest = Manifest {
        name,
        permissions: vec!["timer".into()],
        ..Manifest::default()
    };
    Component::in_folder(&manifest, folder, machine)
        .with_context(|| format!("no code in {}", folder.display()))
}

/// What lies beside `loqa`; machine code is kept in a folder of the bench's own.
fn machine(loqa: &Path, data: &Path) -> Machine {
    Machine {
        process: Arc::new(Process::of(loqa.with_file_name("loqa-skill-host"))),
        ..Machine::beside(data)
    }
}

fn across(loqa: &Path, folder: &Path, calls: usize) -> Result<Vec<f64>> {
    let cache = tempfile::tempdir()?;
    let machine = machine(loqa, cache.path());
    let skill = component(folder, SKILL.into(), &machine)?;
    machine.process.add(&skill)?;
    let mut times = Vec::new();
    for call in 0..calls + 50 {
        let mut house = House::default();
        let start = Instant::now();
        let plan = plan(skill.prepare(&request(), &house)?)?;
        let reply = skill.commit(&plan, &mut house)?;
        if call >= 50 {
            times.push(us(start));
        }
        reply.map_err(|error| anyhow!(error.0))?;
    }
    Ok(times)
}

fn script(calls: usize) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    for _ in 0..calls {
        let start = Instant::now();
        let mut child = Command::new("python3")
            .args(["-c", SCRIPT])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .context("python3 is not there")?;
        io::copy(
            &mut &br#"{"duration": 600}"#[..],
            &mut child.stdin.take().context("no input")?,
        )?;
        let output = child.wait_with_output()?;
        times.push(us(start));
        anyhow::ensure!(output.status.success());
    }
    Ok(times)
}

/// What extism takes for prepare and commit of the same skill, µs a call.
#[derive(Deserialize)]
struct Extism {
    /// With an instance that is kept.
    kept_us: Vec<f64>,
    /// With a new instance for each of the two.
    fresh_us: Vec<f64>,
    reply: String,
}

impl Extism {
    /// Runs it; `None`, with the reason on standard error, where there is none.
    fn measure(calls: usize) -> Result<Option<Extism>> {
        let plugin = std::env::var_os("LOQA_EXTISM_PLUGIN");
        let (Some(python), Some(plugin)) = (std::env::var_os("LOQA_PYTHON"), plugin) else {
            eprintln!("skipped: extism (`cargo xtask bench skills` brings it)");
            return Ok(None);
        };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/extism_timers.py");
        let mut run = Command::new(python);
        run.arg(script).arg(plugin);
        run.arg(serde_json::to_string(&request())?);
        let output = run.arg(calls.to_string()).output()?;
        anyhow::ensure!(
            output.status.success(),
            "extism: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let extism: Extism = serde_json::from_slice(&output.stdout)?;
        let reply = &extism.reply;
        anyhow::ensure!(reply == "10 minutes, starting now.", "extism: {reply}");
        Ok(Some(extism))
    }
}

/// How long after its deadline a skill that never ends is ended, ms: the longest of 20.
fn runaway() -> Result<f64> {
    let text = b"(component (core module $m (func $f (loop (br 0))) (start $f)) (core instance (instantiate $m)))";
    let budget = Budget {
        time_ms: 50,
        ..Budget::default()
    };
    let runtime = Runtime::new()?;
    let code = compile(&wat::parse_bytes(text)?)?;
    runtime.load("runaway", StepKind::Prepare, &[], budget, &code)?;
    let mut longest = Duration::ZERO;
    for _ in 0..20 {
        let start = Instant::now();
        let hub = InMemory(Arc::new(Mutex::new(House::default())));
        let fault = runtime.prepare("runaway", request(), Box::new(hub)).err();
        anyhow::ensure!(fault == Some(Fault::Time(50)), "{fault:?}");
        longest = longest.max(start.elapsed());
    }
    Ok((longest.as_secs_f64() - 0.05) * 1e3)
}

struct Many {
    start_s: f64,
    each_mib: f64,
}

/// What a process costs in which so many skills are.
fn many(loqa: &Path, folder: &Path, installed: usize) -> Result<Many> {
    let cache = tempfile::tempdir()?;
    let with = |installed: usize| -> Result<(f64, f64)> {
        let machine = machine(loqa, cache.path());
        let process = &machine.process;
        let skills = (0..installed).map(|number| {
            let skill = component(folder, format!("{SKILL}{number}"), &machine)?;
            process.add(&skill)?;
            Ok(skill)
        });
        let _known = skills.collect::<Result<Vec<_>>>()?;
        let start = Instant::now();
        process.start()?;
        let start_s = start.elapsed().as_secs_f64();
        let id = process.id().context("it has ended")?;
        Ok((start_s, mib(id, &["Private_Dirty", "Private_Clean"])?))
    };
    // The first has the machine code made.
    let (_, without) = with(1)?;
    let (start_s, whole) = with(installed)?;
    Ok(Many {
        start_s,
        each_mib: (whole - without) / (installed - 1).max(1) as f64,
    })
}
