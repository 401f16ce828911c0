//! Becoming a part of a household.

use crate::{
    config::{Config, Role},
    membership::{self, Membership},
};
use anyhow::{Context, bail};
use loqa_link::{
    discovery::{Change, Discovery, Found},
    pairing::{self, About, Invitation, Opening, Roles, Secret},
};
use loqa_protocol::NodeId;
use std::{
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};
use tokio::time::timeout_at;

/// How long a hub is looked for that should be there: it says that pairing is open when somebody opens it.
const LOOKING: Duration = Duration::from_secs(15);

/// Pairs this machine: with the code that a hub shows, or with one that is shown here for the hub.
pub async fn pair(config: &Config, folder: &Path, code: Option<&str>) -> anyhow::Result<()> {
    let identity = membership::identity(folder)?;
    let (secrets, only, mut addresses, patience) = match code {
        Some(code) => {
            let (secret, only, addresses) = given(code)?;
            (vec![secret], only, addresses, LOOKING)
        }
        None => {
            let secrets = shown(&identity)?;
            (secrets, None, Vec::new(), pairing::VALID)
        }
    };
    addresses.extend(&config.hub);
    let mut opening = Opening::new(secrets, only, Instant::now());
    if addresses.is_empty() {
        let until = opening.until().min(Instant::now() + patience);
        addresses = look(only, until).await?;
    }
    let mut roles = Roles::from_bits(0);
    for role in &config.roles {
        let role = match role {
            Role::Inference => Roles::INFERENCE,
            Role::Puck => Roles::PUCK,
            Role::Display => Roles::DISPLAY,
        };
        roles = Some(roles.map_or(role, |roles| roles.and(role)));
    }
    let about = About {
        name: config.name.clone(),
        roles: roles.context("this machine has no roles")?,
    };
    let mut failed = None;
    for address in addresses {
        let words = |words: [&str; 3]| {
            println!("\n    {}\n", words.join("   "));
            println!("If the hub shows the same three words, say so there.");
        };
        let joined = pairing::pair(&identity, address, only, &mut opening, about.clone(), words);
        match joined.await {
            Ok(joined) => {
                let membership = Membership::of(joined, address);
                membership.keep(folder)?;
                println!(
                    "This machine belongs to {} now. Start it with `loqa-node run`.",
                    membership.household
                );
                return Ok(());
            }
            Err(error @ pairing::PairError::Unreachable { .. }) => failed = Some(error),
            Err(error) => return Err(error.into()),
        }
    }
    Err(failed.context("no address of the hub is known")?.into())
}

/// What somebody has typed or scanned.
fn given(code: &str) -> anyhow::Result<(Secret, Option<NodeId>, Vec<SocketAddr>)> {
    if let Ok(secret) = Secret::typed(pairing::Role::Hub, code) {
        return Ok((secret, None, Vec::new()));
    }
    // Digits were meant.
    if code
        .chars()
        .all(|it| it.is_ascii_digit() || " -".contains(it))
    {
        bail!(
            "`{code}` is no pairing code\n  help: it has 8 digits, like 4082 1957; the hub's page Nodes shows one"
        );
    }
    let invitation: Invitation = code.trim().parse()?;
    if invitation.secret().by() != pairing::Role::Hub {
        bail!("this is the QR code of a node\n  help: scan it with the hub's page Nodes");
    }
    let addresses = invitation.addresses().to_vec();
    Ok((
        invitation.secret().clone(),
        Some(invitation.key()),
        addresses,
    ))
}

/// Shows codes for the hub, and gives what they say.
fn shown(identity: &loqa_link::Identity) -> anyhow::Result<Vec<Secret>> {
    let random = "this machine has no randomness";
    let code = Secret::code(pairing::Role::Node).context(random)?;
    let token = Secret::token(pairing::Role::Node).context(random)?;
    let invitation = Invitation::new(identity.node(), token.clone(), Vec::new());
    let invitation = invitation.context(random)?.to_string();
    println!("{}", pairing::qr(&invitation)?);
    println!("Scan this on the hub's page Nodes, or type there:\n");
    println!("    {}\n", code.digits().context(random)?);
    println!("It holds for three minutes.");
    Ok(vec![code, token])
}

/// A hub that lets nodes be paired, found in the network.
async fn look(only: Option<NodeId>, until: Instant) -> anyhow::Result<Vec<SocketAddr>> {
    let discovery = Discovery::new()
        .context("the network cannot be searched\n  help: name the hub with --hub ADDRESS:PORT")?;
    let mut browsing = discovery.browse()?;
    let open = |found: &Found| {
        let announced = &found.announcement;
        let wanted = only.is_none_or(|only| only == announced.node);
        let port = announced.pairing.filter(|_| wanted)?;
        let at = |address: &SocketAddr| SocketAddr::new(address.ip(), port);
        Some(found.addresses.iter().map(at).collect::<Vec<_>>())
    };
    loop {
        match timeout_at(until.into(), browsing.next()).await {
            Ok(Some(Change::Found(found) | Change::Changed(found))) => {
                if let Some(addresses) = open(&found) {
                    println!("Found {}.", found.announcement.name);
                    return Ok(addresses);
                }
            }
            Ok(Some(Change::Gone(_))) => {}
            Ok(None) | Err(_) => bail!(
                "no hub was found that lets nodes be paired\n  help: open pairing on the hub's page Nodes; where the network lets no multicast through, name the hub with --hub ADDRESS:PORT"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_a_qr_code_and_nothing_else_are_taken() {
        let digits = |text: &str| given(text).unwrap().0.digits();
        assert_eq!(digits("4082 1957").as_deref(), Some("4082 1957"));
        assert_eq!(digits("40821957").as_deref(), Some("4082 1957"));
        let refused = |text: &str| given(text).unwrap_err().to_string();
        assert_eq!(
            refused("4082 195"),
            "`4082 195` is no pairing code\n  help: it has 8 digits, like 4082 1957; the hub's page Nodes shows one"
        );
        assert_eq!(refused("hello"), "this is no QR code for pairing with Loqa");
        let key = NodeId([7; 32]);
        let text = |by, addresses| {
            let token = Secret::token(by).unwrap();
            Invitation::new(key, token, addresses).unwrap().to_string()
        };
        let address: SocketAddr = "192.168.1.5:7443".parse().unwrap();
        let (_, only, addresses) = given(&text(pairing::Role::Hub, vec![address])).unwrap();
        assert_eq!((only, addresses), (Some(key), vec![address]));
        assert!(refused(&text(pairing::Role::Node, Vec::new())).contains("the QR code of a node"));
    }
}
