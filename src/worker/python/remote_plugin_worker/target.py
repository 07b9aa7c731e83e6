"""What the start line names as the plugin: a class, a function, or what a script has."""

from __future__ import annotations

import builtins
import os
import sys

from .conversions import to_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any, Callable, Dict

    Body = Dict[str, Any]

SCRIPT_ENDINGS = (".py", ".pyw")
# By what Python or a library gives it, a class holds data and does nothing: a dataclass, a named tuple, a TypedDict, a protocol, a model.
MARKS_OF_DATA = ("__dataclass_fields__", "_fields", "__total__", "_is_protocol", "model_json_schema")


class FunctionPlugin:
    """A function as a plugin. The worker's helpers become attributes of the function, where its code finds them."""

    def __init__(self, function: Callable[..., Any]) -> None:
        vars(self)["execute"] = function

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["execute"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(vars(self)["execute"], name, value)


def make_plugin(target: Body) -> Any:
    """Imports what the start line names, and makes the plugin's object of it."""
    module = import_module(target["module"])
    if target.get("entry") is not None:
        return _made(module, _entry_name(module, target["entry"]), target["module"])
    if target.get("function") is not None:
        return FunctionPlugin(_function(module, target["function"]))
    return _class(module, target["class"])()


def import_module(module: str) -> ModuleType:
    """Imports a module by its import path, or a script by its own."""
    if module.endswith(SCRIPT_ENDINGS) and os.path.isabs(module):
        return _import_script(module)
    builtins.__import__(module)
    return sys.modules[module]


def find(module: ModuleType, name: str, what: str) -> Any:
    """What a module has by this name."""
    if not hasattr(module, name):
        names = _candidates(module)
        has = f". It has {_listed(names)}" if names else ""
        raise AttributeError(f'The module "{module.__name__}" has no {what} "{name}"{has}')
    return getattr(module, name)


def _function(module: ModuleType, name: str) -> Callable[..., Any]:
    function = find(module, name, "function")
    if isinstance(function, type):
        raise TypeError(f'"{name}" is a class. Name it as "class" in the manifest')
    if not callable(function):
        raise TypeError(f'"{name}" is no function, but a value of the type {to_json(type(function).__name__)}')
    checked: Callable[..., Any] = function
    return checked


def _class(module: ModuleType, name: str) -> Callable[[], Any]:
    made = find(module, name, "class")
    if not callable(made):
        raise TypeError(f'"{name}" is no class, but a value of the type {to_json(type(made).__name__)}')
    if not isinstance(made, type) and hasattr(type(made), "__get__"):
        raise TypeError(f'"{name}" is a function. Name it as "function" in the manifest')
    checked: Callable[[], Any] = made
    return checked


def _made(module: ModuleType, name: str, path: str) -> Any:
    value = find(module, name, "class or function")
    return value() if isinstance(value, type) else FunctionPlugin(_function(module, name))


def _entry_name(module: ModuleType, entry: Any) -> str:
    """The name of the one class or function that a script has. A class with `execute` goes before all else."""
    if isinstance(entry, str):
        return entry
    names = _candidates(module)
    plugins = [name for name in names if _is_plugin_class(getattr(module, name))]
    for chosen in (plugins, [name for name in names if name != "main"], names):
        if len(chosen) == 1:
            return chosen[0]
    file = os.path.basename(str(module.__file__))
    if not names:
        raise LookupError(f'"{file}" has no class and no function whose name begins without "_"')
    raise LookupError(f'"{file}" has several classes and functions: {_listed(names)}. Name the one that is meant, as "{file}#{names[0]}"')


def _candidates(module: ModuleType) -> list[str]:
    """The names of the public classes and functions that a module has written itself."""
    exported = getattr(module, "__all__", None)
    if isinstance(exported, (list, tuple)):
        return [name for name in exported if isinstance(name, str) and callable(getattr(module, name, None))]
    return [name for name, value in vars(module).items() if not name.startswith("_") and _is_own(module, value)]


def _is_own(module: ModuleType, value: Any) -> bool:
    if getattr(value, "__module__", None) != module.__name__:
        return False
    if isinstance(value, type):
        is_enum = hasattr(value, "__members__")
        return not (is_enum or issubclass(value, BaseException) or any(hasattr(value, mark) for mark in MARKS_OF_DATA))
    return callable(value) and hasattr(type(value), "__get__")


def _is_plugin_class(value: Any) -> bool:
    return isinstance(value, type) and any(hasattr(value, name) for name in ("execute", "execute_stream"))


def _listed(names: list[str]) -> str:
    return ", ".join(map(to_json, names))


def _import_script(path: str) -> ModuleType:
    """Runs a script as a module, whatever its file is called."""
    from importlib.machinery import SourceFileLoader
    from importlib.util import module_from_spec, spec_from_loader

    stem = os.path.splitext(os.path.basename(path))[0]
    name = stem if stem.isidentifier() and stem not in sys.modules else f"script {stem}"
    spec = spec_from_loader(name, SourceFileLoader(name, path))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
