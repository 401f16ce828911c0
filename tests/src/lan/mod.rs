//! A little network for a test: machines on one switch, each with addresses of its own. They are network namespaces, which are
//! gone with the last process in them, whatever becomes of the test; nothing of them reaches the machine that runs it.

pub mod deaths;
pub mod faults;
pub mod relay;
pub mod scene;

use crate::namespace::Namespace;
use anyhow::{Context, Result, ensure};
use std::{
    collections::BTreeSet,
    fmt::Write as _,
    io::Write,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    process::{Command, Stdio},
    sync::OnceLock,
};

/// Where machines move to, by that many.
const MOVED: u8 = 100;

/// Whose addresses there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Family {
    /// IPv4 and IPv6.
    #[default]
    Both,
    /// IPv6 alone.
    V6,
}

/// A switch, and what its wires do to what goes over them.
pub struct Lan {
    switch: Namespace,
    family: Family,
    machines: u8,
    /// Of a thousand frames, so many are lost.
    loss: u32,
    /// Machines that nothing reaches.
    cut: BTreeSet<u8>,
    /// Pairs that hear nothing of each other over UDP.
    apart: BTreeSet<(u8, u8)>,
    /// Machines that nobody asks for any more.
    others: Vec<Machine>,
}

/// One of its machines.
pub struct Machine {
    namespace: Namespace,
    number: u8,
    family: Family,
    moves: u8,
}

/// `program`, in a namespace.
fn enter(namespace: &Namespace, program: &str) -> Command {
    let mut command = Command::new(tool("nsenter"));
    command
        .args(["--preserve-credentials", "--user", "--net", "--target"])
        .arg(namespace.id())
        .arg("--")
        .arg(program);
    command
}

/// Has `program` read a script in a namespace.
fn script(namespace: &Namespace, program: &[&str], script: &str) -> Result<()> {
    let mut command = enter(namespace, tool(program[0]));
    let mut child = command
        .args(&program[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().context("no input")?;
    let _ = stdin.write_all(script.as_bytes());
    drop(stdin);
    let output = child.wait_with_output()?;
    let why = String::from_utf8_lossy(&output.stderr);
    let done = output.status.success();
    ensure!(done, "{}: {}\n{script}", program[0], why.trim());
    Ok(())
}

fn ip(namespace: &Namespace, commands: &str) -> Result<()> {
    script(namespace, &["ip", "-batch", "-"], commands)
}

/// Where a tool of the system is: those of `sbin` are not on everybody's path.
fn tool(name: &str) -> &str {
    static FOUND: OnceLock<Vec<String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let folders = std::env::var("PATH").unwrap_or_default();
        let folders: Vec<&str> = folders.split(':').chain(["/usr/sbin", "/sbin"]).collect();
        let tools = ["ip", "nft", "nsenter", "unshare", "setpriv", "sh"];
        let at = |tool: &&str| {
            let mut paths = folders.iter().map(|folder| format!("{folder}/{tool}"));
            paths.find(|path| std::path::Path::new(path).exists())
        };
        tools.iter().filter_map(at).collect()
    });
    let ends = |path: &&String| path.rsplit('/').next() == Some(name);
    found.iter().find(ends).map_or(name, String::as_str)
}

/// Why there can be no such network on this machine, if there cannot: it is tried once.
pub fn refused() -> Option<&'static str> {
    static REFUSED: OnceLock<Option<String>> = OnceLock::new();
    let refused = REFUSED.get_or_init(|| {
        let tried = || {
            let mut lan = Lan::new(Family::Both)?;
            lan.machine()?;
            lan.lose(1)
        };
        let error = tried().err()?;
        Some(format!(
            "a network of network namespaces is not to be had here: {error:#} (`cargo xtask setup` installs ip and nft)"
        ))
    });
    refused.as_deref()
}

impl Lan {
    /// A switch without machines.
    ///
    /// # Errors
    /// The kernel or the account permits none: [`refused`].
    pub fn new(family: Family) -> Result<Lan> {
        let mut unshare = Command::new(tool("unshare"));
        unshare.args(["--user", "--map-root-user", "--net"]);
        let switch = Namespace::hold(unshare)?;
        // Nobody asks who listens to what: every group goes everywhere, as over a switch that knows of none.
        ip(
            &switch,
            "link set lo up\nlink add br0 type bridge mcast_snooping 0\nlink set br0 up\n",
        )?;
        Ok(Lan {
            switch,
            family,
            machines: 0,
            loss: 0,
            cut: BTreeSet::new(),
            apart: BTreeSet::new(),
            others: Vec::new(),
        })
    }

    /// One more machine.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn machine(&mut self) -> Result<Machine> {
        self.machines += 1;
        let number = self.machines;
        ensure!(number < MOVED, "too many machines");
        let mut unshare = enter(&self.switch, tool("unshare"));
        unshare.arg("--net");
        let namespace = Namespace::hold(unshare)?;
        // Nobody else has these addresses, so they count at once.
        let at_once = "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad\n";
        script(&namespace, &["sh"], at_once)?;
        let holder = namespace.id();
        let plugged = format!(
            "link add m{number} type veth peer name eth0 netns {holder}\nlink set m{number} master br0 up\n"
        );
        ip(&self.switch, &plugged)?;
        let machine = Machine {
            namespace,
            number,
            family: self.family,
            moves: 0,
        };
        let mut script = "link set lo up\nlink set eth0 up\n".to_owned();
        machine.addresses(&mut script);
        ip(&machine.namespace, &script)?;
        Ok(machine)
    }

    /// Keeps a machine for as long as there is this network.
    pub fn keep(&mut self, machine: Machine) {
        self.others.push(machine);
    }

    /// From now on loses so many of a thousand frames.
    ///
    /// # Errors
    /// nftables refuses.
    pub fn lose(&mut self, permille: u32) -> Result<()> {
        self.loss = permille;
        self.rule()
    }

    /// From now on nothing reaches this machine, and nothing comes from it.
    ///
    /// # Errors
    /// nftables refuses.
    pub fn cut(&mut self, machine: &Machine) -> Result<()> {
        self.cut.insert(machine.number);
        self.rule()
    }

    /// From now on these two reach each other no more by UDP, but over others.
    ///
    /// # Errors
    /// nftables refuses.
    pub fn part(&mut self, one: &Machine, other: &Machine) -> Result<()> {
        self.apart.insert((one.number, other.number));
        self.rule()
    }

    /// All machines are reached again, and no frame is lost.
    ///
    /// # Errors
    /// nftables refuses.
    pub fn mend(&mut self) -> Result<()> {
        self.loss = 0;
        self.cut.clear();
        self.rule()
    }

    fn rule(&self) -> Result<()> {
        let mut rules = String::new();
        for number in &self.cut {
            let _ = writeln!(
                rules,
                "iifname \"m{number}\" drop\noifname \"m{number}\" drop"
            );
        }
        for (one, other) in &self.apart {
            for (from, to) in [(one, other), (other, one)] {
                let _ = writeln!(
                    rules,
                    "iifname \"m{from}\" oifname \"m{to}\" meta l4proto udp drop"
                );
            }
        }
        if self.loss > 0 {
            let _ = writeln!(rules, "numgen random mod 1000 < {} drop", self.loss);
        }
        // One transaction: there is no moment without any.
        let rules = format!(
            "table bridge wires\ndelete table bridge wires\ntable bridge wires {{\nchain forward {{\ntype filter hook forward priority 0;\n{rules}}}\n}}\n"
        );
        script(&self.switch, &["nft", "-f", "-"], &rules)
    }
}

impl Machine {
    /// This command, on this machine. It is ended with the thread that starts it, whatever becomes of that.
    pub fn run(&self, command: &Command) -> Command {
        let mut run = enter(&self.namespace, tool("setpriv"));
        run.args(["--pdeathsig", "KILL"])
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => run.env(name, value),
                None => run.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            run.current_dir(folder);
        }
        run
    }

    /// One of its addresses.
    pub fn address(&self) -> IpAddr {
        match self.family {
            Family::Both => self.v4().into(),
            Family::V6 => self.v6().into(),
        }
    }

    fn host(&self) -> u8 {
        self.number + MOVED * (self.moves % 2)
    }

    fn v4(&self) -> Ipv4Addr {
        [10, 77, 0, self.host()].into()
    }

    fn v6(&self) -> Ipv6Addr {
        Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, self.host().into())
    }

    fn addresses(&self, script: &mut String) {
        if self.family == Family::Both {
            let _ = writeln!(script, "addr add {}/24 dev eth0", self.v4());
        }
        let _ = writeln!(script, "addr add {}/64 dev eth0", self.v6());
    }

    /// Has other addresses from now on, as one that has come to another access point.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn roam(&mut self) -> Result<()> {
        self.moves += 1;
        let mut script = "addr flush dev eth0 scope global\n".to_owned();
        self.addresses(&mut script);
        ip(&self.namespace, &script)
    }
}
