"""The only code that opens a socket: it asks, and records what comes back."""
