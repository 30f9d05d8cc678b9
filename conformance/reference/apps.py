"""The apps of the reference server: one or two of every mode, each with its own key."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from uuid import uuid4

MODES: Mapping[str, str] = MappingProxyType(
    {
        "DIFY_API_KEY": "workflow",
        "DIFY_OTHER_WORKFLOW_API_KEY": "workflow",
        "DIFY_CHAT_API_KEY": "chat",
        "DIFY_AGENT_CHAT_API_KEY": "agent-chat",
        "DIFY_ADVANCED_CHAT_API_KEY": "advanced-chat",
        "DIFY_COMPLETION_API_KEY": "completion",
    }
)
"""The mode of the app that each key opens, by the name of the key's environment variable."""


@dataclass(frozen=True, slots=True)
class App:
    """An app: its mode decides which operations it has, its key who may call them."""

    variable: str
    mode: str
    key: str = field(repr=False)
    id: str
    workflow_id: str


def new_apps() -> tuple[App, ...]:
    """Make one app for every entry of `MODES`, with fresh keys and ids."""
    return tuple(
        App(variable, mode, _new_key(), str(uuid4()), str(uuid4())) for variable, mode in MODES.items()
    )


def info(app: App) -> dict[str, Any]:
    """Return what `GET /info` says."""
    return {
        "name": f"conformance-{app.mode}",
        "description": "Cheap loop rounds, for testing stop.",
        "tags": [],
        "mode": app.mode,
        "author_name": "conformance",
    }


def parameters(app: App, default_rounds: int) -> dict[str, Any]:
    """Return what `GET /parameters` says; a workflow app has the optional number `rounds`."""
    off = {"enabled": False}
    rounds = {
        "default": str(default_rounds),
        "label": "rounds",
        "options": [],
        "required": False,
        "type": "number",
        "variable": "rounds",
    }
    return {
        "opening_statement": "",
        "suggested_questions": [],
        "suggested_questions_after_answer": off,
        "speech_to_text": off,
        "text_to_speech": off | {"voice": "", "language": ""},
        "retriever_resource": off,
        "annotation_reply": off,
        "more_like_this": off,
        "user_input_form": [{"number": rounds}] if app.mode == "workflow" else [],
        "sensitive_word_avoidance": off,
        "file_upload": off,
        "system_parameters": {
            "image_file_size_limit": 10,
            "video_file_size_limit": 100,
            "audio_file_size_limit": 50,
            "file_size_limit": 15,
            "workflow_file_upload_limit": 10,
        },
    }


def _new_key() -> str:
    alphabet = string.ascii_letters + string.digits
    return "app-" + "".join(secrets.choice(alphabet) for _ in range(24))
