#!/usr/bin/env python3
"""Fetches the original PyCOM 0.4.1 and 0.6.0 and what they need to run.

    python3 tests/originals/install.py [--target DIR]

DIR (default: target/originals of this repository) then holds `venv/`, `pycom-0.4.1/` and `pycom-0.6.0/`. The last
line of a successful run is the path of the environment's python, which `start.py` is to be run with. A complete
DIR is left as it is, so every test may call this first; several may do so at once. Delete DIR to start afresh.

The originals are downloaded and run, never part of this repository. Which index they come from, through which proxy
and with which certificates, is the business of pip's own configuration.
"""

import argparse
import fcntl
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ORIGINALS = {
    "0.4.1": "55d5f6380b00a5e8415885794a042e7253dc8059065218bc3ed52b5c4006c648",
    "0.6.0": "be7f3a05ae8a90ad72c20e70ff56e90952a444147f7504543c28f594037d1d60",
}

# pyzmq has announced the end of `zmq.eventloop.ioloop`, which 0.6.0 imports: hence an upper bound on it.
LIBRARIES = ["pyzmq >=24, <28", "tornado >=6.1, <7", "six >=1.16, <2"]

# pip asks an archive's setup.py for its name even to download it. Python 3.12 and later have neither distutils nor a
# setuptools in a new environment. (Letting pip fetch them itself is slower, and builds them from source or fails.)
BUILD_TOOLS = ["setuptools >=45, <81", "wheel <1"]

#: What a complete installation was made of. A stamp that says something else is out of date.
RECIPE = "\n".join([*LIBRARIES, *BUILD_TOOLS, *ORIGINALS.values(), "layout 1", ""])


class Failure(Exception):
    """What went wrong and what to do about it, in one line."""


class Installation:
    """The directory that is being filled."""

    def __init__(self, target):
        self.target = target
        self.venv = target / "venv"
        self.python = self.venv / "bin" / "python"
        self.stamp = target / "complete"
        self.log = target / "install.log"

    def is_complete(self):
        """True if the stamp, which is written last, is there and the interpreter behind the links still is."""
        return self.stamp.is_file() and self.stamp.read_text() == RECIPE and self.python.exists()

    def make(self):
        """Starts from nothing, since a run that was interrupted may have left anything behind."""
        if self.stamp.exists():
            self.stamp.unlink()
        self.log.write_text("")
        shutil.rmtree(self.venv, ignore_errors=True)

        say("making a virtual environment in %s" % self.venv)
        self.run(
            [sys.executable, "-m", "venv", str(self.venv)],
            "cannot make a virtual environment (Debian and Ubuntu need the package python3-venv)",
        )
        say("installing %s" % ", ".join(line.split()[0] for line in LIBRARIES))
        self.pip(["install", *LIBRARIES, *BUILD_TOOLS], "cannot install pyzmq, tornado and six")
        for version, digest in ORIGINALS.items():
            say("fetching pycom %s" % version)
            self.fetch(version, digest)
        rename_module_async(self.target / "pycom-0.6.0" / "zerojson")

        self.stamp.write_text(RECIPE)

    def fetch(self, version, digest):
        """Unpacks the source archive of one original; pip checks the digest before it opens the archive."""
        archives = self.target / "archives"
        archives.mkdir(exist_ok=True)
        wanted = archives / ("%s.txt" % version)
        wanted.write_text("pycom==%s --hash=sha256:%s\n" % (version, digest))
        self.pip(
            ["download", "--no-deps", "--no-build-isolation", "--no-binary", "pycom", "-d", str(archives),
             "-r", str(wanted)],
            "cannot download the source archive of pycom %s" % version,
        )
        source = self.target / ("pycom-%s" % version)
        shutil.rmtree(source, ignore_errors=True)
        # 3.8 to 3.11 know the safe filter only in their later releases; the digest vouches for the archive anyway.
        safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        with tarfile.open(str(archives / ("pycom-%s.tar.gz" % version))) as archive:
            archive.extractall(str(self.target), **safe)

    def pip(self, arguments, complaint):
        command = [str(self.python), "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
        self.run(command, complaint + "; check the network and pip's configuration")

    def run(self, command, complaint):
        with self.log.open("a") as log:
            log.write("$ %s\n" % " ".join(command))
            log.flush()
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise Failure("%s, then run this again; details are in %s" % (complaint, self.log))


def rename_module_async(package):
    """Frees the unpacked copy of a name that is a keyword now: the module's file, its imports and its uses."""
    (package / "async.py").rename(package / "async_.py")
    for path in package.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"\basync\b", "async_", text), encoding="utf-8")


def say(text):
    """Progress goes to stderr: the only line on stdout is the answer."""
    print("install.py: %s" % text, file=sys.stderr, flush=True)


def install(target):
    """Makes TARGET complete and returns the path of its python."""
    installation = Installation(target)
    if installation.is_complete():
        return installation.python
    target.mkdir(parents=True, exist_ok=True)
    with (target / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another run in %s" % target)
            fcntl.flock(lock, fcntl.LOCK_EX)  # the system frees it when its holder ends, however that happens
        if not installation.is_complete():
            installation.make()
    return installation.python


def main():
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description="Fetches the original PyCOM and what it needs to run.")
    parser.add_argument("--target", type=Path, metavar="DIR", default=root / "target" / "originals",
                        help="where to (default: target/originals of this repository)")
    target = parser.parse_args().target.absolute()
    try:
        if sys.version_info < (3, 8):
            raise Failure("Python 3.8 or later is needed, this is %s: run with another" % sys.version.split()[0])
        print(install(target), flush=True)
    except Failure as failure:
        say(failure)
        sys.exit(1)
    except OSError as error:
        say("%s: make %s writable or give another --target, then run this again" % (error, target))
        sys.exit(1)


if __name__ == "__main__":
    main()
