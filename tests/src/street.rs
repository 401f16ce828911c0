//! A house on a street of its own: programs run in a network namespace whose one way out leads to
//! another, and every packet that takes it is counted, whoever it is for.

use crate::{namespace::Namespace, program::Home};
use anyhow::{Context, Result};
use std::{
    ffi::OsStr,
    io::{self, Read, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// The house's and the street's end of what joins them. Neither is an address of anybody.
const HOUSE: [&str; 2] = ["10.77.0.2/24", "fd77::2/64"];
/// Where the house sends all that it does not know.
pub const STREET: [&str; 2] = ["10.77.0.1", "fd77::1"];
/// What the kernel says by itself where there is IPv6: who is there, and who wants to hear whom.
const RULES: &str = "table inet watch {
    counter left { }
    chain out {
        type filter hook output priority 0;
        oifname \"house\" icmpv6 type { 130, 131, 132, 133, 134, 135, 136, 143 } accept
        oifname \"house\" counter name left
    }
}";

/// The house and its street; gone when it is dropped.
pub struct Street {
    house: Namespace,
    _street: Namespace,
    /// Packets are counted by the kernel's filter; else by the wire, without IPv6.
    filtered: bool,
}

impl Street {
    /// A house with a way out, of which nothing was taken yet; `None`, and why, without the right to
    /// make one.
    ///
    /// # Errors
    /// It is half made.
    pub fn build(home: &Home) -> Result<Option<Street>> {
        // A name server that would have to be asked over the street.
        let names = home.write("resolv.conf", format!("nameserver {}\n", STREET[0]))?;
        let Some(street) = Namespace::new(None) else {
            eprintln!("skipped: no right to make a network of its own");
            return Ok(None);
        };
        let house = Namespace::new(Some(&names)).context("one network, and not another")?;
        let (inside, outside) = (house.id(), street.id());
        let joined = Command::new("ip")
            .args(["link", "add", "name", "house", "netns", &inside, "type"])
            .args(["veth", "peer", "name", "street", "netns", &outside])
            .status();
        if !joined.is_ok_and(|joined| joined.success()) {
            eprintln!("skipped: no right to make a street, or no `ip`");
            return Ok(None);
        }
        let filtered = house.run("nft --version").is_ok();
        if !filtered {
            house.run("echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6")?;
            street.run("echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6")?;
        }
        let families = if filtered { 2 } else { 1 };
        for (space, name, addresses) in [
            (
                &street,
                "street",
                STREET.map(|it| match it.contains(':') {
                    true => format!("{it}/64"),
                    false => format!("{it}/24"),
                }),
            ),
            (&house, "house", HOUSE.map(str::to_owned)),
        ] {
            space.run("ip link set lo up")?;
            for address in &addresses[..families] {
                // Nobody else is there who could have it.
                let nodad = if address.contains(':') { "nodad" } else { "" };
                space.run(&format!("ip address add {address} dev {name} {nodad}"))?;
            }
            // Of what the wire counts, the kernel's own search for neighbours is no part.
            let arp = if filtered { "on" } else { "off" };
            space.run(&format!("ip link set {name} up arp {arp}"))?;
        }
        for way in &STREET[..families] {
            house.run(&format!("ip route add default via {way}"))?;
        }
        if filtered {
            house.run(&format!("nft '{RULES}'"))?;
        }
        Ok(Some(Street {
            house,
            _street: street,
            filtered,
        }))
    }

    /// `PROGRAM ARGS…` in the house, in that home, not yet started.
    pub fn command<S: AsRef<OsStr>>(
        &self,
        home: &Home,
        args: impl IntoIterator<Item = S>,
    ) -> Command {
        let loqa = home.command([""; 0]);
        let mut inside = vec!["--target".into(), self.house.id().into()];
        inside.extend(["--net", "--mount", "--"].map(Into::into));
        inside.push(loqa.get_program().to_owned());
        inside.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        // By its path: a home may hide the programs of the machine.
        home.command_of(Path::new("/usr/bin/nsenter"), inside)
    }

    /// Packets that have left the house so far.
    ///
    /// # Errors
    /// They cannot be counted.
    pub fn left(&self) -> Result<u64> {
        if !self.filtered {
            let told = self.house.run("ip -s -j link show house")?;
            let told: serde_json::Value = serde_json::from_str(&told)?;
            let packets = &told[0]["stats64"]["tx"]["packets"];
            return packets.as_u64().context("no count");
        }
        let told = self.house.run("nft -j list counter inet watch left")?;
        let told: serde_json::Value = serde_json::from_str(&told)?;
        let counters = told["nftables"].as_array().context("no counters")?;
        let packets = counters
            .iter()
            .find_map(|it| it["counter"]["packets"].as_u64());
        packets.context("no count")
    }

    /// Sends one packet to somebody far away, as a program that talks would.
    ///
    /// # Errors
    /// It cannot be sent.
    pub fn talk(&self) -> Result<()> {
        self.house
            .run("echo hello > /dev/udp/203.0.113.7/9")
            .map(drop)
    }

    /// A connection within the house, to this port of its own machine.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn reach(&self, port: u16) -> Result<Within> {
        // What runs aside would be given nothing to read.
        let pipe = format!("exec 3<>/dev/tcp/127.0.0.1/{port} 4<&0; cat <&4 >&3 & exec cat <&3");
        let mut process = self.house.enter(&pipe);
        let mut process = process
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let to = process.stdin.take().context("no way there")?;
        let from = process.stdout.take().context("no way back")?;
        Ok(Within { process, to, from })
    }
}

/// A connection within the house.
pub struct Within {
    process: Child,
    to: ChildStdin,
    from: ChildStdout,
}

impl Read for Within {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.from.read(buffer)
    }
}

impl Write for Within {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
