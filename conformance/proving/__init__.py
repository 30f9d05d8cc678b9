"""Proves the suite: every known fault must be convicted by its ids, and nobody who is right."""
