"""Unusual keys."""

from dataclasses import replace
from typing import Any

from conformance.reference import Reference
from conformance.reference.variants.marking import unusual

NEARLY_WORDS = (
    "workflow1",
    "succeeded2",
    "parameters3",
    "workflow_finished4",
    "completed5",
    "invalid_param6",
)
WORDS = ("workflow", "succeeded", "parameters", "workflow_finished", "not_workflow_app", "invalid_param")


class _Keys(Reference):
    """Lets in by keys of its own choice."""

    chosen: tuple[str, ...]

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self.apps = tuple(replace(app, key=key) for app, key in zip(self.apps, self.chosen, strict=True))


@unusual()
class HasKeysThatBeginWithWords(_Keys):
    """Has keys that are words of the API but for a digit at the end."""

    chosen = NEARLY_WORDS


@unusual(opens=("stop.auth.not-echoed",))
class HasWordsForKeys(_Keys):
    """Has keys that are words of the API, so that every other answer has one in it."""

    chosen = WORDS
