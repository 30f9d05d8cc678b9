"""Servers that are unusual and right: whatever fails on one of them is a fault of the suite."""

import pkgutil
from collections.abc import Mapping
from importlib import import_module

from conformance.reference.variants.marking import Variant, unusual, variant_of

__all__ = ["Variant", "unusual", "variants"]


def variants() -> Mapping[str, Variant]:
    """All variants by their names."""
    modules = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    marked = [
        one
        for module in modules
        for value in vars(module).values()
        if (one := variant_of(value)) and one.make.__module__ == module.__name__
    ]
    found = {one.name: one for one in marked}
    if len(found) != len(marked):
        raise ValueError("two variants have the same name")
    return found
