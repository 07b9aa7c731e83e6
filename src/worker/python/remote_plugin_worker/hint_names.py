"""Hints that are text, as `from __future__ import annotations` makes them."""

from __future__ import annotations

import ast
import builtins
import sys
import typing

Schema = typing.Dict[str, typing.Any]
Scope = typing.Mapping[str, typing.Any]

GENERICS = {name: getattr(typing, name.title()) for name in ("list", "dict", "set", "tuple", "type")}
GENERICS["frozenset"] = typing.FrozenSet


class Names(dict):  # type: ignore[type-arg]
    """A module's names. One that is imported for type checkers alone means nothing here."""

    def __missing__(self, name: str) -> typing.Any:
        return getattr(builtins, name, typing.Any)


class OldPython(ast.NodeTransformer):
    """Writes `int | None` and `list[int]` as a Python reads them that is older than they are."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        sides = ast.Tuple(elts=[self.visit(node.left), self.visit(node.right)], ctx=ast.Load())
        return ast.Subscript(value=ast.Name(id="__union__", ctx=ast.Load()), slice=_index(sides), ctx=ast.Load())

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id in GENERICS:
            node.value = ast.Name(id="__{}__".format(node.value.id), ctx=ast.Load())
        if _name_of_node(node.value) == "Literal":
            return node
        return self.generic_visit(node)


def _index(value: ast.expr) -> typing.Any:
    return value if sys.version_info >= (3, 9) else ast.Index(value=value)  # type: ignore[attr-defined]


def _name_of_node(node: ast.AST) -> str:
    return getattr(node, "id", None) or getattr(node, "attr", None) or ""


def evaluate(text: str, scope: Scope) -> typing.Any:
    """What a hint means that is text."""
    tree = ast.fix_missing_locations(OldPython().visit(ast.parse(text.strip(), mode="eval")))
    forms = {"__union__": typing.Union, **{"__{}__".format(name): form for name, form in GENERICS.items()}}
    return eval(compile(tree, "<hint>", "eval"), {"__builtins__": {}}, Names(scope, **forms))


def name_of(origin: typing.Any) -> str:
    """The name of a special form of `typing`, or of what stands in for it in another module."""
    return getattr(origin, "_name", None) or getattr(origin, "__name__", None) or ""
