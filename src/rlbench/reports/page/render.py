"""From a `Page` to the bytes of index.html."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files as package_files

from jinja2 import BaseLoader, Environment, StrictUndefined
from markupsafe import Markup

from rlbench.reports.page.model import Page

REFRESH_S = 10
_REFRESH = f'<meta http-equiv="refresh" content="{REFRESH_S}">\n'


def render_page(page: Page, *, refresh: bool = False) -> bytes:
    """The page. Whatever comes from a run is text to the template: all of it is escaped.

    refresh: the page reloads every few seconds, while runs are being watched.
    """
    style, script = _part("page.css"), _part("page.js")
    environment = Environment(
        loader=BaseLoader(),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.from_string(_part("page.html.jinja")).render(
        page=page,
        style=Markup(style),  # our own file
        script=Markup(script),  # likewise
        style_hash=_hash(style),
        script_hash=_hash(script),
        refresh=Markup(_REFRESH if refresh else ""),
    )
    return text.encode("utf-8", "replace")


def without_refresh(content: bytes) -> bytes:
    """A page made with `refresh` as it is without."""
    return content.replace(_REFRESH.encode(), b"", 1)


def _part(name: str) -> str:
    return package_files("rlbench.reports.page").joinpath(name).read_text("utf-8")


def _hash(content: str) -> str:
    """As a Content-Security-Policy names the one style and the one script that may be used."""
    digest = hashlib.sha256(content.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
