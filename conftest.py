"""Makes ``pytest conformance --base-url URL`` work from the root of the checkout."""

pytest_plugins = ["conformance.plugin"]
