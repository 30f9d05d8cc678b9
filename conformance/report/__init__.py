"""Tells what was decided: on the terminal and in files."""
