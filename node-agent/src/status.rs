//! What this machine is, for whoever asks.

use crate::{
    config::{self, Config, Role},
    inference,
    membership::{self, Membership},
    puck,
};
use std::path::Path;

/// Prints it.
pub async fn status(config: &Config, folder: &Path) -> anyhow::Result<()> {
    let identity = membership::identity(folder)?;
    println!("name       {}", config.name);
    println!("id         {}", identity.node());
    match Membership::load(folder)? {
        None => println!("household  none: pair it with `loqa-node pair`"),
        Some(membership) => {
            println!("household  {}", membership.household);
            println!("hub        {}", membership.hub);
            for address in &membership.addresses {
                println!("           last at {address}");
            }
            // It tells if they do not belong together.
            membership.member(folder)?;
        }
    }
    if config.has(Role::Puck) {
        match puck::detectors(&config.puck) {
            Ok(detectors) => println!("puck       {} wake phrases", detectors.len()),
            Err(error) => println!("puck       {error:#}"),
        }
    }
    if config.has(Role::Display) {
        let config::Display { kind, port, .. } = &config.display;
        println!("display    {kind}, at port {port} of this machine");
    }
    if config.has(Role::Inference) {
        let models = inference::Models::load(&config.inference, folder);
        for missing in &models.missing {
            println!("inference  {missing}");
        }
        for model in models.of_hub() {
            println!("inference  {model}");
        }
        let offers = inference::measure(&models).await;
        if let Some(trouble) = models.trouble() {
            println!("inference  {trouble}");
        }
        for offer in offers {
            println!(
                "inference  {}: {} at a time, {} ‰ of real time, first answer after {} ms",
                offer.capability, offer.slots, offer.rtf_permille, offer.first_ms
            );
        }
    }
    Ok(())
}
