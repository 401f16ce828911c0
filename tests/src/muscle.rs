//! A node that works for its hub: `loqa-node` with a model.

use crate::{
    lan::Machine,
    nodes::{Pairing, listed},
    program::{Ended, Home, loqa},
};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Longer than anything takes that is waited for.
const CEILING: Duration = Duration::from_secs(60);

/// The node.
pub struct Muscle<'a> {
    home: &'a Home,
    /// As people call it.
    pub name: &'static str,
    machine: Option<Machine>,
    program: Option<Child>,
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
            program: None,
        };
        muscle.set(runs)?;
        let pairing = Pairing::begin(home.command(["node", "pair", "--json"]))?;
        let at: SocketAddr = pairing.shown["addresses"][0]
            .as_str()
            .context("nowhere")?
            .parse()?;
        let at = match &muscle.machine {
            Some(_) => at,
            None => (Ipv4Addr::LOCALHOST, at.port()).into(),
        };
        let mut joining = muscle.command(&["pair", &pairing.digits()?, "--hub", &at.to_string()]);
        let joining = joining.stdout(Stdio::null()).spawn()?;
        let ended = pairing.answer("yes\n")?;
        ensure!(ended.code == Some(0), "{ended:#?}");
        ensure!(
            joining.wait_with_output()?.status.success(),
            "it has not joined"
        );
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

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(loqa().with_file_name("loqa-node"));
        self.home.surround(&mut command);
        command.args(args).arg("--config");
        command.arg(self.home.path(&format!("{}.toml", self.name)));
        command.arg("--data").arg(self.home.path(self.name));
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
        let mut program = self.command(&["run"]);
        let mut program = program.stderr(Stdio::piped()).spawn()?;
        let told = program.stderr.take().context("no output")?;
        self.program = Some(program);
        let mut told = BufReader::new(told).lines();
        let linked = |line: &std::io::Result<String>| {
            line.as_ref().is_ok_and(|line| line.contains("Linked to"))
        };
        told.find(linked).context("it ended")??;
        // What else it says is of no interest, and is read.
        std::thread::spawn(move || told.for_each(drop));
        Ok(())
    }

    /// Ends it, as kill -9 does.
    pub fn kill(&mut self) {
        if let Some(mut program) = self.program.take() {
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}

impl Drop for Muscle<'_> {
    fn drop(&mut self) {
        self.kill();
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
