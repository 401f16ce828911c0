//! The ways in: plain on this machine alone, encrypted on all its addresses, and over the link of a node.

use loqa_protocol::NodeId;
use tokio::sync::watch;

/// Where a request came in, and so by which names it may call the hub.
#[derive(Clone)]
pub struct Entrance {
    /// As an address line has them; they change with the network.
    names: watch::Receiver<Vec<String>>,
    port: u16,
    encrypted: bool,
    /// Whose browser comes, where the port is that node's.
    node: Option<NodeId>,
}

/// What a machine calls itself.
const OWN: [&str; 2] = ["127.0.0.1", "localhost"];

impl Entrance {
    /// The one that only this machine reaches.
    pub fn loopback(port: u16) -> Entrance {
        Entrance {
            names: watch::channel(OWN.map(String::from).into()).1,
            port,
            encrypted: false,
            node: None,
        }
    }

    /// The one for the house.
    pub fn household(names: watch::Receiver<Vec<String>>, port: u16) -> Entrance {
        Entrance {
            names,
            port,
            encrypted: true,
            node: None,
        }
    }

    /// The one for a browser at this node, which calls its own machine. The page of another site at that machine does
    /// too, but says where it is from.
    pub fn at_node(node: NodeId) -> Entrance {
        Entrance {
            node: Some(node),
            ..Entrance::loopback(0)
        }
    }

    /// Whose browser comes here.
    pub fn node(&self) -> Option<NodeId> {
        self.node
    }

    /// The origin of this hub's own pages for who calls it `host`; `None` if that is not its name.
    pub fn origin(&self, host: &str) -> Option<String> {
        let (scheme, usual_port) = if self.encrypted {
            ("https", 443)
        } else {
            ("http", 80)
        };
        // A browser leaves the usual port out.
        let port = format!(":{}", self.port);
        let name = match host.strip_suffix(&port) {
            Some(name) => name,
            None if self.node.is_some() => host.rsplit_once(':').map_or(host, |(name, _)| name),
            None if self.port == usual_port => host,
            None => return None,
        };
        let own = self.names.borrow().iter().any(|own| own == name);
        own.then(|| format!("{scheme}://{host}"))
    }

    /// The name of a session's cookie. Cookies know no ports: two hubs of one machine need two
    /// names, and so do two entrances of one hub. What the prefix says, browsers enforce: it came
    /// encrypted, and from this very host.
    pub fn cookie(&self) -> String {
        let prefix = if self.encrypted { "__Host-" } else { "" };
        format!("{prefix}loqa_session_{}", self.port)
    }

    /// The header that sets that cookie.
    pub fn set_cookie(&self, value: &str, max_age_s: u64) -> String {
        let secure = if self.encrypted { "; Secure" } else { "" };
        format!(
            "{}={value}; Max-Age={max_age_s}; Path=/; HttpOnly; SameSite=Strict{secure}",
            self.cookie()
        )
    }
}
