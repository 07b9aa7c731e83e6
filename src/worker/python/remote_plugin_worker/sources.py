"""Which files of the plugin's own code have been imported: a host that reloads an edited plugin watches them."""

from __future__ import annotations

import os
import sys

from .library import attribute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator

INSTALLED = ("site-packages", "dist-packages")
# Bytecode names its source by whole seconds and by length alone, so that one more edit in that second may be taken for the one before.
SHORTLY_S = 2


def own_files(plugin: dict[str, Any]) -> list[str]:
    """The files of modules that lie below the plugin's folders. What is installed is not the plugin's own."""
    folders = [_absolute(folder) for folder in plugin.get("path") or []]
    top = sys.modules.get(plugin["module"].partition(".")[0])
    folders += [os.path.dirname(file) for file in _file_of(top)]
    own = {file: module for module in list(sys.modules.values()) for file in _file_of(module) if _is_own(file, folders)}
    for file, module in own.items():
        _forget_bytecode(file, module)
    return sorted(own)


def _file_of(module: Any) -> Iterator[str]:
    names = attribute(module, "__dict__")  # a module may have a `__getattr__` that is the plugin's code
    file = names.get("__file__") if isinstance(names, dict) else None
    # One that is gone counts, for it may come again. What lies in a zip has no folder.
    if isinstance(file, str) and os.path.isdir(os.path.dirname(_absolute(file))):
        yield _absolute(file)


def _absolute(path: str) -> str:
    return os.path.normpath(os.path.join(os.getcwd(), path))


def _is_own(file: str, folders: list[str]) -> bool:
    library = os.path.dirname(os.__file__)
    is_installed = any(part in INSTALLED for part in file.split(os.sep)) or _is_below(file, library)
    return not is_installed and any(_is_below(file, folder) for folder in folders)


def _is_below(file: str, folder: str) -> bool:
    return file.startswith(folder.rstrip(os.sep) + os.sep)


def _forget_bytecode(file: str, module: Any) -> None:
    """Removes bytecode that could be taken for that of the next edit."""
    cached = attribute(attribute(module, "__spec__"), "cached")
    try:
        if cached and os.stat(cached).st_mtime - os.stat(file).st_mtime < SHORTLY_S:
            os.remove(cached)
    except (OSError, TypeError, ValueError):
        pass
