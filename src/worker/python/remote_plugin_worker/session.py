"""What the worker answers, whichever connection asks."""

from __future__ import annotations

from .call import Call
from .decoding import decode_object, restore_types
from .endpoint import Endpoint
from .endpoints import METHODS
from .error_bodies import describe
from .errors import Refusal
from .fast import compare_digest
from .lanes import Lanes
from .listening import is_loopback
from .replies import Reply
from .requests import HttpRequest, Request
from .start_line import Start
from .worker_endpoints import WorkerEndpoints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Union

    Body = Dict[str, Any]


class Session:
    """Lets requests in, answers them, and makes calls of those that are calls."""

    def __init__(self, start: Start, lanes: Lanes) -> None:
        self.lanes = lanes
        self.scratch = start.scratch
        self.max_body_bytes = start.max_body_bytes
        self._answers = WorkerEndpoints(start, lanes, METHODS)
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

    def answer(self, request: Request, text: bytearray, reply: Reply) -> Optional[Call]:
        """Answers a request, or gives the call that will, once it is in the inbox."""
        endpoint = request.endpoint()
        if endpoint.is_call:
            return self.open_call(request, text, reply)
        body = decode_object(text) if endpoint.verb == "POST" else {}
        try:
            reply.result(self._answer(endpoint, body))
        except Refusal:
            raise
        except Exception as error:
            reply.error(describe(error, self.lanes.plugin.name))
        return None

    def open_call(self, request: Request, text: Union[bytes, bytearray], reply: Reply) -> Call:
        """Makes the call that a request asks for."""
        endpoint = request.endpoint()
        call = Call(_checked(endpoint, decode_object(text)), endpoint, reply, request.call_id())
        call.trace = request.trace()
        self.lanes.calls.open(call)
        return call

    def _answer(self, endpoint: Endpoint, body: Body) -> Any:
        if endpoint.answer is not None:
            return endpoint.answer(self._answers, body)
        return self.lanes.plugin.perform(Call(body, endpoint))


def _checked(endpoint: Endpoint, body: Body) -> Body:
    if endpoint.takes_arguments:
        restore_types(body)
        for key, kind, name in (("args", list, "array"), ("kwargs", dict, "object")):
            if not isinstance(body.get(key, kind()), kind):
                raise Refusal(400, f'"{key}" is not an {name}')
    return body
