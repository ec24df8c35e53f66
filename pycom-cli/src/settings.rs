//! Which nameserver: flags before environment before the configuration file.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cli::Global;
use crate::failure::{Failure, Result};
use crate::near;

/// The configuration file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Settings {
    /// The context that is used where nothing else is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    /// Named nameservers.
    #[serde(default)]
    pub contexts: BTreeMap<String, Named>,
}

/// One context.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Named {
    /// Address of its nameserver, or several with commas between them.
    pub nameserver: String,
}

/// The nameserver to ask, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its address.
    pub nameserver: String,
    /// Where that comes from, e.g. `-n`.
    pub source: String,
}

impl Settings {
    /// Where the file is: `$XDG_CONFIG_HOME/pycom/config.json`, or `~/.config/pycom/config.json`.
    pub fn path() -> Option<PathBuf> {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let folder = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")))?;
        Some(folder.join("pycom").join("config.json"))
    }

    /// Reads the file; none is as good as an empty one.
    pub fn read() -> Result<Self> {
        Self::path().map_or_else(|| Ok(Self::default()), |path| Self::read_from(&path))
    }

    fn read_from(path: &Path) -> Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Failure::file("read", path, &error)),
        };
        serde_json::from_str(&text).map_err(|error| {
            Failure::usage(format!("{} is not as it should be: {error}; mend or remove it", path.display()))
        })
    }

    /// Writes the file, whole or not at all.
    pub fn write(&self) -> Result<()> {
        let path = Self::path().ok_or_else(|| {
            Failure::usage("there is no place for the configuration file; set HOME or XDG_CONFIG_HOME")
        })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let draft = folder.join(format!(".config.json.{}", std::process::id()));
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        let written = std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::File::create(&draft))
            .and_then(|mut file| writeln!(file, "{text}"))
            .and_then(|()| std::fs::rename(&draft, &path));
        written.map_err(|error| Failure::file("write", &path, &error))
    }

    /// The context of this name.
    pub fn named(&self, name: &str) -> Result<&Named> {
        self.contexts.get(name).ok_or_else(|| {
            let hint = near::hint(name, self.contexts.keys().map(String::as_str));
            let hint = if hint.is_empty() { "; add it with `pycom context add`".to_owned() } else { hint };
            Failure::usage(format!("no context is called '{name}'{hint}"))
        })
    }
}

/// Chooses the nameserver.
pub fn choose(global: &Global) -> Result<Choice> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    choose_from(global, variable, Settings::read)
}

fn choose_from(
    global: &Global,
    variable: impl Fn(&'static str) -> Option<String>,
    settings: impl Fn() -> Result<Settings>,
) -> Result<Choice> {
    let choice = |nameserver: &str, source: String| Ok(Choice { nameserver: nameserver.to_owned(), source });
    if let Some(address) = &global.nameserver {
        return choice(address, "-n".into());
    }
    if let Some(name) = &global.context {
        return choice(&settings()?.named(name)?.nameserver, format!("--context {name}"));
    }
    if let Some(address) = variable("PYCOM_NAMESERVER") {
        return choice(&address, "PYCOM_NAMESERVER".into());
    }
    if let Some(name) = variable("PYCOM_CONTEXT") {
        return choice(&settings()?.named(&name)?.nameserver, format!("PYCOM_CONTEXT={name}"));
    }
    let settings = settings()?;
    match &settings.current {
        Some(name) => choice(&settings.named(name)?.nameserver, format!("context {name}")),
        None => choice(pycom_nameserver::ADDRESS, "default".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_source_wins() {
        let settings = || {
            Ok(serde_json::from_str(
                r#"{"current": "a", "contexts": {"a": {"nameserver": "tcp://a:1"}, "b": {"nameserver": "tcp://b:1"}}}"#,
            )
            .unwrap())
        };
        let global = |nameserver: Option<&str>, context: Option<&str>| Global {
            nameserver: nameserver.map(Into::into),
            context: context.map(Into::into),
            timeout: std::time::Duration::from_secs(1),
            json: false,
        };
        let none = |_: &'static str| None;
        let both = |name: &'static str| Some(if name == "PYCOM_CONTEXT" { "b" } else { "tcp://env:1" }.to_owned());
        let context = |name: &'static str| (name == "PYCOM_CONTEXT").then(|| "b".to_owned());
        let chosen = |global: Global, variable: &dyn Fn(&'static str) -> Option<String>| {
            choose_from(&global, variable, settings).unwrap().nameserver
        };
        assert_eq!(chosen(global(None, None), &none), "tcp://a:1");
        assert_eq!(chosen(global(None, None), &context), "tcp://b:1");
        assert_eq!(chosen(global(None, None), &both), "tcp://env:1");
        assert_eq!(chosen(global(None, Some("a")), &both), "tcp://a:1");
        assert_eq!(chosen(global(Some("tcp://flag:1"), None), &both), "tcp://flag:1");
        let unknown = choose_from(&global(None, Some("c")), none, settings).unwrap_err();
        assert!(unknown.to_string().contains("no context is called 'c'"), "{unknown}");
        assert_eq!(choose_from(&global(None, None), none, || Ok(Settings::default())).unwrap().source, "default");
    }
}
