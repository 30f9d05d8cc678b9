"""``python -m conformance.reference``: the reference server alone, for the process that started it.

It tells in one line of JSON where it listens and with which keys, and ends when its input does: so it does not
outlive that process, however that ends.
"""

import json
import signal
import sys

from conformance.reference import Reference, serve


def main(round_seconds: float) -> None:
    """Serve until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; whoever started us decides
    with serve(Reference(round_seconds=round_seconds)) as server:
        print(json.dumps({"base_url": server.base_url, "keys": server.keys}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(float(sys.argv[1]))
