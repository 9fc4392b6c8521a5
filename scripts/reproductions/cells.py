"""What the cells of the tables have in common."""

from __future__ import annotations


def markdown_row(*cells: str) -> str:
    """A row in Markdown."""
    return f"| {' | '.join(cells)} |"


def short_name(env: str) -> str:
    """`Pong` of `ALE/Pong-v5`."""
    return env.rpartition("/")[2].rpartition("-")[0]


def millions(steps: float) -> str:
    """`0.128 M`."""
    if steps == 0:
        return "0"
    return f"{steps / 1e6:.3g} M" if steps >= 1e5 else f"{steps / 1e6:.2g} M"
