//! The command line, and the environment behind it.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::Config;

const EXAMPLES: &str = "\
Examples:
  # a free port of the loopback, registered with the nameserver of this machine
  %PROGRAM% -s /com/foo/svc -n tcp://127.0.0.1:2012

  # all network interfaces; others are told the address that reaches this machine
  %PROGRAM% -a tcp://0.0.0.0:2013 --advertise 192.168.10.2 -n tcp://192.168.10.1:2012

  # from a file with the keys address, service, nameserver
  %PROGRAM% -c service.json";

/// The name of the program.
pub(super) fn program() -> String {
    let path = std::env::args_os().next().map(std::path::PathBuf::from);
    let name = path.as_deref().and_then(std::path::Path::file_name).map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "service".into())
}

/// The command line of a service.
pub(super) fn command(program: &str) -> Command {
    let value = |name: &'static str, short, value, variable, help| {
        let arg = Arg::new(name).long(name).value_name(value).env(variable).hide_env(false).help(help);
        if short == '-' { arg } else { arg.short(short) }
    };
    Command::new("service")
        .bin_name(program)
        .about("A PyCOM service")
        .args([
            value(
                "address",
                'a',
                "ADDRESS",
                "PYCOM_ADDRESS",
                "Where to listen, e.g. tcp://127.0.0.1:2013; port 0 is a free one",
            ),
            value(
                "service",
                's',
                "NAME",
                "PYCOM_SERVICE",
                "Name of the service, e.g. /com/foo/svc; made up if not given",
            ),
            value(
                "nameserver",
                'n',
                "ADDRESS",
                "PYCOM_NAMESERVER",
                "Where to register: one address, several with commas between them, or 'local'",
            ),
            value(
                "advertise",
                '-',
                "ADDRESS",
                "PYCOM_ADVERTISE",
                "Which address others should use: a host, host:port or a whole address",
            ),
            value(
                "backend",
                '-',
                "NAME",
                "PYCOM_BACKEND",
                "What carries the messages: 'tmq' or 'zmtp'; tmq over tcp, zmtp over ipc if not given",
            ),
            value(
                "metrics",
                '-',
                "ADDRESS",
                "PYCOM_METRICS",
                "Serve statistics for Prometheus at http://ADDRESS/metrics, e.g. 127.0.0.1:9100",
            ),
            value(
                "allow-monitor",
                '-',
                "WHAT",
                "PYCOM_ALLOW_MONITOR",
                "Show `pycom monitor` the calls that pass: 'calls', or 'payloads' with arguments and answers",
            )
            .num_args(0..=1)
            .default_missing_value("calls"),
            value("config", 'c', "FILE", "PYCOM_CONFIG", "JSON file with the keys address, service, nameserver"),
        ])
        .arg(
            Arg::new("verbose")
                .short('v')
                .long("verbose")
                .action(ArgAction::Count)
                .help("Log more: -v debug, -vv trace; PYCOM_LOG says it by module"),
        )
        .after_help(EXAMPLES.replace("%PROGRAM%", program))
}

/// What the flags and the environment say.
pub(super) fn config(matches: &ArgMatches) -> Config {
    let said = |name| matches.get_one::<String>(name).cloned();
    Config {
        address: said("address"),
        service: said("service"),
        nameserver: said("nameserver"),
        advertise: said("advertise"),
        backend: said("backend"),
        metrics: said("metrics"),
        allow_monitor: said("allow-monitor"),
    }
}

/// Ends the program: with the help that was asked for, or with one line that says what is wrong
/// with the flags.
pub(super) fn end(error: &clap::Error) -> ! {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        std::process::exit(0);
    }
    eprintln!("{}", line(error));
    std::process::exit(super::EXIT_USAGE);
}

fn line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let first = text.lines().next().unwrap_or("error: the flags are wrong").to_owned();
    let near = match error.get(ContextKind::SuggestedArg) {
        Some(ContextValue::String(near)) => format!("; did you mean '{near}'?"),
        _ => String::new(),
    };
    format!("{first}{near}; see --help")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_flag_gets_one_line_with_the_nearest_right_one() {
        let error = command("svc").try_get_matches_from(["svc", "--adress", "x"]).unwrap_err();
        let line = line(&error);
        assert!(!line.contains('\n'));
        assert!(line.starts_with("error: ") && line.contains("'--address'") && line.ends_with("see --help"), "{line}");
    }

    #[test]
    fn flags_are_read() {
        let matches = command("svc").try_get_matches_from(["svc", "-a", "tcp://*:0", "-s", "/x", "-vv"]).unwrap();
        let config = config(&matches);
        assert_eq!((config.address.as_deref(), config.service.as_deref()), (Some("tcp://*:0"), Some("/x")));
        assert_eq!(matches.get_count("verbose"), 2);
    }
}
