//! The guide says what is so: its commands give the output it shows, its client in Python runs.

use std::path::{Path, PathBuf};
use std::process::Command;

use tests::originals::{Originals, Version};
use tests::process::Process;

use crate::support::Shell;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn chapters() -> Vec<(String, String)> {
    let folder = root().join("docs/src");
    let mut chapters: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "md"))
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap()))
        .collect();
    chapters.sort();
    chapters
}

/// The headings of a chapter, as links call them.
fn headings(text: &str) -> impl Iterator<Item = String> + '_ {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| {
        let kept = line.trim_start_matches('#').trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    })
}

/// The blocks of a chapter in this language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(tag) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            if tag == language {
                blocks.push(block.join("\n") + "\n");
            }
        }
    }
    blocks
}

/// What differs from run to run: ports, ages, and the spaces that make up for their width.
fn same(text: &str) -> String {
    let words = text.split_inclusive('\n').map(|line| {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let words = line.split_whitespace().map(|word| {
            let is_age = word.strip_suffix('s').is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
            match word.split_once("127.0.0.1:") {
                Some((before, after)) => {
                    let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
                    format!("{before}127.0.0.1:PORT{rest}")
                }
                None if is_age => "AGE".to_owned(),
                None => word.to_owned(),
            }
        });
        format!("{}{}\n", &line[..indent], words.collect::<Vec<_>>().join(" "))
    });
    words.collect()
}

#[test]
fn the_commands_of_the_guide_give_the_output_it_shows() {
    let shell = Shell::up();
    let mut commands = 0;
    for (chapter, text) in chapters() {
        for block in blocks(&text, "console") {
            let mut said = String::new();
            for line in block.lines().filter_map(|line| line.strip_prefix("$ pycom ")) {
                let run = shell.run_line(line);
                said.push_str(&format!("$ pycom {line}\n{}{}", run.stdout, run.stderr));
                commands += 1;
            }
            assert_eq!(same(&said), same(&block), "{chapter}");
        }
    }
    assert!(commands > 10, "the guide shows commands");
}

#[test]
fn the_client_in_python_works_through_nameservers_of_every_age() {
    let Some(originals) = Originals::find() else { return };
    let chapter = std::fs::read_to_string(root().join("docs/src/protocol.md")).unwrap();
    let ours = Shell::up();
    let script = ours.home.path().join("client.py");
    std::fs::write(&script, &blocks(&chapter, "python")[0]).unwrap();
    let installer = std::env::var("PYCOM_PYTHON").unwrap_or_else(|_| "python3".into());
    let installed = Command::new(installer).arg(root().join("tests/originals/install.py")).output().unwrap();
    let python = String::from_utf8(installed.stdout).unwrap().lines().last().unwrap().to_owned();
    let ask = |nameserver: &str| {
        let run = Command::new(&python).arg(&script).arg(nameserver).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&run.stdout), "{'head': 'he', 'tail': 'llo'}\n", "{run:?}");
    };
    ask(&ours.nameserver);
    for version in [Version::V041, Version::V060] {
        let nameserver = originals.nameserver(version);
        let mut command = ours.command();
        command.args(["demo", "-s", "/com/foo/demo", "-n", &nameserver.address]);
        let demo = Process::start(command);
        assert!(demo.stderr().find(0, |line| line.contains(" serving ").then_some(())).is_some(), "{}", demo.story());
        ask(&nameserver.address);
    }
}

#[test]
fn every_chapter_is_in_the_table_of_contents_and_links_lead_somewhere() {
    let chapters = chapters();
    let contents = &chapters.iter().find(|(name, _)| name == "SUMMARY.md").expect("there is one").1;
    for (name, text) in &chapters {
        assert!(name == "SUMMARY.md" || contents.contains(&format!("({name})")), "{name}");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
            let file = if file.is_empty() { name } else { file };
            let leads = link.starts_with("http") || root().join("docs/src").join(file).is_file();
            assert!(leads, "{name}: {link}");
            let there = |(other, text): &(String, String)| {
                other == file && headings(text).any(|heading| Some(&*heading) == anchor)
            };
            assert!(anchor.is_none() || link.starts_with("http") || chapters.iter().any(there), "{name}: {link}");
        }
    }
}

/// README and the chapters of the guide.
fn pages() -> Vec<(String, String)> {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    std::iter::once(("README.md".to_owned(), readme)).chain(chapters()).collect()
}

/// A command as it can be run here: addresses of other machines are those of this test.
fn here(words: &[&str], nameserver: &str) -> Vec<String> {
    let place = |word: &&str| match *word {
        "tcp://192.168.10.1:2012" | "tcp://127.0.0.1:2012" => nameserver.to_owned(),
        "192.168.10.2" => "127.0.0.1".to_owned(),
        word if word.starts_with("tcp://0.0.0.0:") => "tcp://127.0.0.1:0".to_owned(),
        word => word.replace("@/com/foo/svc", "@/org/pycom/demo"),
    };
    words.iter().map(place).collect()
}

/// Whether the workspace has what `cargo` is told to run.
fn cargo_knows(words: &[&str]) -> bool {
    let after = |flag: &str| words.iter().position(|word| *word == flag).and_then(|at| words.get(at + 1).copied());
    let named = |folder: &str, name: &str| {
        let file = |place: &str| root().join(folder).join(place).join(name).with_extension("rs").is_file();
        let manifest = std::fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap_or_default();
        file("src/bin") || file("examples") || manifest.contains(&format!("name = \"{name}\""))
    };
    let package = after("-p").or(after("--path")).or(after("--manifest-path").and_then(|path| path.split('/').next()));
    let package = package.unwrap_or("examples");
    let program = after("--bin").or(after("--example"));
    root().join(package).join("Cargo.toml").is_file() && program.is_none_or(|name| named(package, name))
}

/// What a block of commands names is there, and takes these flags. Gives what runs on.
fn try_command(shell: &Shell, line: &str) -> Option<Process> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        // What these do is tested where the project of `pycom new` is, and completion.
        ["cargo", "run", "--", ..] | ["source", "<(pycom", "completions", "bash)"] => {}
        ["cargo", "test", ..] => {}
        ["cargo", ..] => assert!(cargo_knows(&words), "{line}"),
        // What it asks is tested where `--metrics` is.
        ["curl", url] => assert!(url.ends_with("/metrics"), "{line}"),
        // Nodes of etcd are started where fronts over one are tested.
        ["etcd", ..] => {}
        // This build has no such store, and says how to get it.
        ["pycom-nameserver", ref flags @ ..] if flags.iter().any(|flag| flag.starts_with("etcd")) => {
            let flags =
                std::iter::once("nameserver".to_owned()).chain(here(flags, &shell.nameserver)).collect::<Vec<_>>();
            let said = shell.run(&flags.iter().map(String::as_str).collect::<Vec<_>>());
            assert!(said.code == 2 && said.stderr.contains("--features etcd"), "{line}: {said:?}");
        }
        // The network of this test is one.
        ["pycom", "up"] => {}
        // Called where the project of `pycom new` is.
        ["pycom", "call", "com.example.greeter", ..] => {}
        [program @ ("pycom-nameserver" | "my-service" | "hello_service"), ref flags @ ..] => {
            let part = if program == "pycom-nameserver" { "nameserver" } else { "demo" };
            let mut command = shell.command();
            command.env_remove("PYCOM_NAMESERVER").arg(part).args(here(flags, &shell.nameserver));
            let served = Process::start(command);
            let serving = served.stderr().find(0, |line| line.contains(" serving ").then_some(()));
            assert!(serving.is_some(), "{line}: {}", served.story());
            return Some(served);
        }
        ["pycom", ref flags @ ..] => {
            let flags = here(flags, &shell.nameserver);
            let said = shell.run(&flags.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(said.code, 0, "{line}: {said:?}");
        }
        [program, ..] => assert!(root().join(program).is_file(), "nobody has tried this command: {line}"),
        [] => {}
    }
    None
}

#[test]
fn the_commands_that_are_shown_without_output_are_there_and_take_these_flags() {
    let shell = Shell::up();
    let mut tried = 0;
    for (_, text) in pages() {
        for block in blocks(&text, "sh") {
            let mut running = Vec::new();
            // A line that ends in a backslash goes on.
            for line in block.replace("\\\n", " ").lines().map(|line| line.split(" #").next().unwrap_or_default()) {
                if !line.trim_start().starts_with('#') {
                    running.extend(try_command(&shell, line.trim().trim_start_matches("$ ")));
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 15, "{tried}");
}

#[test]
fn cargo_takes_the_manifests_that_are_shown() {
    let mut manifests = 0;
    for (page, text) in pages() {
        for block in blocks(&text, "toml") {
            let folder = tempfile::tempdir().unwrap();
            let package = "[package]\nname = \"shown\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";
            let library = format!("path = {:?}", root().join("pycom"));
            let manifest = format!("{package}{}", block.replace("path = \"../pycom/pycom\"", &library));
            std::fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
            std::fs::create_dir(folder.path().join("src")).unwrap();
            std::fs::write(folder.path().join("src/lib.rs"), "").unwrap();
            std::fs::copy(root().join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
            let mut command = Command::new(env!("CARGO"));
            // Of this machine only: what others need may not have been fetched.
            command.args(["tree", "--offline"]).current_dir(folder.path());
            let output = command.output().unwrap();
            assert!(output.status.success(), "{page}: {}", String::from_utf8_lossy(&output.stderr));
            manifests += 1;
        }
    }
    assert!(manifests > 0);
}
