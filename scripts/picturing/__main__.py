"""`scripts/pictures`: draw pictures of the documentation."""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

from PIL import Image

from picturing import evaluation, graph, study
from rlbench.reports.figures.style import render, styled

CHECKOUT = Path(__file__).resolve().parents[2]
COLOURS = 64  # of a picture: a third of the bytes
PICTURES = CHECKOUT / "docs" / "pictures"
RUN = CHECKOUT / "results/reference/classic/es/LunarLander-v3/f0e964e85e/seed0"
DRAWN = {
    "evaluate": lambda: evaluation.figure(RUN),
    "export": lambda: graph.figure(RUN),
    "tuning": lambda: study.figure(CHECKOUT / ".pictures"),
}


def main() -> int:
    """0 done."""
    parser = argparse.ArgumentParser(prog="scripts/pictures", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*DRAWN, []], help="which ones; default: all")
    for name in parser.parse_args().names or DRAWN:
        with styled():
            png, _ = render(DRAWN[name]())
        place = PICTURES / f"{name}.png"
        Image.open(io.BytesIO(png)).quantize(COLOURS).save(place, optimize=True)
        print(f"docs/pictures/{name}.png: {place.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
