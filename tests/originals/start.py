#!/usr/bin/env python3
"""Runs a part of the original PyCOM under a Python, pyzmq and tornado that are years younger than it.

    VENV/bin/python tests/originals/start.py VERSION nameserver -a ADDRESS [-s NAME]
    VENV/bin/python tests/originals/start.py VERSION demo|probe -a ADDRESS [-s NAME] -n NAMESERVER [--renewal MS]
    VENV/bin/python tests/originals/start.py VERSION client

VERSION is 0.4.1 or 0.6.0, VENV what `install.py` made. A service prints `ready` once it is bound and registered, and
ends when its stdin does, so that a test that dies leaves none behind. If its port is taken it exits with 98 before it
has registered anything: try another. The client answers commands; `client.py` says which.
"""

import argparse
import collections
import errno
import importlib
import inspect
import os
import re
import socket
import sys
import threading
import traceback
import warnings
from pathlib import Path

ADDRESS_IN_USE = 98

#: What the original's launcher is to import for each role.
SERVICES = {
    "nameserver": ["pycom.apps.nameserver"],
    "demo": ["pycom.apps.demo"],
    "probe": ["probe_service", "pycom.apps.demo"],
}


def main():
    options = command_line()
    installation = Path(sys.prefix).parent
    source = installation / ("pycom-%s" % options.version)
    if not source.is_dir():
        leave(1, "no %s: run install.py and start this with the python it prints" % source)
    sys.pycache_prefix = str(installation / "pycache")  # nothing is to appear beside this file
    sys.path.insert(0, str(source))

    supply_what_python_removed()
    supply_what_pyzmq_removed()
    import pycom

    try:
        if options.role == "client":
            import client
            client.answer(pycom, sys.stdin.buffer, sys.stdout)
        else:
            serve(pycom, options)
    except KeyboardInterrupt:
        pass
    except Exception as error:
        traceback.print_exc()
        leave(1, "%s: %s" % (type(error).__name__, error))
    leave(0)


def command_line():
    parser = argparse.ArgumentParser(description="Runs a part of the original PyCOM.")
    parser.add_argument("version", choices=["0.4.1", "0.6.0"])
    roles = parser.add_subparsers(dest="role", metavar="ROLE", required=True)
    roles.add_parser("client", help="answer commands, one JSON object a line")
    for role in SERVICES:
        options = roles.add_parser(role)
        options.add_argument("-a", "--address", required=True, type=loopback, help="tcp://127.0.0.1:PORT")
        if role == "nameserver":
            options.add_argument("-s", "--service", default="/org/pycom/nameserver")
            options.set_defaults(nameserver=None)
        else:
            options.add_argument("-s", "--service", help="without it the original makes up a name under /auto/")
            options.add_argument("-n", "--nameserver", required=True, help="tcp://HOST:PORT")
            options.add_argument("--renewal", type=int, metavar="MILLISECONDS",
                                 help="how often 0.6.0 registers again, every 30 s by default; 0.4.1 never does")
    return parser.parse_args()


def loopback(address):
    """Nobody but this machine shall reach these programs: they can be stopped with one malformed message."""
    if not re.match(r"tcp://127\.0\.0\.1:[1-9][0-9]*$", address):
        raise argparse.ArgumentTypeError("expected tcp://127.0.0.1:PORT, got %s" % address)
    return address


def supply_what_python_removed():
    """`inspect.getargspec` went with Python 3.11; the originals read a method's arguments with it."""
    fields = collections.namedtuple("ArgSpec", "args varargs keywords defaults")
    inspect.getargspec = lambda function: fields(*inspect.getfullargspec(function)[:4])


def supply_what_pyzmq_removed():
    """pyzmq had an event loop of its own, under the names that tornado's has now, and a little different."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import zmq.eventloop.ioloop
    import tornado.ioloop

    class PeriodicCallback(tornado.ioloop.PeriodicCallback):
        """Takes the loop as its third argument, where tornado has come to expect the jitter."""

        def __init__(self, callback, callback_time, _loop=None):
            super().__init__(callback, callback_time)

    zmq.eventloop.IOLoop = tornado.ioloop.IOLoop
    zmq.eventloop.ioloop.IOLoop = tornado.ioloop.IOLoop
    zmq.eventloop.ioloop.PeriodicCallback = PeriodicCallback


def serve(pycom, options):
    """Runs the original's own launcher until stdin ends."""
    import zmq

    threading.Thread(target=end_with_stdin, daemon=True).start()
    modules = SERVICES[options.role]
    for module in modules:
        importlib.import_module(module)  # the launcher would hide why one cannot be imported

    # The launcher registers before it binds. Were it to find the port taken only then, the name would stay
    # registered on an address that is not ours, and a second try on another port be refused.
    leave_if_taken(options.address)

    # The launcher does not return, and offers no hook: the loop it starts says when all is done.
    pycom.ioloop().add_callback(print, "ready", flush=True)
    arguments = ["-a", options.address]
    if options.service is not None:
        arguments += ["-s", options.service]
    if options.nameserver is not None:
        arguments += ["-n", options.nameserver]
        if options.renewal is not None:
            pycom.constants.NS_SERVICE_TIMEOUT = 2 * options.renewal  # in the original too, half of it is the interval
    try:
        pycom.main(arguments + modules)
    except zmq.ZMQError as error:
        if error.errno == errno.EADDRINUSE:
            leave(ADDRESS_IN_USE, "address in use: %s" % options.address)
        raise


def leave_if_taken(address):
    host, port = address[len("tcp://"):].split(":")
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as libzmq does
        try:
            trial.bind((host, int(port)))
            trial.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                leave(ADDRESS_IN_USE, "address in use: %s" % address)
            raise


def end_with_stdin():
    """Ends the process as soon as whoever holds the other end of stdin is gone, whatever the service is doing."""
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass  # started without a stdin
    os._exit(0)  # not even a last flush: nobody may be reading any more


def leave(code, complaint=None):
    """Ends at once: the ordinary way waits for ever for messages to peers that are gone."""
    if complaint is not None:
        print("start.py: %s" % complaint, file=sys.stderr)
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
