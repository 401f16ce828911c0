//! `bindgen MODULE FOLDER NAME`: writes `NAME.js` and `NAME_bg.wasm`, which a browser can load, into
//! the folder. A program of its own, so that nobody waits for it who does not build the dashboard.
#![forbid(unsafe_code)]

use anyhow::{Context, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [module, folder, name] = arguments.as_slice() else {
        bail!("usage: bindgen MODULE FOLDER NAME");
    };
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(module)
        .out_name(name)
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .web(true)?;
    bindgen
        .generate(folder)
        .with_context(|| format!("cannot make {name} of {module}"))
}
