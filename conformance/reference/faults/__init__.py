"""Servers with one fault each, by topic: what the suite must convict, and by which requirements.

A specimen is a `Reference` with one decision changed, a docstring of one sentence that says what it gets
wrong, and the ids that must fail when it is judged, consequences left out::

    @breaks("stop.lifecycle.next-run", like="langgenius/dify#40878")
    class StopOutlivesItsRun(Reference):
        '''Stops the next run of a user, too, because the signal is not cleared.'''

`specimens()` finds whatever is marked in the modules of this package.
"""

import pkgutil
from collections.abc import Mapping
from importlib import import_module

from conformance.reference.faults.marking import Specimen, breaks, specimen_of

__all__ = ["Specimen", "breaks", "specimens"]


def specimens() -> Mapping[str, Specimen]:
    """All specimens by their names, topic by topic."""
    modules = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    marked = [
        one
        for module in modules
        for value in vars(module).values()
        if (one := specimen_of(value)) and one.make.__module__ == module.__name__
    ]
    found = {one.name: one for one in marked}
    if len(found) != len(marked):
        raise ValueError("two specimens have the same name")
    return found
