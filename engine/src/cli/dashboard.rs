//! `loqa dashboard`: where to look at the house in a browser.

use super::{Common, link::Link, output};
use loqa_protocol::{ClientFrame, Problem, ServerFrame};
use qrcode::{QrCode, render::unicode::Dense1x2};
use serde_json::Value;
use std::process::ExitCode;

/// Shows the address with its code, and the same for a camera.
pub async fn run(common: &Common) -> Result<ExitCode, Problem> {
    let mut link = Link::to_hub(common).await?;
    let mut dashboard = Value::Null;
    link.request(|id| ClientFrame::Dashboard { id }, &mut |frame| {
        if let ServerFrame::Json { json, .. } = frame {
            dashboard = serde_json::from_str(&json).unwrap_or_default();
        }
    })
    .await?;
    link.close().await;
    if common.json {
        output::print_json(&dashboard);
        return Ok(ExitCode::SUCCESS);
    }
    let part = |name: &str| dashboard[name].as_str().unwrap_or_default();
    let address = format!("{}#{}", part("address"), part("code"));
    output::print_line(&format!(
        "{address}\n\nor {} with the code {}",
        part("address"),
        part("code")
    ));
    if let Ok(code) = QrCode::new(&address) {
        // Terminals are dark, mostly; what is drawn on them is the code's light part.
        let (light, dark) = (Dense1x2::Dark, Dense1x2::Light);
        let drawn = code.render().light_color(light).dark_color(dark).build();
        output::print_line(&drawn);
    }
    Ok(ExitCode::SUCCESS)
}
