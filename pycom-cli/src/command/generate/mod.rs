//! `pycom generate`: a typed Rust contract from what an interface says of itself.
//!
//! | file | owns |
//! | --- | --- |
//! | `names` | names of the wire to names of Rust |
//! | `types` | JSON Schema to Rust types |
//! | `variants` | alternatives of a schema to Rust enums |
//! | `contract` | the trait, and the file as a whole |

mod contract;
mod names;
mod types;
mod variants;

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use pycom::Description;

use crate::cli::{Generate, Global};
use crate::failure::{Failure, Result};
use crate::network::Network;
use crate::target::{self, Target};

pub async fn run(global: &Global, generate: Generate) -> Result<ExitCode> {
    let description = match (&generate.from, &generate.target) {
        (Some(path), _) => read(path)?,
        (None, Some(target)) => {
            let target = Target::parse(target)?;
            let network = Network::new(global)?;
            target::describe(&target.component(&network).await?).await?
        }
        (None, None) => return Err(Failure::usage("which INTERFACE?; or name a file with --from")),
    };
    let text = contract::source(&description, generate.name.as_deref())?;
    match &generate.output {
        Some(path) => std::fs::write(path, text).map_err(|error| Failure::file("write", path, &error))?,
        None => super::print([text.trim_end()])?,
    }
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<Description> {
    let mut text = String::new();
    let read = match path == Path::new("-") {
        true => std::io::stdin().read_to_string(&mut text).map(drop),
        false => std::fs::read_to_string(path).map(|content| text = content),
    };
    read.map_err(|error| Failure::file("read", path, &error))?;
    serde_json::from_str(&text).map_err(|error| {
        let path = path.display();
        Failure::usage(format!("{path} is no description: {error}; make one with `pycom describe --json INTERFACE`"))
    })
}
