"""The signals by which a session is told to end."""

import signal


def endings() -> list[signal.Signals]:
    """Those of Ctrl-C and of schedulers, and that of a terminal that is gone, unless it is ignored, as nohup has it."""
    hang_up = [signal.SIGHUP] if hasattr(signal, "SIGHUP") else []
    ignored = any(signal.getsignal(one) is signal.SIG_IGN for one in hang_up)
    return [signal.SIGINT, signal.SIGTERM, *([] if ignored else hang_up)]
