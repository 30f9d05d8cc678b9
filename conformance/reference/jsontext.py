"""JSON as this server writes it."""

from __future__ import annotations

import json


def compact(value: object) -> bytes:
    """Write JSON without a blank or an escape that need not be there."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
