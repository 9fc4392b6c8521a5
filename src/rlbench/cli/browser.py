"""Opening a page in the browser of whoever sits at the terminal."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path


def page_line(page: Path) -> str:
    """Where the page is, as the last line of what a command prints."""
    return f"the report: open {page} in a browser"


def open_page(page: Path) -> None:
    """Open the page, with what the environment variable BROWSER names or the system has; a line on
    stderr where that is nothing."""
    try:
        is_open = webbrowser.open(page.resolve().as_uri())
    except webbrowser.Error:
        is_open = False
    if not is_open:
        print(f"note: no browser to open {page} with", file=sys.stderr)
