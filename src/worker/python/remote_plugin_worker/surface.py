"""The public members of a plugin's class."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    Body = Dict[str, Any]


def describe_surface(kind: type) -> Body:
    """The public members of a class, as the original tells them for the matching of its task adapters."""
    import inspect

    surface: dict[str, list[Any]] = {"methods": [], "properties": [], "attributes": []}
    for name in sorted(dir(kind)):
        member = inspect.getattr_static(kind, name)
        function = getattr(member, "__func__", member)
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            surface["properties"].append(name)
        elif inspect.isfunction(function):
            signature = inspect.signature(function)
            params = [parameter for parameter in signature.parameters if parameter != "self"]
            surface["methods"].append({"name": name, "signature": str(signature), "params": params})
        else:
            surface["attributes"].append({"name": name, "type": type(member).__name__})
    return surface
