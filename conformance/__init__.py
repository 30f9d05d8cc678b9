"""dify-conformance: decides whether a server really honours the Dify Workflow API."""

__version__ = "0.1.0"
