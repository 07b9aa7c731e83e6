"""What the worker answers, whichever connection asks."""

from __future__ import annotations

from .call import Call
from .canceller import Canceller
from .client import Client
from .decoding import decode_object, restore_types
from .endpoint import Endpoint
from .endpoints import METHODS, PLAIN
from .error_bodies import describe
from .errors import Refusal
from .fast import compare_digest
from .forks import NO_NAMES
from .listening import is_loopback
from .open_calls import OpenCalls
from .plugin import Plugin
from .replies import Reply
from .requests import HttpRequest, Request, checked_id
from .spare_memory import SpareMemory
from .start_line import Start
from .worker_endpoints import WorkerEndpoints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, NoReturn, Optional, Union

    from .callbacks import Callbacks
    from .uploads import Upload

    Body = Dict[str, Any]


NO_ARGUMENTS: list[Any] = []


class Session:
    """Lets requests in, answers them, and makes calls of those that are calls."""

    def __init__(self, start: Start, plugin: Plugin, calls: OpenCalls, canceller: Canceller, watch: Callable[[Client], None]) -> None:
        self.scratch = start.scratch
        self.max_body_bytes = start.max_body_bytes
        self.watch = watch
        self.spare = SpareMemory()
        self.plain = PLAIN
        self.abandon = canceller.abandon
        self._plugin = plugin
        self._calls = calls
        self._canceller = canceller
        self._answers = WorkerEndpoints(start, plugin, calls, canceller, METHODS)
        self._is_tcp = not start.unix
        self._authorization = b"Bearer " + start.token.encode("utf-8")

    def admit(self, request: HttpRequest) -> None:
        """Turns strangers away."""
        given = request.headers.get("authorization", "").encode("latin-1")
        if not compare_digest(given, self._authorization):
            raise Refusal(401, "The request does not carry this worker's token", closes=True)
        if "origin" in request.headers:
            raise Refusal(403, "Requests from a browser page are not answered", closes=True)
        if self._is_tcp:
            hosts = [request.headers.get("host", ""), request.authority or "localhost"]
            if not all(map(is_loopback, hosts)):
                raise Refusal(403, "The host of the request is not a loopback name", closes=True)

    def is_quick(self, endpoint: Endpoint) -> bool:
        """Whether a question is answered at once, whatever the plugin's code does."""
        if endpoint.name in ("ready", "sources"):
            return endpoint.name == "ready" and self._plugin.loaded.is_set()
        return endpoint.answer is not None

    def answer(self, endpoint: Endpoint, text: Union[bytes, bytearray], reply: Reply) -> None:
        """Answers a question."""
        body = decode_object(text) if endpoint.verb == "POST" else {}
        try:
            reply.result(self._answer(endpoint, body))
        except Refusal:
            raise
        except Exception as error:
            reply.error(describe(error, self._plugin.name))

    def open_plain_call(self, endpoint: Endpoint, call_id: str, body: Body, connection: Any) -> Call:
        """Makes the call that a request as most are asks for."""
        call = Call(body, endpoint, None, call_id)
        call.connection = connection
        self._open(call, call_id)
        return call

    def open_call(self, request: Request, endpoint: Endpoint, text: Union[bytes, bytearray], reply: Reply) -> Call:
        """Makes the call that a request asks for."""
        call_id = checked_id(request.call_id, "call id")
        upload = request.upload
        body = decode_object(text) if upload is None else upload.body
        callbacks = self._callbacks(request, reply, call_id) if endpoint.takes_arguments and body.get("types") else None
        call = Call(_checked(endpoint, body, callbacks), endpoint, reply, call_id, request.trace)
        if callbacks is not None and not callbacks.is_empty:
            callbacks.call, call.callbacks = call, callbacks
        if upload is not None and not endpoint.keeps_inputs:
            call.inputs = upload.inputs
        if request.wants_lines and reply.frames:
            from .printed import follow

            follow(call)
        self._open(call, call_id)
        return call

    def _callbacks(self, request: Request, reply: Reply, call_id: str) -> Optional[Callbacks]:
        """What makes the functions of a call; None where it cannot have any."""
        if not reply.frames or not call_id:
            return None
        from .callbacks import Callbacks

        return Callbacks(self.scratch, request.files)

    def open_upload(self, request: Request) -> Upload:
        """Makes what takes a body with files. It is not read when something else stands against it."""
        from .uploads import Upload

        try:
            endpoint = request.endpoint()
            checked_id(request.call_id, "call id")
            if not endpoint.is_call or not self.scratch.disk:
                raise Refusal(400, "This worker takes no files" if endpoint.is_call else "This endpoint takes no files")
        except Refusal as refusal:
            refusal.closes = True
            raise
        return Upload(request.framing(), int(request.parts), self.scratch)

    def _open(self, call: Call, call_id: str) -> None:
        self._calls.open(call)
        if self._canceller.ahead and self._canceller.is_cancelled(call_id):
            self._canceller.abandon(call)

    def _answer(self, endpoint: Endpoint, body: Body) -> Any:
        if endpoint.answer is not None:
            return endpoint.answer(self._answers, body)
        return self._plugin.perform(Call(body, endpoint))


def _checked(endpoint: Endpoint, body: Body, callbacks: Optional[Callbacks]) -> Body:
    if endpoint.takes_arguments:
        if "types" in body:
            restore_types(body, {"function": _no_function if callbacks is None else callbacks.function})
        if type(body.get("args", NO_ARGUMENTS)) is not list:
            raise Refusal(400, '"args" is not an array')
        if type(body.get("kwargs", NO_NAMES)) is not dict:
            raise Refusal(400, '"kwargs" is not an object')
    return body


def _no_function(value: Any, pointer: str) -> NoReturn:
    raise Refusal(400, f'"types" names a function at "{pointer}", which only a call with an id and a framed reply may have')
