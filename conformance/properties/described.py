"""One operation of the document as schemathesis reads it, under a configuration of the suite's own."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import schemathesis
from schemathesis import APIOperation

from conformance.contract import Operation

# Given at all, so that no ``schemathesis.toml`` of whoever calls has a say; the reasons are in ``generated``.
CONFIG: Mapping[str, Any] = {
    "checks": {
        "negative_data_rejection": {"expected-statuses": ["3XX", "4XX", "5XX"]},
        "response_schema_conformance": {"validate-formats": False},
    },
    "phases": {"coverage": {"unexpected-methods": []}},
}


@lru_cache(maxsize=32)
def described(operation: Operation) -> APIOperation[Any, Any, Any, Any]:
    """The operation, ready to be drawn from and to be held against answers."""
    config = schemathesis.Config.from_dict(dict(CONFIG))
    return schemathesis.openapi.from_dict(_alone(operation), config=config)[operation.path][operation.method]


def _alone(operation: Operation) -> dict[str, Any]:
    """The document with this operation only: loading takes as long as there are others."""
    root: Mapping[str, Any] = operation.document.root
    path = next(path for path in root["paths"] if operation.path.endswith(path))
    item = json.loads(json.dumps(root["paths"][path][operation.method.lower()], default=str))
    item.pop("security", None)
    rest = {name: value for name, value in root.items() if name not in {"paths", "security", "servers"}}
    return {**rest, "paths": {operation.path: {operation.method.lower(): item}}}
