//! `bindgen PAGE.wasm FOLDER NAME`: writes `NAME.js` and `NAME_bg.wasm` for a browser that loads modules.
//!
//! A tool of the build, never shipped. It refuses to know anything but these three words: optimising, naming
//! and compressing are other steps.

use std::path::Path;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [page, folder, name] = words.as_slice() else {
        bail!("usage: bindgen PAGE.wasm FOLDER NAME");
    };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(page).web(true)?.typescript(false).out_name(name);
    bindgen.generate(Path::new(folder)).with_context(|| format!("no glue could be made for {page}"))
}
