//! `bindgen INPUT.wasm OUTPUT_DIR NAME`: writes the JavaScript module `NAME.js` and `NAME_bg.wasm`.
//!
//! A build tool that is not shipped. Optimisation and compression are separate build steps.

use std::path::Path;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [input, output_dir, name] = args.as_slice() else {
        bail!("usage: bindgen INPUT.wasm OUTPUT_DIR NAME");
    };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(input).web(true)?.typescript(false).out_name(name);
    bindgen.generate(Path::new(output_dir)).with_context(|| format!("cannot generate bindings for {input}"))
}
