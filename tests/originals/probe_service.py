"""The service that the transcripts of protocol.md were taken from: one method for each thing a peer may meet.

Written against the common ground of both originals; `start.py VERSION probe` runs it beside their demo service.
"""

import pycom
V6 = pycom.__version__ >= "0.6"
kw = dict(stateful=True) if V6 else {}

@pycom.interface("com.foo.example")
class Query(pycom.Service):
    """Query service."""
    @pycom.method("create")
    def method_create(self, request):
        """Creates a thing."""
        return {"field1": request.args}
    @pycom.method("named", results=("res1", "res2"))
    def named(self, request, arg1, arg2, arg3=None):
        """Named arguments."""
        return arg2, [arg1, arg3]
    @pycom.method("single", results=("only",))
    def single(self, request, value=7):
        return value
    @pycom.method("nothing")
    def nothing(self, request):
        pass
    @pycom.method("fail_code")
    def fail_code(self, request):
        raise pycom.RemoteError("custom failure", code=request.args)
    @pycom.method("fail_bug")
    def fail_bug(self, request):
        raise KeyError("boom")
    @pycom.method("fail_denied")
    def fail_denied(self, request):
        raise pycom.BadRequest("bad thing")
    @pycom.method("unserializable")
    def unserializable(self, request):
        return object()
    @pycom.method("via_response")
    def via_response(self, request):
        return request.response({"via": request.args})

@pycom.interface("com.foo.counter", **kw)
class Counter(pycom.Service):
    @pycom.method("next")
    def next(self, request):
        request.session["n"] = request.session.get("n", 0) + 1
        return request.session["n"]

if V6:
    @pycom.interface("com.foo.blob")
    class Blob(pycom.Service):
        @pycom.method(attachments=("blob", None))
        def length(self, request, blob):
            return len(blob)
        @pycom.method(attachments=(None, "blob"), results=("orig", "blob"))
        def encode(self, request, string):
            return string, string.encode("utf-8")
        @pycom.method
        def mirror(self, request):
            return request.response(request.args, attachment=request.attachment)
