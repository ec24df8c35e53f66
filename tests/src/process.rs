//! A child process that never outlives its test.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{LazyLock, mpsc};

use crate::lines::Lines;
use crate::patience::eventually;

/// A running program. It is killed when this is dropped, and when the test's own process dies, however it does.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Lines,
    stderr: Lines,
    shown: String,
}

impl Process {
    /// Starts `command`, without the variables that would configure PyCOM behind the test's back.
    ///
    /// # Panics
    ///
    /// Where it cannot be started.
    pub fn start(mut command: Command) -> Self {
        let shown = format!("{command:?}");
        let ours = |name: &str| name.starts_with("PYCOM_") && !command.get_envs().any(|(set, _)| set == name);
        let foreign: Vec<String> = std::env::vars().map(|(name, _)| name).filter(|name| ours(name)).collect();
        for name in foreign {
            command.env_remove(name);
        }
        command.env("NO_COLOR", "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = spawn(command).unwrap_or_else(|error| panic!("cannot start {shown}: {error}"));
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().map(Lines::of).unwrap_or_default();
        let stderr = child.stderr.take().map(Lines::of).unwrap_or_default();
        Self { child, stdin, stdout, stderr, shown }
    }

    /// What it has written to stdout.
    pub fn stdout(&self) -> &Lines {
        &self.stdout
    }

    /// What it has written to stderr.
    pub fn stderr(&self) -> &Lines {
        &self.stderr
    }

    /// Writes a line to its stdin.
    ///
    /// # Panics
    ///
    /// Where it does not read any more.
    pub fn say(&mut self, line: &str) {
        let written = self.stdin.as_mut().map(|stdin| stdin.write_all(format!("{line}\n").as_bytes()));
        assert!(matches!(written, Some(Ok(()))), "{} reads no more:\n{}", self.shown, self.stderr.text());
    }

    /// Kills it with SIGKILL: it can do nothing about that, and says goodbye to nobody.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: libc::c_int) {
        let id = self.id();
        // SAFETY: `kill` takes no pointers. The child has not been waited for, or `Child` would not let us have it, so
        // the id is still its own.
        let sent = unsafe { libc::kill(id, signal) };
        assert_eq!(sent, 0, "signal {signal} for {}", self.shown);
    }

    /// Makes it stand still: nothing of it runs when this returns.
    pub fn freeze(&self) {
        self.signal(libc::SIGSTOP);
        let mut status = 0;
        // SAFETY: `status` is there to be written to. A child that has stopped is not reaped by this.
        let stopped = unsafe { libc::waitpid(self.id(), &raw mut status, libc::WUNTRACED) };
        assert!(
            stopped == self.id() && libc::WIFSTOPPED(status),
            "{} ended instead: {}",
            self.shown,
            self.stderr.text()
        );
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(libc::SIGCONT);
    }

    /// Its process id.
    ///
    /// # Panics
    ///
    /// Never: what the system gives is one.
    pub fn id(&self) -> libc::pid_t {
        libc::pid_t::try_from(self.child.id()).expect("a process id")
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// Where it does not end.
    pub fn wait(&mut self) -> ExitStatus {
        let what = format!("the end of {}", self.shown);
        eventually(&what, || self.child.try_wait().expect("a child can be waited for"))
    }

    /// What it was started with, and what it said: for a test that fails.
    pub fn story(&self) -> String {
        format!("{}\nstdout: {}\nstderr: {}", self.shown, self.stdout.text(), self.stderr.text())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- {}", self.story());
        }
    }
}

type Order = (Command, mpsc::SyncSender<std::io::Result<Child>>);

/// Starts all children from one thread that lives as long as this process: the system tells a child about the death of
/// the thread that started it, and the threads of tests come and go.
static PARENT: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
    let (orders, received) = mpsc::channel::<Order>();
    std::thread::spawn(move || {
        for (mut command, started) in received {
            let _ = started.send(command.spawn());
        }
    });
    orders
});

fn spawn(mut command: Command) -> std::io::Result<Child> {
    #[cfg(target_os = "linux")]
    // SAFETY: between fork and exec only this system call is made, which is safe there.
    unsafe {
        command.pre_exec(|| match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
    let (started, child) = mpsc::sync_channel(1);
    PARENT.send((command, started)).map_err(std::io::Error::other)?;
    child.recv().map_err(std::io::Error::other)?
}
