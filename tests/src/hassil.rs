//! hassil, the Home Assistant community's matcher for the same sentence templates, as something to
//! compare with: a Python process that answers, and our manifests in its format.

use anyhow::{Context, Result, bail};
use jiff::Zoned;
use loqa_core::{
    grammar::{Step, normalize},
    home::{DeviceKind, Home},
    manifest::{List, Manifest},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// What a sentence means: `skill.intent` and slots. hassil may find several.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Answer {
    /// `skill.intent`.
    pub intent: String,
    /// Slot → value.
    pub slots: Map<String, Value>,
}

/// A running hassil. Dropping it ends the process.
pub struct Hassil {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Hassil {
    /// Starts the interpreter named by `LOQA_PYTHON`. `Ok(None)`, with the reason on standard
    /// error, where that is not set or has no hassil.
    ///
    /// # Errors
    /// The interpreter is named but cannot be started.
    pub fn start() -> Result<Option<Hassil>> {
        let Some(python) = std::env::var_os("LOQA_PYTHON") else {
            eprintln!("skipped: LOQA_PYTHON is not set (`cargo xtask` sets it)");
            return Ok(None);
        };
        let has_hassil = Command::new(&python)
            .args(["-c", "import hassil"])
            .stderr(Stdio::null())
            .status();
        if !has_hassil
            .with_context(|| format!("LOQA_PYTHON: cannot start {}", python.display()))?
            .success()
        {
            eprintln!(
                "skipped: {} has no hassil (`pip install hassil`)",
                python.display()
            );
            return Ok(None);
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/hassil_answers.py");
        let mut child = Command::new(&python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("the interpreter has no standard input or output");
        };
        Ok(Some(Hassil {
            child,
            input,
            output: BufReader::new(output),
        }))
    }

    /// Loads skills and a household; the time hassil took, s.
    ///
    /// # Errors
    /// hassil refused them.
    pub fn load(&mut self, manifests: &[Manifest], home: &Home) -> Result<f64> {
        #[derive(Deserialize)]
        struct Loaded {
            load_s: f64,
        }
        let loaded: Loaded = self.request(&json!({ "load": document(manifests, home) }))?;
        Ok(loaded.load_s)
    }

    /// Every way to understand each sentence.
    ///
    /// # Errors
    /// The process ended.
    pub fn ask(&mut self, sentences: &[String]) -> Result<Vec<Vec<Answer>>> {
        #[derive(Deserialize)]
        struct Answers {
            answers: Vec<Vec<Answer>>,
        }
        let answers: Answers = self.request(&json!({ "ask": sentences }))?;
        Ok(answers.answers)
    }

    /// Time to the first answer, ns, per sentence: the best of `rounds`.
    ///
    /// # Errors
    /// The process ended.
    pub fn time(&mut self, sentences: &[String], rounds: usize) -> Result<Vec<f64>> {
        #[derive(Deserialize)]
        struct Times {
            best_ns: Vec<f64>,
        }
        let times: Times = self.request(&json!({ "time": sentences, "rounds": rounds }))?;
        Ok(times.best_ns)
    }

    fn request<T: serde::de::DeserializeOwned>(&mut self, request: &Value) -> Result<T> {
        writeln!(self.input, "{request}")?;
        self.input.flush()?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        serde_json::from_str(&line).context("hassil gave no answer; its error is above")
    }
}

impl Drop for Hassil {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Manifests and household as hassil reads them. Lists and rules of all skills share one name
/// space there. The built-in lists of devices and areas are written out; of the typed ones it gets
/// some colours and no durations, times and dates, which it cannot express.
pub fn document(manifests: &[Manifest], home: &Home) -> Value {
    let mut lists = Map::new();
    lists.insert("device".into(), devices(home, &DeviceKind::ALL));
    for kind in DeviceKind::ALL {
        lists.insert(kind.as_str().into(), devices(home, &[kind]));
    }
    let areas = home
        .areas
        .iter()
        .flat_map(|area| names(&area.name, &area.aliases, &area.id));
    lists.insert(
        "area".into(),
        json!({ "values": areas.collect::<Vec<_>>() }),
    );
    lists.insert(
        "colour".into(),
        json!({ "values": ["red", "green", "blue", "yellow", "purple", "white"] }),
    );
    let (mut rules, mut intents) = (Map::new(), Map::new());
    for manifest in manifests {
        for (name, list) in &manifest.lists {
            lists.insert(name.clone(), self::list(list, home));
        }
        rules.extend(
            manifest
                .rules
                .iter()
                .map(|(name, rule)| (name.clone(), rule.as_str().into())),
        );
        for intent in &manifest.intents {
            let data = json!([{ "sentences": intent.sentences, "slots": intent.slots }]);
            intents.insert(
                format!("{}.{}", manifest.name, intent.name),
                json!({ "data": data }),
            );
        }
    }
    json!({ "language": "en", "intents": intents, "lists": lists, "expansion_rules": rules })
}

fn list(list: &List, home: &Home) -> Value {
    match list {
        List::Values(values) => {
            let values: Vec<Value> = values
                .iter()
                .map(|value| json!({ "in": value.said, "out": value.means }))
                .collect();
            json!({ "values": values })
        }
        List::Range { from, to, step } => {
            json!({ "range": { "from": from, "to": to, "step": step } })
        }
        List::Text { .. } => json!({ "wildcard": true }),
        List::Devices(kinds) => devices(home, kinds),
    }
}

fn devices(home: &Home, kinds: &[DeviceKind]) -> Value {
    let devices = home
        .devices
        .iter()
        .filter(|device| kinds.contains(&device.kind));
    let values = devices.flat_map(|device| names(&device.name, &device.aliases, &device.id));
    json!({ "values": values.collect::<Vec<_>>() })
}

fn names<'h>(
    name: &'h str,
    aliases: &'h [String],
    id: &'h str,
) -> impl Iterator<Item = Value> + 'h {
    std::iter::once(name)
        .chain(aliases.iter().map(String::as_str))
        .map(move |name| json!({ "in": name, "out": id }))
}

impl Answer {
    /// What Loqa understood, in the same form. Times and dates are those of this moment.
    pub fn of(step: &Step) -> Answer {
        let now = Zoned::now();
        let slots = step
            .slots
            .iter()
            .map(|(name, value)| (name.clone(), value.to_json(&now)));
        Answer {
            intent: format!("{}.{}", step.skill, step.intent),
            slots: slots.collect(),
        }
    }

    /// Whether both mean the same: 21 is 21.0, texts are the same words, and slots have no order.
    pub fn same(&self, other: &Answer) -> bool {
        self.intent == other.intent
            && self.slots.len() == other.slots.len()
            && self.slots.iter().all(|(name, value)| {
                let other = other.slots.get(name);
                other.is_some_and(|other| same(value, other))
            })
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::String(a), Value::String(b)) => normalize(a) == normalize(b),
        _ => a == b,
    }
}
