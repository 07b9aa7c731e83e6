"""What `deno task check` demands of the modules of the Python worker and the agent, besides what ruff looks at.

No modules import one another in a circle, counted with imports for type checkers and imports inside functions. No module
is too long. No module uses a name with an underscore in front that another one has defined.

    python3 tools/python_lint.py src/worker/python/remote_plugin_worker src/worker/python/ray_agent
"""

from __future__ import annotations

import ast
import os
import sys
from typing import Dict, Iterator, List, Set

MOST_LINES = 300


def read(folder: str) -> Dict[str, str]:
    """The modules' sources, by their names."""
    sources = {}
    for entry in sorted(os.listdir(folder)):
        if entry.endswith(".py"):
            with open(os.path.join(folder, entry), encoding="utf-8") as source:
                sources[entry[:-3]] = source.read()
    return sources


def lint(sources: Dict[str, str]) -> List[str]:
    """What is wrong with the modules."""
    trees = {name: ast.parse(source) for name, source in sources.items()}
    imports = {name: imported(tree) & trees.keys() for name, tree in trees.items()}
    own = {name: private_names(tree) for name, tree in trees.items()}
    found = [f"{name} has {source.count(chr(10))} lines" for name, source in sources.items() if source.count("\n") > MOST_LINES]
    found += ["in a circle: " + " -> ".join(circle) for circle in circles(imports)]
    for name, tree in trees.items():
        others: Set[str] = set().union(*(names for other, names in own.items() if other != name)) - own[name]
        found += [f"{name}:{line} uses {used}, which is another module's own" for line, used in used_privates(tree, others)]
    return found


def imported(tree: ast.AST) -> Set[str]:
    """The modules of the package that a module imports, wherever it does."""
    return {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level and node.module}


def circles(imports: Dict[str, Set[str]]) -> Iterator[List[str]]:
    """One circle for each module that is first found to be in one."""
    done: Set[str] = set()

    def visit(name: str, path: List[str]) -> Iterator[List[str]]:
        if name in path:
            yield [*path[path.index(name) :], name]
        elif name not in done:
            for other in sorted(imports[name]):
                yield from visit(other, [*path, name])
            done.add(name)

    for name in imports:
        yield from visit(name, [])


def private_names(tree: ast.AST) -> Set[str]:
    """The names with an underscore in front that a module defines: functions, classes, variables, and members of `self`."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
    return {name for name in names if name.startswith("_") and not name.endswith("__")}


def used_privates(tree: ast.AST, others: Set[str]) -> Iterator["tuple[int, str]"]:
    """Where a module uses one of these names: imports it, or takes it from another object than `self`, which may have it from its base."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name.startswith("_"))
        elif isinstance(node, ast.Attribute) and node.attr in others and getattr(node.value, "id", "") != "self":
            yield node.lineno, node.attr


if __name__ == "__main__":
    complaints = [complaint for folder in sys.argv[1:] for complaint in lint(read(folder))]
    print("\n".join(complaints))
    sys.exit(1 if complaints else 0)
