"""The one table of the endpoints. A new one is a line here, and the function that it names."""

from __future__ import annotations

from .call import Call
from .endpoint import Endpoint
from .plugin import Plugin
from .plugin_endpoints import (
    cleanup,
    config,
    config_options,
    config_schema,
    execute,
    execute_stream,
    get_system_status,
    initialize,
    list_processes,
    on_disable,
    on_enable,
    prefetch,
    reconfigure,
    signatures,
    structural_surface,
    task,
)
from .worker_endpoints import WorkerEndpoints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict

    Body = Dict[str, Any]


def asked(name: str, verb: str, answer: Callable[[WorkerEndpoints, Body], Any], method: str = "") -> Endpoint:
    """What the worker answers by itself, also while the plugin's code runs."""
    return Endpoint(name, verb, answer=answer, method=method)


def told(name: str, run: Callable[[Plugin, Call], Any], method: str = "") -> Endpoint:
    """What the plugin tells without waiting for a lane."""
    return Endpoint(name, "GET", run=run, method=method)


def called(name: str, run: Callable[[Plugin, Call], Any], method: str = "") -> Endpoint:
    """A call."""
    return Endpoint(name, "POST", is_call=True, run=run, method=method)


ALL = (
    called("initialize", initialize, "initialize"),
    called("execute", execute, "execute"),
    called("execute_stream", execute_stream, "execute_stream"),
    told("config_schema", config_schema, "get_config_schema"),
    told("config", config, "get_current_config"),
    called("prefetch", prefetch, "prefetch"),
    called("reconfigure", reconfigure, "reconfigure"),
    called("cleanup", cleanup, "cleanup"),
    asked("cancel", "POST", WorkerEndpoints.cancel, "cancel"),
    called("on_enable", on_enable, "on_enable"),
    called("on_disable", on_disable, "on_disable"),
    told("config_options", config_options, "get_config_options"),
    called("get_system_status", get_system_status, "get_system_status"),
    called("list_processes", list_processes, "list_processes"),
    called("task", task),
    told("signatures", signatures),
    told("structural_surface", structural_surface),
    asked("ready", "GET", WorkerEndpoints.ready),
    asked("health", "GET", WorkerEndpoints.health),
    asked("stats", "GET", WorkerEndpoints.stats),
    asked("progress", "GET", WorkerEndpoints.progress),
    asked("in_use", "POST", WorkerEndpoints.in_use),
    asked("callback", "POST", WorkerEndpoints.callback),
)
METHODS = {endpoint.name: endpoint.method for endpoint in ALL if endpoint.method}
ENDPOINTS = {endpoint.name: endpoint for endpoint in ALL}
