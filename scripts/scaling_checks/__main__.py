"""`scripts/scaling`: measure what is asked for, then write docs/scaling.md."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from scaling_checks import real
from scaling_checks.document import document

CHECKOUT = Path(__file__).resolve().parents[2]
RESULTS = CHECKOUT / "results" / "scaling"
DOCUMENT = CHECKOUT / "docs" / "scaling.md"


def main() -> int:
    """0 done."""
    names = [case.name for case in real.CASES]
    parser = argparse.ArgumentParser(prog="scripts/scaling", description=__doc__)
    parser.add_argument("what", nargs="*", choices=[*names, "serial", []], help="what to measure")
    arguments = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    if "serial" in arguments.what:
        command = [sys.executable, "-m", "scaling_checks.serial"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        (RESULTS / "serial.json").write_text(done.stdout, encoding="utf-8")
    real.measure(RESULTS / "runs", arguments.what)
    DOCUMENT.write_text(document(RESULTS), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
