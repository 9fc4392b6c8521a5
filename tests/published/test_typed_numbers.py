"""No published number is typed into the text of claims and figures: each is computed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "rlbench"
TEXTS = [
    *sorted((SOURCE / "claims").glob("*.py")),
    *sorted((SOURCE / "reports" / "figures").glob("published_*.py")),
    SOURCE / "reports" / "figures" / "ratios.py",
    SOURCE / "reports" / "page" / "compose.py",
]
# Words with digits that are no published result: citations and places in papers, names, the scales
# of our own statistics, and the claim's own words.
ALLOWED = re.compile(
    r"et al\. \d{4}|^2016 |(arXiv )?\(?\d{4}\.\d{5}|sections? \d\.\d|(tables?|figure) \d( and \d)?"
    r"|A[23]C|sb3|Stable-Baselines3|lin_7e-4|3D Humanoid|Walker2d|#[0-9a-f]{6}|(-v|utf-)\d|95 %"
    r"|(random play|human tester) \d+ %"
    r"|\d+ %: (random play|a human tester)|\(1: equally fast\)|the line at 1\b"
    r"|\(linear up to 10 %|(right of|left of|above|below|is) 1\b|\(1 = |more than 50 Atari games",
    re.IGNORECASE,
)
FORMAT = re.compile(r"[<>^,]?[\d,.]*[fgd%]?")


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_no_text_has_a_number_typed_in(path: Path) -> None:
    typed = [text for text in _texts(path) if re.search(r"\d", ALLOWED.sub("", text))]
    assert typed == []


@pytest.mark.parametrize("name", ["statements.py", "verdict.py"])
def test_no_code_has_a_published_number_typed_in(name: str) -> None:
    (path,) = [path for path in TEXTS if path.name == name]
    numbers = {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and type(node.value) in (int, float)
    }
    published = {720, 384, 320, 16, 24, 18, 657, 1440, 6000, 51, 23, 28, 17, 33, 192, 0.53, 0.82, 7}
    assert not numbers & published


def test_the_efficiency_of_es_alone_is_in_no_document() -> None:
    documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    found = [
        path.name
        for path in documents
        if re.search(r"\b0\.82\b(?! M| million)", path.read_text("utf-8"))
    ]
    assert found == []


def _texts(path: Path) -> Iterator[str]:
    """Constants of text, neither docstrings nor formats nor patterns."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            skipped.add(id(node.value))
        elif isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            skipped |= {id(part) for part in ast.walk(node.format_spec)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from () if id(node) in skipped or FORMAT.fullmatch(node.value) else (node.value,)
