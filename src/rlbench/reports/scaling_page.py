"""The files of `rlbench scale --out`: a page that needs nothing beside it, and its figure."""

from __future__ import annotations

from rlbench.reports.figures.scaling import draw_forecast, words
from rlbench.reports.figures.style import render, styled
from rlbench.reports.output import PAGE
from rlbench.reports.page.figures import data_uri
from rlbench.reports.page.render import render_template
from rlbench.scaling.forecast import FILE, Forecast
from rlbench.scaling.text import forecast_lines

FIGURE = "scaling"
TEMPLATE = "scaling.html.jinja"


def scaling_files(found: Forecast) -> dict[str, bytes]:
    """File name to content: the page and the figure as PNG and SVG."""
    with styled():
        png, svg = render(draw_forecast(found))
    run = found.measured.run
    page = render_template(
        TEMPLATE,
        title=f"{run.env} on more workers",
        source=data_uri(svg),
        alt=words(found),
        lines="\n".join(forecast_lines(found)),
        table=FILE,
    )
    return {PAGE: page, f"{FIGURE}.png": png, f"{FIGURE}.svg": svg}
