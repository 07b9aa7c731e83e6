"""How the worker's modules find each other. start.py runs this one first, by itself."""

from __future__ import annotations

import builtins
import marshal
import sys
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any, Callable, NoReturn, Union

PACKAGE = "remote_plugin_worker"


class Modules:
    """The worker's modules. No `import` of the plugin's finds them, and theirs find none of the plugin's in each other's places."""

    def __init__(self, codes: dict[str, Union[CodeType, bytes]]) -> None:
        self._codes = codes
        self._loaded: dict[str, ModuleType] = {}
        self._find_other: Callable[..., Any] = __import__
        self._builtins = dict(vars(builtins), __import__=self._import)

    def run_main(self) -> NoReturn:
        """Runs the worker, or what is named in its place."""
        self.load(sys.argv[1] if len(sys.argv) > 1 else "main").main(self._find_others_by)

    def _find_others_by(self, find: Callable[..., Any]) -> None:
        """From here on what the worker's modules import besides each other is found so."""
        self._find_other = find

    def _import(self, name: str, scope: Any = None, local: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if level:
            return self._loaded.get(name) or self.load(name)
        return self._find_other(name, scope, local, fromlist, level)

    def load(self, name: str) -> ModuleType:
        """Runs a module. Two threads may do so at once: there is no lock, for a forked child could find it held."""
        code = self._codes[name]
        module = ModuleType(f"{PACKAGE}.{name}")
        vars(module).update(__builtins__=self._builtins, __package__=PACKAGE)
        exec(marshal.loads(code) if isinstance(code, bytes) else code, vars(module))
        return self._loaded.setdefault(name, module)
