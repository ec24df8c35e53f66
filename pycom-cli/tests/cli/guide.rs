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
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap()))
        .collect();
    chapters.sort();
    chapters
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
            assert!(chapters.iter().any(|(name, _)| name == link) || link.starts_with("http"), "{name}: {link}");
        }
    }
}
