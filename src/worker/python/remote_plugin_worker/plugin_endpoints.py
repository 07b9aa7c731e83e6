"""What the endpoints ask of the plugin. Each function gives what its endpoint's result is."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator

from .call import Call
from .forks import NO_NAMES
from .plugin import Plugin
from .running import PLAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict

    Body = Dict[str, Any]


def initialize(plugin: Plugin, call: Call) -> Body:
    if plugin.instance.method("initialize") is not None or call.body:
        plugin.invoke(call, plugin.need("initialize"), (call.body,))
        plugin.is_initialized = True
    return {"status": "ok"}


def execute(plugin: Plugin, call: Call) -> Any:
    return _whole(plugin, call, _run(plugin, call, plugin.need("execute")))


def execute_stream(plugin: Plugin, call: Call) -> None:
    if plugin.instance.method("execute_stream") is not None:
        _send_items(plugin, call, _run(plugin, call, plugin.need("execute_stream")))
    else:
        _send_result(plugin, call, _run(plugin, call, plugin.need("execute")))


def call_method(path: str, plugin: Plugin, call: Call) -> Any:
    return _whole(plugin, call, _run(plugin, call, plugin.public_method(path)))


def stream_method(path: str, plugin: Plugin, call: Call) -> None:
    _send_result(plugin, call, _run(plugin, call, plugin.public_method(path)))


def task(plugin: Plugin, call: Call) -> Any:
    method = plugin.need_task(str(call.body.get("task")), str(call.body.get("method")))
    plugin.renew(call.body)
    return plugin.invoke(call, method, (), call.body.get("kwargs") or NO_NAMES)


def config_schema(plugin: Plugin, call: Call) -> Any:
    return _told(plugin, call, "get_config_schema")


def config(plugin: Plugin, call: Call) -> Any:
    return _told(plugin, call, "get_current_config")


def config_options(plugin: Plugin, call: Call) -> Any:
    return _told(plugin, call, "get_config_options")


def prefetch(plugin: Plugin, call: Call) -> Body:
    return _done(plugin, call, "prefetch", "prefetched")


def reconfigure(plugin: Plugin, call: Call) -> Body:
    old, new = (call.body.get(key) or {} for key in ("old_config", "new_config"))
    return _done(plugin, call, "reconfigure", "reconfigured", old, new)


def cleanup(plugin: Plugin, call: Call) -> Body:
    try:
        _done(plugin, call, "cleanup", "cleaned")
    finally:
        plugin.flush_traces()
    return {"status": "cleaned"}


def on_enable(plugin: Plugin, call: Call) -> Body:
    return _done(plugin, call, "on_enable", "enabled")


def on_disable(plugin: Plugin, call: Call) -> Body:
    return _done(plugin, call, "on_disable", "disabled")


def get_system_status(plugin: Plugin, call: Call) -> Any:
    status = plugin.invoke(call, plugin.need("get_system_status"))
    return status.to_dict() if hasattr(status, "to_dict") else status


def list_processes(plugin: Plugin, call: Call) -> Any:
    return plugin.invoke(call, plugin.need("list_processes"))


def signatures(plugin: Plugin, call: Call) -> Body:
    from .signatures import describe_signatures

    return describe_signatures(plugin.instance.of, sorted(plugin.methods.values()), plugin.batches)


def structural_surface(plugin: Plugin, call: Call) -> Body:
    from .surface import describe_surface

    return describe_surface(type(plugin.instance.of))


def _run(plugin: Plugin, call: Call, method: Callable[..., Any]) -> Any:
    body = call.body
    plugin.renew(body)
    args, kwargs = body.get("args") or (), body.get("kwargs") or NO_NAMES
    assert call.endpoint is not None
    read = plugin.reader(call.endpoint.name, method)
    if read is not None:
        args, kwargs = call.run(read, (args, kwargs))
    return plugin.invoke(call, method, args, kwargs)


def _whole(plugin: Plugin, call: Call, result: Any) -> Any:
    """A result; of a generator the list of its items."""
    if type(result) not in PLAIN and isinstance(result, (Generator, AsyncGenerator)):
        return list(plugin.items(call, result))
    return result


def _send_result(plugin: Plugin, call: Call, result: Any) -> None:
    """Sends what a method that is no stream has given, item by item where it is a generator."""
    _send_items(plugin, call, result if isinstance(result, (Generator, AsyncGenerator)) else [result])


def _send_items(plugin: Plugin, call: Call, source: Any) -> None:
    assert call.reply is not None
    items: Any = plugin.items(call, source)
    try:
        for item in items:
            if call.cancelled:
                return
            call.reply.chunk(item)
            if call.reply.broken:
                return
    finally:
        items.close()


def _told(plugin: Plugin, call: Call, name: str) -> Any:
    method = plugin.instance.method(name)
    told = None if method is None else plugin.invoke(call, method)
    return {} if told is None else told


def _done(plugin: Plugin, call: Call, name: str, status: str, *args: Any) -> Body:
    method = plugin.instance.method(name)
    if method is None:
        return {"status": "not_supported"}
    plugin.invoke(call, method, args)
    return {"status": status}
