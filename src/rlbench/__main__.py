"""`python -m rlbench`, and what the command `rlbench` calls.

Nothing else imports this module: from its first lines on a signal to stop ends the process with 130
and without a word, as there is nothing to save while the rest is imported.
"""

import os
import signal


def _end_at_once() -> None:
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, frame: os._exit(130))


if __name__ in ("__main__", "rlbench.__main__"):  # not in worker processes, which import it, too
    _end_at_once()

from rlbench.cli.main import main  # noqa: E402

if __name__ == "__main__":
    raise SystemExit(main())
