//! `pycom new`: a service project that builds and runs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::print;
use crate::cli::New;
use crate::failure::{Failure, Result};

pub fn run(new: &New) -> Result<ExitCode> {
    let name = new.name.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    check(name)?;
    if new.name.exists() {
        return Err(Failure::usage(format!("{} exists; choose another name", new.name.display())));
    }
    let interface = match &new.interface {
        Some(interface) => pycom::InterfaceName::new(interface).map_err(pycom::Error::from)?.to_string(),
        None => format!("com.example.{}", name.replace('-', "_")),
    };
    let service = format!("/{}", interface.replace('.', "/"));
    let project = Project { name, interface: &interface, service: &service, pycom: dependency(new)? };
    let folder = &new.name;
    let files = [
        ("Cargo.toml", project.manifest()),
        ("src/main.rs", project.main()),
        ("README.md", project.readme()),
        (".gitignore", "/target\n".to_owned()),
    ];
    for (file, text) in files {
        let path = folder.join(file);
        let parent = path.parent().unwrap_or(Path::new("."));
        let written = std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&path, text));
        written.map_err(|error| Failure::file("write", &path, &error))?;
    }
    print([
        format!("{} is there. Next:", folder.display()),
        format!("  cd {}", folder.display()),
        format!("  cargo run -- -n tcp://127.0.0.1:2012 -s {service}"),
        format!("  pycom call {interface} greet name=World"),
    ])?;
    Ok(ExitCode::SUCCESS)
}

/// What cargo takes as the name of a package.
fn check(name: &str) -> Result<()> {
    let begins = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    let rest = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let keyword = syn::parse_str::<proc_macro2::Ident>(&name.replace('-', "_")).is_err() || name == "test";
    if begins && rest && !keyword {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "'{name}' is no name for a project; begin with a letter, then letters, digits, - and _"
    )))
}

/// Where the library is looked for if nobody says where it is.
const NEAR: [&str; 3] = ["pycom", "../pycom", "../pycom/pycom"];

/// The dependency on the library: where it is.
fn dependency(new: &New) -> Result<String> {
    let is_pycom = |path: &&Path| {
        std::fs::read_to_string(path.join("Cargo.toml")).is_ok_and(|text| text.contains("name = \"pycom\""))
    };
    let near = || NEAR.map(Path::new).into_iter().find(is_pycom);
    let Some(path) = new.pycom_path.as_deref().or_else(near) else {
        return Err(Failure::usage("say where the pycom crate is, with --pycom-path DIR"));
    };
    let here: PathBuf = path.canonicalize().map_err(|error| Failure::file("find", path, &error))?;
    if !here.join("Cargo.toml").exists() {
        return Err(Failure::usage(format!(
            "there is no Cargo.toml in {}; name the crate's own directory",
            path.display()
        )));
    }
    let text = here.display().to_string();
    Ok(format!("pycom = {{ path = {} }}", serde_json::Value::from(text)))
}

struct Project<'n> {
    name: &'n str,
    interface: &'n str,
    service: &'n str,
    pycom: String,
}

impl Project<'_> {
    fn manifest(&self) -> String {
        let Self { name, pycom, .. } = self;
        format!(
            r#"[package]
name = "{name}"
version = "0.1.0"
edition = "2024"

[dependencies]
{pycom}
tokio = {{ version = "1", features = ["macros", "rt-multi-thread"] }}

# Stands by itself, wherever it is put.
[workspace]
"#
        )
    }

    fn main(&self) -> String {
        let Self { interface, .. } = self;
        format!(
            r#"//! A PyCOM service.

use pycom::{{Result, interface}};

struct Greeter;

/// Greets people.
#[interface("{interface}")]
impl Greeter {{
    /// A greeting, in as many words as there are languages.
    #[method]
    async fn greet(&self, name: String, #[arg(default = "en")] language: String) -> Result<String> {{
        match &*language {{
            "en" => Ok(format!("Hello, {{name}}!")),
            "de" => Ok(format!("Hallo, {{name}}!")),
            other => Err(pycom::Error::application(10, format!("nobody here speaks '{{other}}'"))),
        }}
    }}
}}

#[tokio::main]
async fn main() -> Result<()> {{
    pycom::launch(Greeter).await
}}

#[cfg(test)]
mod tests {{
    use super::*;

    #[tokio::test]
    async fn it_greets() -> Result<()> {{
        let service = pycom::testing::serve(Greeter).await?;
        let greeter: GreeterClient = service.client();
        assert_eq!(greeter.greet("World".into(), "de".into()).await?, "Hallo, World!");
        Ok(())
    }}
}}
"#
        )
    }

    fn readme(&self) -> String {
        let Self { name, interface, service, .. } = self;
        format!(
            r#"# {name}

A PyCOM service: the interface `{interface}`.

```sh
pycom nameserver                                            # in a terminal of its own
cargo run -- -n tcp://127.0.0.1:2012 -s {service}
pycom describe {interface}
pycom call {interface} greet name=World language=de
cargo test
```
"#
        )
    }
}
