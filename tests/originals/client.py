"""Drives the original's client with commands: one JSON object a line in, one a line out.

The components stay between commands, so that whatever the original remembers (session, connection, nameserver) it
remembers by its own code. Commands, with the keys each takes (`?`: may be left out):

    configure   nameserver                             forgets the old nameserver, keeps the components
    locate      as, interface, service?                asks the nameserver and connects
    connect     as, interface, address                 connects without asking
    invoke      on, method, args?, timeout? (ms)
    attach      on, method, args?, attachment? (base64)   0.6.0 only
    introspect  on
    list        args?                                  `list_services` of the nameserver
    drop        on                                     closes the component

Answers: {"ok": value}, beside it "attachment" (base64) if one came back, or
{"error": {"type": exception's name, "code": number or null, "text": message}}.
"""

import base64
import json


def answer(pycom, lines, output):
    """Answers every command until there are no more."""
    client = Client(pycom)
    for line in lines:
        try:
            reply = client.do(json.loads(line.decode("utf-8")))
            text = json.dumps(reply)
        except Exception as error:  # all of them are the caller's to judge
            text = json.dumps({"error": {
                "type": type(error).__name__,
                "code": getattr(error, "code", None),
                "text": str(error),
            }})
        output.write(text + "\n")
        output.flush()


class Client:
    """The original's client and its components by the names that the commands give them."""

    def __init__(self, pycom):
        self.pycom = pycom
        self.context = pycom.Context()
        self.components = {}

    def do(self, command):
        commands = {
            "configure": self.configure,
            "locate": self.locate,
            "connect": self.connect,
            "invoke": self.invoke,
            "attach": self.attach,
            "introspect": self.introspect,
            "list": self.list,
            "drop": self.drop,
        }
        if command.get("do") not in commands:
            raise ValueError("unknown command %r, expected one of %s" % (command.get("do"), ", ".join(commands)))
        return commands[command["do"]](command)

    def configure(self, command):
        """A context keeps the first nameserver it found for life: a new one needs a new context."""
        self.pycom.configure(nameserver=command["nameserver"])
        self.context = self.pycom.Context()
        return {"ok": None}

    def locate(self, command):
        self.keep(command["as"], self.context.locate(command["interface"], command.get("service")))
        return {"ok": None}

    def connect(self, command):
        if hasattr(self.context, "connect"):
            component = self.context.connect(command["address"], command["interface"])
        else:
            component = self.pycom.RemoteComponent(command["address"], command["interface"])
        self.keep(command["as"], component)
        return {"ok": None}

    def invoke(self, command):
        return outcome(self.on(command).invoke(
            command["method"], command.get("args"), timeout=command.get("timeout")))

    def attach(self, command):
        attachment = command.get("attachment")
        if attachment is not None:
            attachment = base64.b64decode(attachment, validate=True)
        return outcome(self.on(command).invoke(command["method"], command.get("args"), attachment=attachment))

    def introspect(self, command):
        return outcome(self.on(command).introspect())

    def list(self, command):
        return outcome(self.context.nameserver().invoke("list_services", command.get("args", {})))

    def drop(self, command):
        self.on(command).close()
        del self.components[command["on"]]
        return {"ok": None}

    def keep(self, name, component):
        """A name may be given again: the component that had it is closed."""
        if name in self.components:
            self.components[name].close()
        self.components[name] = component

    def on(self, command):
        if command["on"] not in self.components:
            raise LookupError("no component is called %r: locate or connect one" % command["on"])
        return self.components[command["on"]]


def outcome(result):
    """0.6.0 gives a pair where the reply carried an attachment; JSON itself never becomes a tuple."""
    if isinstance(result, tuple):
        result, attachment = result
        return {"ok": result, "attachment": base64.b64encode(attachment).decode("ascii")}
    return {"ok": result}
