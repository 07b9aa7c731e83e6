"""The worker's late imports, which no file of the plugin's stands in for."""

from __future__ import annotations

import builtins
import functools
import os
import sys
import threading
from _frozen_importlib import BuiltinImporter, FrozenImporter, module_from_spec
from _frozen_importlib_external import PathFinder, SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any, Callable, Optional


class StandardLibrary:
    """The late imports of the worker: a plugin may have files and modules that are named like those of the standard library.

    While one is made, the plugin's modules of such names are set aside, and nothing is looked for on the plugin's path.
    Then what was loaded stays where everybody finds it, unless the plugin's own `import` has to find something else.
    """

    # `traceback` imports some of these in the moment in which it needs them, and they may be the plugin's by then. So the worker has
    # them for itself, and never in `sys.modules`: other threads, whose calls may fail at the same time, import them too.
    LATE = frozenset(("ast", "linecache", "token", "tokenize", "traceback"))

    def __init__(self) -> None:
        beside = ("lib-dynload", "DLLs")
        self._path = [os.path.dirname(os.__file__), *(entry for entry in sys.path if os.path.basename(entry) in beside)]
        self._first = {id(module): module for module in sys.modules.values()}
        self._names: frozenset[str] = frozenset()
        self._apart: set[str] = set()  # what the worker has for itself, by the name of its top
        self._own: dict[str, Any] = {}
        self._late: dict[str, ModuleType] = {}
        self._given: dict[tuple[str, tuple[str, ...]], Any] = {}
        self._lock = threading.RLock()
        self._thread = 0
        self.builtins = dict(vars(builtins), __import__=self._import)

    def import_module(self, name: str, scope: Any = None, local: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        """What `import` is for the worker's own modules. What is not the library's is the plugin's environment's."""
        loaded = sys.modules.get(name)
        if level == 0 and "." not in name and id(loaded) in self._first and all(hasattr(loaded, part) for part in fromlist or ()):
            return loaded  # which most are
        self._names = self._names or self._read_names()
        find = self._import if name.partition(".")[0] in self._names else builtins.__import__
        return find(name, scope, local, fromlist, level)

    def loaded(self, name: str) -> Any:
        """A module of the library's that somebody has imported; None also when what has this name is the plugin's."""
        module = sys.modules.get(name)
        return module if module is not None and self._holds(module) else None

    def renew(self) -> None:
        """For a child right after its fork: another thread's import is not made there."""
        self._lock = threading.RLock()
        self._thread = 0

    def find_spec(self, name: str, path: Any = None, target: object = None) -> Optional[ModuleSpec]:
        """Finds modules for the thread that makes a late import; `import` asks for it."""
        if self._thread != threading.get_ident():
            return None
        spec = self._find(name) if path is None else PathFinder.find_spec(name, path)
        if spec is not None and name.partition(".")[0] in self._apart and isinstance(spec.loader, SourceFileLoader):
            spec.loader = ApartLoader(name, spec.loader.path)
        return spec

    def _find(self, name: str) -> ModuleSpec:
        spec = BuiltinImporter.find_spec(name) or FrozenImporter.find_spec(name)
        if spec is not None:
            return spec  # which nobody can hide
        spec, seen = PathFinder.find_spec(name, self._path), PathFinder.find_spec(name)
        if spec is None:
            raise ModuleNotFoundError(f"The standard library has no module {name!r}", name=name)
        if seen is not None and seen.origin is not None and not self._contains(seen.origin):
            self._apart.add(name)
        return spec

    def _import(self, name: str, scope: Any = None, local: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        """What `__import__` is for modules of the library's that the worker has for itself."""
        key = (name, tuple(fromlist or ()))
        if level == 0 and key in self._given:
            return self._given[key]
        with self._lock:
            load = functools.partial(builtins.__import__, name, scope, local, fromlist, level)
            if level == 0 and name in self.LATE:
                load = functools.partial(self._load_late, name)
            if self._thread == threading.get_ident():  # it is part of an import that is being made
                return load()
            module = self._load(load)
            if level == 0:
                self._given[key] = module
            return module

    def _load_late(self, name: str) -> ModuleType:
        if name in self._late:
            return self._late[name]
        spec = PathFinder.find_spec(name, self._path)
        module = self._late[name] = module_from_spec(spec)  # type: ignore[arg-type]
        try:
            vars(module)["__builtins__"] = self.builtins
            exec(module.__loader__.get_code(name), vars(module))  # type: ignore[union-attr]
        except BaseException:
            del self._late[name]
            raise
        return module

    def _load(self, load: Callable[[], Any]) -> Any:
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)
        aside = self._set_aside()
        before = set(sys.modules)
        sys.modules.update(self._own)
        self._thread = threading.get_ident()
        try:
            return load()
        finally:
            self._thread = 0
            for name in set(sys.modules) - before:
                if name.partition(".")[0] in self._apart and self._holds(sys.modules[name]):
                    self._own[name] = sys.modules.pop(name)
            sys.modules.update(aside)

    def _set_aside(self) -> dict[str, Any]:
        """Takes out of `sys.modules` what the worker must not get."""
        self._names = self._names or self._read_names()
        self._apart.update(top for top in self._names & sys.modules.keys() if not self._holds(sys.modules[top]))
        hidden = [name for name in list(sys.modules) if name.partition(".")[0] in self._apart]
        return {name: sys.modules.pop(name) for name in hidden if not _is_unfinished(sys.modules[name])}

    def _holds(self, module: Any) -> bool:
        if id(module) in self._first:
            return True
        origin = attribute(attribute(module, "__spec__"), "origin")
        return isinstance(origin, str) and (origin in ("built-in", "frozen") or self._contains(origin))

    def is_foreign(self, file: str) -> bool:
        """Whether a file is neither the library's nor of an installed package."""
        return not _is_installed(file) and not self._contains(file)

    def _contains(self, file: str) -> bool:
        return not _is_installed(file) and any(file.startswith(folder + os.sep) for folder in self._path)

    def _read_names(self) -> frozenset[str]:
        known = getattr(sys, "stdlib_module_names", None)  # since Python 3.10
        return known or frozenset(entry.partition(".")[0] for folder in self._path for entry in _entries_of(folder))


class ApartLoader(SourceFileLoader):
    """Loads a module that the worker has for itself: what it imports later is not the plugin's either."""

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__builtins__"] = LIBRARY.builtins
        super().exec_module(module)


def _is_installed(file: str) -> bool:
    return "site-packages" in file or "dist-packages" in file


def _is_unfinished(module: Any) -> bool:
    """Whether another thread imports it at this moment: its import would fail if the module were not there at its end."""
    return attribute(attribute(module, "__spec__"), "_initializing", False) is True


def _entries_of(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def attribute(holder: Any, name: str, missing: Any = None) -> Any:
    """An attribute of an object of the plugin's, whose class may answer with an exception of any kind."""
    try:
        return getattr(holder, name, missing)
    except Exception:
        return missing


LIBRARY = StandardLibrary()
