"""The embedded reference server."""

from conformance.reference.reference import Reference
from conformance.reference.server import Server, serve

__all__ = ["Reference", "Server", "serve"]
