//! A node that works for its hub: `loqa-node` with a model.

use crate::{
    lan::Machine,
    nodes::{self, Pairing, Running, listed},
    process::CEILING,
    program::{Ended, Home},
};
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{process::Command, time::Instant};

/// The node.
pub struct Muscle<'a> {
    home: &'a Home,
    /// As people call it.
    pub name: &'static str,
    machine: Option<Machine>,
    running: Option<Running>,
}

impl<'a> Muscle<'a> {
    /// Paired with the hub of this home, and linked: on a machine of its own, or on this one. `runs`: what its settings say of
    /// models.
    ///
    /// # Errors
    /// It is not.
    pub fn new(
        home: &'a Home,
        name: &'static str,
        runs: &str,
        machine: Option<Machine>,
    ) -> Result<Muscle<'a>> {
        let mut muscle = Muscle {
            home,
            name,
            machine,
            running: None,
        };
        muscle.set(runs)?;
        match muscle.machine {
            // It finds the hub by itself.
            Some(_) => {
                let hub = home.command(["node", "pair", "--json"]);
                let joins = |pairing: &Pairing| Ok(muscle.command(&["pair", &pairing.digits()?]));
                nodes::pair(hub, joins).map(drop)?;
            }
            None => nodes::pair_here(home, name)?,
        }
        muscle.start()?;
        Ok(muscle)
    }

    /// Its settings say this of models, from its next start on.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn set(&self, runs: &str) -> Result<()> {
        let roles = "roles = [\"inference\"]";
        let inference = format!("[inference]\nstt = 0\ntts = 0\n{runs}\n");
        let settings = format!("name = {:?}\n{roles}\n{inference}", self.name);
        self.home.write(&format!("{}.toml", self.name), settings)?;
        Ok(())
    }

    /// What it says of itself at a command line.
    ///
    /// # Errors
    /// It does not start.
    pub fn status(&self) -> Result<Ended> {
        Ok(self.command(&["status"]).output()?.into())
    }

    /// Waits until it begins another job.
    ///
    /// # Errors
    /// It does not.
    pub fn until_job(&mut self) -> Result<()> {
        let running = self.running.as_mut().context("it does not run")?;
        running.until(&["a job begins"]).map(drop)
    }

    /// Has it stand still, as a machine that has frozen.
    ///
    /// # Errors
    /// It cannot be stopped.
    pub fn freeze(&self) -> Result<()> {
        let running = self.running.as_ref().context("it does not run")?;
        let id = Pid::from_raw(running.id().cast_signed()).context("no process")?;
        Ok(kill_process(id, Signal::STOP)?)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = nodes::node(self.home, self.name, args);
        command.env("RUST_LOG", "warn,loqa_node=info");
        match &self.machine {
            Some(machine) => machine.run(&command),
            None => command,
        }
    }

    /// Starts it, and waits until it is linked.
    ///
    /// # Errors
    /// It ends before.
    pub fn start(&mut self) -> Result<()> {
        let running = self.running.insert(Running::start(self.command(&["run"]))?);
        running.until(&["Linked to"]).map(drop)
    }

    /// Ends it, as kill -9 does.
    pub fn kill(&mut self) {
        self.running = None;
    }
}

/// The nodes of a household, once they are so.
///
/// # Errors
/// They do not become so.
pub fn until(home: &Home, so: impl Fn(&[Value]) -> bool) -> Result<Vec<Value>> {
    let began = Instant::now();
    loop {
        let list = listed(&home.run(["node", "list", "--json"])?)?;
        if so(&list) {
            return Ok(list);
        }
        if began.elapsed() > CEILING {
            bail!("they stay so: {list:#?}");
        }
    }
}

/// Whether a node works on something now.
pub fn works(node: &Value) -> bool {
    node["running"].as_u64().is_some_and(|running| running > 0)
}

/// Whether a node would take work now.
pub fn ready(node: &Value) -> bool {
    let mut work = node["work"].as_array().into_iter().flatten();
    let rests = work.any(|work| !work["rests_s"].is_null());
    node["linked"] == true && node["silent"] == false && !works(node) && !rests
}
