"""The one table of the endpoints. A new one is a line here, and the function that it names."""

from __future__ import annotations

import functools

from .call import Call
from .endpoint import METHOD_PATHS, Endpoint
from .instance import Instance
from .methods import path_of, public_methods
from .plugin import Plugin
from .plugin_endpoints import (
    call_method,
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
    stream_method,
    structural_surface,
    task,
)
from .worker_endpoints import WorkerEndpoints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional

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
    asked("sources", "GET", WorkerEndpoints.sources),
)
METHODS = {endpoint.name: endpoint.method for endpoint in ALL if endpoint.method}
ENDPOINTS = {endpoint.name: endpoint for endpoint in ALL}
PLAIN = {"execute": ENDPOINTS["execute"]}  # what most requests ask for; those for methods come once they are known
# What plugins have for the worker, or are given by it, and no host calls by its name.
RESERVED = frozenset(("report_progress", "check_cancel", "scratch_folder", "heartbeat", "execute_batch", *METHODS.values()))
RUN_METHOD = {"call": call_method, "stream": stream_method}


def offer_methods(plugin: Instance) -> dict[str, str]:
    """Makes endpoints of the methods of a plugin that is loaded; gives their names, by how they stand in a request."""
    methods = {path_of(name): name for name in public_methods(type(plugin.of), RESERVED)}
    for path in methods:
        for kind in RUN_METHOD:
            ENDPOINTS[f"{kind}/{path}"] = _method_endpoint(kind, path)
        PLAIN[f"call/{path}"] = ENDPOINTS[f"call/{path}"]
    return methods


def find_endpoint(name: str) -> Optional[Endpoint]:
    """What a request names. A method that no plugin has is missed by the call itself, which waits until the plugin is loaded."""
    endpoint = ENDPOINTS.get(name)
    if endpoint is None and name.startswith(METHOD_PATHS):
        return _method_endpoint(*name.split("/", 1))
    return endpoint


def _method_endpoint(kind: str, path: str) -> Endpoint:
    return called(f"{kind}/{path}", functools.partial(RUN_METHOD[kind], path))
