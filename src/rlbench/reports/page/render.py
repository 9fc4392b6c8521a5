"""From a `Page` to the bytes of index.html."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files as package_files

from jinja2 import BaseLoader, Environment, StrictUndefined
from markupsafe import Markup

from rlbench.reports.page.charts import charts_json
from rlbench.reports.page.model import Page

REFRESH_S = 10
_LIBRARY = "uplot"
_REFRESH = f'<meta http-equiv="refresh" content="{REFRESH_S}">\n'


def render_page(page: Page, *, refresh: bool = False) -> bytes:
    """The page. Whatever comes from a run is text to the template: all of it is escaped.

    refresh: the page reloads every few seconds, while runs are being watched.
    """
    charts = {section.anchor: section.chart for section in page.sections if section.chart}
    style, script = _part("page.css"), _part("page.js")
    if charts:
        style += _part(f"{_LIBRARY}/uPlot.min.css")
        licence = _part(f"{_LIBRARY}/LICENSE")
        script = (
            f"/*\n{licence}*/\n{_part(f'{_LIBRARY}/uPlot.iife.min.js')}{script}{_part('charts.js')}"
        )
    return render_template(
        "page.html.jinja",
        style=style,
        page=page,
        charts=Markup(charts_json(charts)) if charts else "",  # where it stands nothing is markup
        script=Markup(script),  # our own file
        script_hash=_hash(script),
        refresh=Markup(_REFRESH if refresh else ""),
    )


def render_template(name: str, style: str = "", **values: object) -> bytes:
    """One of our own templates; text in `values` is escaped. style: where empty, what all pages
    have."""
    style = style or _part("page.css")
    environment = Environment(
        loader=BaseLoader(),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.from_string(_part(name)).render(
        style=Markup(style),  # our own file
        style_hash=_hash(style),
        **values,
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
