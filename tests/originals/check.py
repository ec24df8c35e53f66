#!/usr/bin/env python3
"""Tries everything this folder offers, original against original, without any Rust.

    python3 tests/originals/check.py [--target DIR]

If an interoperability test fails, run this first: if it passes, the originals run well here and the fault is ours.
Installs what is missing, prints a line per check and exits with 0 if all hold, else with 1.
"""

import argparse
import base64
import json
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VERSIONS = ["0.4.1", "0.6.0"]
PATIENCE = 20  # seconds, for what takes one; the originals' own time-out is 5

failures = 0


def main():
    parser = argparse.ArgumentParser(description="Checks that the originals run here.")
    parser.add_argument("--target", metavar="DIR", help="as install.py takes it")
    target = parser.parse_args().target
    command = [sys.executable, str(HERE / "install.py")] + (["--target", target] if target else [])
    installed = subprocess.run(command, stdout=subprocess.PIPE)
    if installed.returncode != 0:
        sys.exit(1)
    python = installed.stdout.decode().splitlines()[-1]

    for version in VERSIONS:
        network = Network(python, version)
        try:
            network.begin()
            check_calls(network)
            for client_version in VERSIONS:
                client = Client(python, client_version)
                check_client(client, network)
                client.close()
            check_processes(network)
        except Broken as broken:
            check("%s: %s" % (version, broken), False)
        finally:
            network.close()
    print("all good" if failures == 0 else "%d failed" % failures)
    sys.exit(0 if failures == 0 else 1)


def check_calls(network):
    """What a client of the same version sees."""
    client, version = Client(network.python, network.version), network.version
    client.do("configure", nameserver=network.nameserver)
    client.do("locate", **{"as": "example", "interface": "com.foo.example"})

    def invoke(method, args=None):
        return client.do("invoke", on="example", method=method, args=args)

    named = {"res1": 2, "res2": [1, None]}
    same("%s: create 42" % version, invoke("create", 42), {"ok": {"field1": 42}})
    same("%s: named arguments and results" % version, invoke("named", {"arg1": 1, "arg2": 2}), {"ok": named})
    same("%s: a default argument" % version, invoke("single", {}), {"ok": {"only": 7}})
    same("%s: no such method" % version, kind(invoke("zzz")), ["MethodNotFound", 2])
    same("%s: a missing argument" % version, kind(invoke("named", {"arg1": 1})), ["RemoteError", 4])
    same("%s: the application's own code" % version, kind(invoke("fail_code", 77)), ["RemoteError", 77])
    same("%s: a bug in the service" % version, kind(invoke("fail_bug")), ["RemoteError", 1])
    same("%s: and its text" % version, invoke("fail_bug")["error"]["text"], "Unknown error during request")

    described = client.do("introspect", on="example")["ok"]
    same("%s: introspection, name" % version, described["name"], "com.foo.example")
    same("%s: introspection, arguments" % version, described["methods"]["named"]["optional_arguments"], ["arg3"])

    listed = sorted(entry["service"] for entry in client.do("list")["ok"])
    same("%s: list" % version, listed, ["/demo", "/org/pycom/nameserver", "/probe"])

    if version == "0.6.0":
        client.do("locate", **{"as": "blob", "interface": "com.foo.blob", "service": "/probe"})
        blob = bytes(range(256)) * 256
        sent = base64.b64encode(blob).decode()
        same("%s: attachment to the service" % version,
             client.do("attach", on="blob", method="length", args={}, attachment=sent), {"ok": len(blob)})
        same("%s: attachment from the service" % version,
             client.do("attach", on="blob", method="encode", args={"string": "h\u00e9"}),
             {"ok": {"orig": "h\u00e9"}, "attachment": base64.b64encode("h\u00e9".encode()).decode()})
        same("%s: attachment both ways" % version,
             client.do("attach", on="blob", method="mirror", args=[1], attachment=sent),
             {"ok": [1], "attachment": sent})
        same("%s: an empty attachment is one" % version,
             client.do("attach", on="blob", method="mirror", attachment=""), {"ok": None, "attachment": ""})
        same("%s: list with a filter" % version,
             [entry["service"] for entry in client.do("list", args={"interface": ".*blob"})["ok"]], ["/probe"])
    else:
        same("%s: attachments are unknown" % version,
             kind(client.do("attach", on="example", method="create", attachment="")), ["TypeError", None])

    same("%s: drop" % version, client.do("drop", on="example"), {"ok": None})
    same("%s: a dropped component is gone" % version, kind(invoke("create", 1)), ["LookupError", None])
    client.close()


def check_client(client, network):
    """What a client of either version sees: the ground that both share."""
    title = "%s client, %s service" % (client.version, network.version)
    client.do("configure", nameserver=network.nameserver)
    client.do("locate", **{"as": "counter", "interface": "com.foo.counter", "service": "/probe"})
    client.do("locate", **{"as": "other", "interface": "com.foo.counter"})
    following = [client.do("invoke", on=name, method="next") for name in ("counter", "counter", "other")]
    same("%s: a session is kept, another is apart" % title, following, [{"ok": 1}, {"ok": 2}, {"ok": 1}])

    client.do("locate", **{"as": "demo", "interface": "org.pycom.demo", "service": "/demo"})
    same("%s: echo" % title, client.do("invoke", on="demo", method="echo", args={"a": [1.5, None]}),
         {"ok": {"a": [1.5, None]}})
    same("%s: throw" % title, client.do("invoke", on="demo", method="throw", args="x"),
         {"error": {"type": "RemoteError", "code": 1, "text": "'x'"}})
    client.do("connect", **{"as": "direct", "interface": "org.pycom.demo", "address": network.addresses["probe"]})
    same("%s: connected without the nameserver" % title,
         client.do("invoke", on="direct", method="echo", args="there"), {"ok": "there"})
    same("%s: an interface nobody has" % title,
         kind(client.do("locate", **{"as": "none", "interface": "nope"})), ["ServiceNotFound", 3])

    described = client.do("introspect", on="demo")
    if client.version == network.version:
        same("%s: introspection" % title, described["ok"]["name"], "org.pycom.demo")
    else:
        same("%s: introspection has another name" % title, kind(described), ["MethodNotFound", 2])
    if client.version == "0.4.1" and network.version == "0.6.0":
        client.do("locate", **{"as": "blob", "interface": "com.foo.blob"})
        same("%s: an attachment that comes unasked" % title,
             kind(client.do("invoke", on="blob", method="encode", args={"string": "x"})), ["ValueError", None])


def check_processes(network):
    """What a test needs to rely on when it starts and stops these programs."""
    version = network.version
    second = ["-s", "/again", "-n", network.nameserver]
    again = network.spawn("probe", network.addresses["demo"], *second)
    same("%s: a taken port ends it with 98" % version, again.process.wait(PATIENCE), 98)
    same("%s: before it has said ready" % version, again.process.stdout.read(), b"")
    again = network.start("probe", *second)
    check("%s: the name is free for a second try" % version, True)
    again.process.stdin.close()
    same("%s: the end of stdin ends a service" % version, again.process.wait(PATIENCE), 0)
    network.demo.process.send_signal(signal.SIGTERM)
    same("%s: SIGTERM ends a service" % version, network.demo.process.wait(PATIENCE), -signal.SIGTERM)


class Network:
    """Nameserver, probe and demo of one version, each on a loopback port that was free a moment ago."""

    def __init__(self, python, version):
        self.python, self.version = python, version
        self.addresses, self.running = {}, []
        self.nameserver = self.demo = None

    def begin(self):
        self.start("nameserver")
        self.nameserver = self.addresses["nameserver"]
        self.start("probe", "-s", "/probe", "-n", self.nameserver)
        self.demo = self.start("demo", "-s", "/demo", "-n", self.nameserver)

    def start(self, role, *arguments):
        """Somebody else may take the port before we do: then another is tried."""
        for _ in range(3):
            address = free_address()
            child = self.spawn(role, address, *arguments)
            if child.read_line() == "ready":
                self.addresses.setdefault(role, address)
                return child
            if child.process.wait(PATIENCE) != 98:
                break
        raise Broken("%s does not start (exit code %s)" % (role, child.process.poll()))

    def spawn(self, role, address, *arguments):
        child = Child(self.python, self.version, role, "-a", address, *arguments)
        self.running.append(child)
        return child

    def close(self):
        for child in self.running:
            child.close()


class Child:
    """A program of start.py, with its stdin and stdout in our hands. What it logs is of interest to nobody."""

    def __init__(self, python, version, *arguments):
        self.version = version
        self.process = subprocess.Popen(
            [python, str(HERE / "start.py"), version, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def read_line(self):
        """The next line, which is the only one there can be: nothing is said unasked."""
        if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
            raise Broken("no answer within %d s" % PATIENCE)
        return self.process.stdout.readline().decode().rstrip("\n")

    def close(self):
        if not self.process.stdin.closed:
            self.process.stdin.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Client(Child):
    def __init__(self, python, version):
        super().__init__(python, version, "client")

    def do(self, command, **keys):
        self.process.stdin.write((json.dumps(dict(keys, do=command)) + "\n").encode())
        self.process.stdin.flush()
        return json.loads(self.read_line())


class Broken(Exception):
    """Nothing further can be checked with this version."""


def free_address():
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return "tcp://127.0.0.1:%d" % trial.getsockname()[1]


def kind(answer):
    error = answer.get("error", {})
    return [error.get("type"), error.get("code")]


def same(title, got, expected):
    check(title if got == expected else "%s: expected %r, got %r" % (title, expected, got), got == expected)


def check(title, holds):
    global failures
    failures += not holds
    print("%s  %s" % ("ok  " if holds else "FAIL", title), flush=True)


if __name__ == "__main__":
    main()
