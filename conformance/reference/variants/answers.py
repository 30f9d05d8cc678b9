"""Unusual answers."""

from conformance.reference.reference import Reference
from conformance.reference.variants.marking import unusual


@unusual()
class NamesTheCharset(Reference):
    """Says `charset=utf-8` in every media type."""

    json_type = "application/json; charset=utf-8"
