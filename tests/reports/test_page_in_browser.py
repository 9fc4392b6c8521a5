"""The web page in a real browser, opened from the file system."""

from __future__ import annotations

import base64
import csv
import io
import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files as package_files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from rlbench.films.movie import write_film
from rlbench.reports.build import build_report
from rlbench.reports.figures.looks import DQN, ES
from rlbench.reports.figures.style import INK, MUTED
from support.browser import Browser, chromium
from support.page_runs import HOSTILE, write_hostile, write_pair
from support.run_files import RunFiles

ROWS = "return [...document.querySelectorAll(arguments[0] + ' tbody tr')]"
CELLS = ".map(r => r.cells[arguments[1]].dataset.value ?? r.cells[arguments[1]].textContent)"
VISIBLE = ".filter(r => r.offsetParent !== null)"

# Luminance and contrast as WCAG 2.2 defines them, of every element that directly holds text.
LOW_CONTRAST = """
const light = (rgb) => {
  const [r, g, b] = rgb.map((v) => v / 255).map(
    (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const behind = (element) => {
  for (let e = element; e !== null; e = e.parentElement) {
    const colour = parse(getComputedStyle(e).backgroundColor);
    if (colour.length === 3 || colour[3] > 0) return colour.slice(0, 3);
  }
  return [255, 255, 255];
};
const low = [];
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  if (!own || element.offsetParent === null) continue;
  const a = light(parse(getComputedStyle(element).color).slice(0, 3));
  const b = light(behind(element));
  const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (contrast < 4.5) low.push([element.tagName, element.className, contrast]);
}
return low;
"""


PAPER = {"light": (255, 255, 255), "dark": (21, 23, 26)}

Colour = tuple[int, ...]


def pixel(browser: Browser, x: float, y: float) -> Colour:
    """The colour that is seen at a place of the page."""
    clip = {"x": x, "y": y, "width": 1, "height": 1, "scale": 1}
    shot = browser.command("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
    with Image.open(io.BytesIO(base64.b64decode(shot["data"]))) as image:
        found: Colour = image.convert("RGB").getpixel((0, 0))  # type: ignore[assignment]
    return found


def contrast(one: Colour, other: Colour) -> float:
    """Of two colours, as WCAG 2.2 defines it."""

    def light(colour: Colour) -> float:
        parts = [v / 255 for v in colour]
        r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def browser(window: Browser) -> Browser:
    """A window of a desk's size, by day."""
    window.screen(1280)
    window.media()
    return window


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report over two environments, one of which one seed was run on one core."""
    root = tmp_path_factory.mktemp("report")
    write_pair(root, seeds=3)
    for agent in ("es", "dqn"):
        one_core = {"cores": 1}
        RunFiles(agent=agent, env="Acrobot-v1", threshold=-100.0, header=one_core).write(root)
    return build_report(root).page


@pytest.fixture
def opened(browser: Browser, page: Path) -> Browser:
    browser.open(page)
    return browser


def rows(browser: Browser, table: str, column: int, only: str = VISIBLE) -> list[str]:
    found: list[str] = browser.run(ROWS + only + CELLS, table, column)
    return found


def test_it_opens_without_a_complaint_and_asks_for_nothing_else(
    browser: Browser, page: Path
) -> None:
    browser.complaints()
    assert browser.open(page) == [page.as_uri()]
    assert browser.complaints() == []
    sizes = browser.run("return [...document.images].map(i => [i.complete, i.naturalWidth])")
    assert len(sizes) >= 7
    assert all(complete and width > 300 for complete, width in sizes)
    assert browser.run("return document.getElementById('filters').hidden") is False


def test_what_screen_readers_need_is_there(opened: Browser) -> None:
    levels = opened.run(
        "return [...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])"
    )
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))
    for selector in ("html:not([lang])", "img:not([alt])", "img[alt='']", "th:not([scope])"):
        assert opened.run("return document.querySelectorAll(arguments[0]).length", selector) == 0
    for selector in ("header", "nav[aria-label]", "main", "footer", "a.skip[href='#answer']"):
        assert opened.run("return document.querySelectorAll(arguments[0]).length", selector) == 1
    assert opened.run("return [...document.querySelectorAll('select')].every(s => s.labels[0])")
    assert opened.run("return [...document.querySelectorAll('table')].every(t => t.caption)")
    twice = "const i = [...document.querySelectorAll('[id]')].map(e => e.id);"
    assert opened.run(twice + "return i.filter((x, n) => i.indexOf(x) !== n)") == []
    dead = "return [...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.hash.slice(1))"
    assert opened.run(dead + ".filter(i => !document.getElementById(decodeURIComponent(i)))") == []
    alts = opened.run("return [...document.images].map(i => i.alt)")
    assert any("ES: 3 of 3 seeds, mean 1.2 s" in alt for alt in alts)
    assert any("CartPole-v1, ES against DQN: not settled (estimate: ES 30×" in alt for alt in alts)


def test_a_table_sorts_by_keyboard_and_says_how(opened: Browser) -> None:
    column = 8  # of the runs: environment steps in all
    opened.run("document.querySelector('#show-all').click()")
    header = opened.find(f"#table-runs th:nth-child({column + 1})")
    assert header.text.startswith("Steps")
    header.find_element("css selector", "button").send_keys(Keys.ENTER)
    assert header.get_attribute("aria-sort") == "ascending"
    values = [float(value) for value in rows(opened, "#table-runs", column)]
    assert values == sorted(values)
    assert values[0] < values[-1]
    header.find_element("css selector", "button").send_keys(Keys.SPACE)
    assert header.get_attribute("aria-sort") == "descending"
    assert [float(v) for v in rows(opened, "#table-runs", column)] == sorted(values, reverse=True)
    other = opened.find("#table-runs th:first-child")
    other.find_element("css selector", "button").send_keys(Keys.ENTER)
    assert header.get_attribute("aria-sort") is None
    names = rows(opened, "#table-runs", 0)
    assert names == sorted(names)


def test_tables_and_runs_filter_by_environment_agent_cores_and_clock(
    opened: Browser, page: Path
) -> None:
    def choose(name: str, value: str) -> None:
        Select(opened.find(f"#filters select[name={name}]")).select_by_value(value)

    with (page.parent / "time_to_threshold.csv").open(newline="") as file:
        records = list(csv.DictReader(file))
    times = "#table-time-to-threshold"
    assert len(rows(opened, times, 0)) == len([r for r in records if r["unit"] == "train_s"])
    opened.find("#show-all").click()
    assert len(rows(opened, times, 0)) == len(records)
    choose("env", "CartPole-v1")
    assert set(rows(opened, times, 0)) == {"CartPole-v1"}
    assert set(rows(opened, "#table-runs", 0)) == {"CartPole-v1"}
    choose("agent", "es")
    assert rows(opened, "#table-runs", 1) == ["es"] * 3
    assert "3 of 8 shown" in opened.find("[data-counts=table-runs]").text
    assert "3 of 8 shown" in opened.find("[data-counts=run-list]").text
    assert len(rows(opened, "#table-speed-ratio", 0)) > 0  # ES is one side of each
    choose("cores", "1")
    assert rows(opened, "#table-runs", 0) == []
    choose("env", "")
    assert rows(opened, "#table-runs", 0) == ["Acrobot-v1"]
    assert set(rows(opened, times, 0)) == {"Acrobot-v1"}


def test_a_run_opens_by_keyboard_and_by_its_link(opened: Browser) -> None:
    summary = opened.find("#run-1 summary")
    assert not opened.find("#run-1 pre").is_displayed()
    summary.send_keys(Keys.ENTER)
    assert "name: es" in opened.find("#run-1 pre").text
    assert "training" in str(opened.find("#run-1 svg.bar").get_attribute("aria-label"))
    link = opened.find("#table-runs a[href='#run-4']")
    link.send_keys(Keys.ENTER)
    # The page hears of its new address after the key has done its work.
    opened.until(lambda: opened.find("#run-4").get_attribute("open") is not None)


def chart(browser: Browser) -> str:
    """What selects the chart of CartPole-v1, once it is drawn."""
    own = "figure.chart[data-chart='env-CartPole-v1']"
    browser.run("document.querySelector(arguments[0]).scrollIntoView()", own)
    browser.until(lambda: browser.driver.find_elements("css selector", f"{own} canvas"))
    return own


def readout(browser: Browser, own: str) -> list[list[str]]:
    cells = "return [...document.querySelectorAll(arguments[0] + ' tr[data-group]')]"
    found: list[list[str]] = browser.run(
        cells + ".map(r => [...r.cells].map(c => c.textContent.trim()))", own
    )
    return found


def test_a_chart_is_read_by_pointing_and_by_keyboard(opened: Browser) -> None:
    own = chart(opened)
    at = f"{own} [data-role=at]"
    # Without a cursor: the end. ES took 1, 1.2 and 1.4 s, DQN 30 times as long;
    # an axis ends at most a quarter later.
    assert opened.find(at).text == "training time (s): 52.5, the end"
    solved = [["ES", "480", "480 to 480", "3 of 3"], ["DQN", "480", "480 to 480", "3 of 3"]]
    assert readout(opened, own) == solved
    canvas = opened.find(f"{own} .canvas")
    canvas.send_keys(Keys.HOME)
    canvas.send_keys(Keys.ARROW_RIGHT)
    assert opened.find(at).text == "training time (s): 0.95"
    assert readout(opened, own) == [
        ["ES", "0", "0 to 90", "3 of 3"],
        ["DQN", "0", "0 to 0", "3 of 3"],
    ]
    said = opened.run(f'return document.querySelector("{own} [role=status]").textContent')
    assert said == "training time (s): 0.95; ES, 0, 0 to 90, 3 of 3; DQN, 0, 0 to 0, 3 of 3"
    over = opened.find(f"{own} .u-over")
    ActionChains(opened.driver).move_to_element(over).perform()
    pointed = opened.find(at).text
    assert pointed not in ("training time (s): 0.95", "training time (s): 52.5, the end")
    ActionChains(opened.driver).move_to_element(opened.find("h1")).perform()
    assert opened.find(at).text == "training time (s): 52.5, the end"


def test_a_chart_changes_its_clock_its_agents_and_its_part(opened: Browser) -> None:
    own = chart(opened)
    at = f"{own} [data-role=at]"
    clock = Select(opened.find(f"{own} [data-role=clock]"))
    ends = {}
    for option in list(clock.options):
        clock.select_by_visible_text(option.text)
        ends[option.get_attribute("value")] = opened.find(at).text
    assert ends == {
        "train_s": "training time (s): 52.5, the end",
        "env_steps": "environment steps: 52.5k, the end",
        "train_cpu_s": "CPU time in training (CPU-s): 78.8, the end",
        "euros": "cost (euros, at 0.04 a core-hour): 0.00117, the end",
    }
    ink = (  # how many pixels of the picture are about as blue as ES
        "const c = document.querySelector(arguments[0] + ' canvas');"
        "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;"
        "for (let i = 0; i < d.length; i += 4) n += d[i + 3] > 200 && d[i] < 40 && d[i + 2] > 150;"
        "return n;"
    )
    opened.until(lambda: opened.run(ink, own) > 100)
    opened.find(f"{own} tr[data-group='0'] input").send_keys(Keys.SPACE)
    opened.until(lambda: opened.run(ink, own) == 0)
    canvas = opened.find(f"{own} .canvas")
    canvas.send_keys(Keys.HOME)
    canvas.send_keys("+")
    canvas.send_keys(Keys.END)
    zoomed = opened.find(at).text
    assert zoomed != ends["euros"]
    canvas.send_keys("0")
    canvas.send_keys(Keys.END)
    assert opened.find(at).text == ends["euros"].removesuffix(", the end")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_colour_schemes(opened: Browser, scheme: str) -> None:
    opened.media(scheme)
    paper = opened.run("return getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb({}, {}, {})".format(*PAPER[scheme])
    opened.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert opened.run(LOW_CONTRAST) == []
    # A figure's ground, as it is seen, is the paper's.
    place = opened.run(
        "const r = document.querySelector('.plate img').getBoundingClientRect();"
        "return [r.x + scrollX + 3, r.y + scrollY + 3]"
    )
    ground = pixel(opened, *place)
    assert max(abs(a - b) for a, b in zip(ground, PAPER[scheme], strict=True)) <= 8


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_figure_s_colours_stand_out_in_both_colour_schemes(
    browser: Browser, tmp_path: Path, scheme: str
) -> None:
    """What a figure is drawn with, on a plate: agents and text against the ground."""
    css = package_files("rlbench.reports.page").joinpath("page.css").read_text("utf-8")
    colours = [look.colour for look in (ES, DQN)] + [INK, MUTED]
    boxes = "".join(
        f'<rect x="{20 * i}" width="20" height="20" fill="{c}"/>' for i, c in enumerate(colours)
    )
    page = tmp_path / "plate.html"
    page.write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><style>{css}</style><div class="plate">'
        f'<svg width="{20 * len(colours)}" height="20">{boxes}</svg></div>'
    )
    browser.media(scheme)
    browser.open(page)
    x, y = browser.run(
        "const r = document.querySelector('svg').getBoundingClientRect(); return [r.x, r.y]"
    )
    seen = [pixel(browser, x + 20 * i + 10, y + 10) for i in range(len(colours))]
    for found in seen[:2]:
        assert contrast(found, PAPER[scheme]) >= 3  # WCAG 2.2, graphical objects
    for found in seen[2:]:
        assert contrast(found, PAPER[scheme]) >= 4.5  # and text
    blue, orange = seen[:2]
    assert blue[2] > blue[0] and orange[0] > orange[2]  # the hues are kept


def test_figures_are_one_column_wide_and_legible_at_390_pixels(opened: Browser) -> None:
    widths = "return [...document.images].map(i => [i.getBoundingClientRect().width, i.width])"
    natural = "return [...document.images].map(i => i.naturalWidth)"
    assert set(opened.run(natural)) == {480}
    opened.screen(390, mobile=True)
    shown = [width for width, _ in opened.run(widths)]
    # Letters of 9.5 points in a picture of 480 pixels: 9 pixels or more of a telephone's.
    assert all(9.5 * 4 / 3 * width / 480 >= 9.0 for width in shown)
    assert max(shown) <= 390
    opened.screen(1400)
    left = "return [...document.querySelectorAll('.figures')].map(f => new Set([...f.children]"
    left += ".map(c => Math.round(c.getBoundingClientRect().x))).size)"
    assert max(opened.run(left)) == 3  # side by side, to the right edge


@pytest.mark.parametrize("width", [320, 390, 768])
def test_a_telephone_needs_no_sideways_scrolling(opened: Browser, width: int) -> None:
    opened.screen(width, mobile=True)
    opened.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert opened.run("return document.documentElement.scrollWidth") <= width
    assert opened.run("return innerWidth") == width


def test_on_paper_controls_and_runs_are_left_out(opened: Browser) -> None:
    opened.media("dark", "print")
    for selector in (".contents", ".filters", ".runs", "figure.chart"):
        assert not opened.find(selector).is_displayed()
    assert opened.find("#table-answer").is_displayed()
    assert opened.find(".paper").is_displayed()
    assert opened.run(LOW_CONTRAST) == []
    assert opened.run("return getComputedStyle(document.body).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    assert opened.run("return getComputedStyle(document.querySelector('.plate')).filter") == "none"
    pdf = base64.b64decode(opened.command("Page.printToPDF")["data"])
    assert pdf.startswith(b"%PDF")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 8
    # A page of an environment with high figures has three columns, others have two.
    assert opened.run("return document.querySelectorAll('.figures.tall').length") == 0
    # No figure is wider than the paper, or higher than a page of it.
    opened.screen(700)
    heights = opened.run(
        "return [...document.querySelectorAll('figure')].map(f => f.getBoundingClientRect().height)"
    )
    assert max(heights) < 1000
    right = (
        "return [...document.querySelectorAll('figure')].map(f => f.getBoundingClientRect().right)"
    )
    assert max(opened.run(right)) <= 700


def test_without_scripts_the_tables_are_there_in_full(browser: Browser, page: Path) -> None:
    browser.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(page)
        assert browser.find("#table-runs tbody tr:last-child").is_displayed()
        assert not browser.find("#filters").is_displayed()
        assert not browser.find("figure.chart").is_displayed()
        assert len(browser.driver.find_elements("css selector", "#table-runs tbody tr")) == 8
        assert browser.driver.find_elements("css selector", "th button") == []
    finally:
        browser.command("Emulation.setScriptExecutionDisabled", value=False)


def test_a_stranger_s_runs_execute_nothing(browser: Browser, tmp_path: Path) -> None:
    write_hostile(tmp_path / "runs")
    page = build_report(tmp_path / "runs", tmp_path / "out").page
    browser.complaints()
    # An alert would make every later command fail; a broken picture would be asked for.
    assert browser.open(page) == [page.as_uri()]
    assert browser.complaints() == []
    assert browser.run("return document.scripts.length") == 2
    assert HOSTILE in browser.find("main").text
    browser.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    Select(browser.find("#filters select[name=env]")).select_by_index(1)  # it alone is there
    assert len(rows(browser, "#table-runs", 0)) == 3
    assert browser.run("return document.querySelectorAll('img:not([src^=\"data:\"])').length") == 0
    # Even a script that got into the page would be refused.
    refused = "const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
    assert browser.run(refused + "document.body.append(s); return window.ran ?? 0") == 0
    assert any("Content Security Policy" in line for line in browser.complaints())


def test_a_film_beside_the_page_plays(browser: Browser, tmp_path: Path) -> None:
    pytest.importorskip("imageio_ffmpeg", reason="rlbench[video] is not installed")
    RunFiles().write(tmp_path)
    folder = tmp_path / "report"
    folder.mkdir()
    frames = (np.full((64, 96, 3), 25 * i, np.uint8) for i in range(8))
    write_film(frames, 8.0, folder / "race.mp4")
    page = build_report(tmp_path).page
    browser.complaints()
    asked = browser.open(page)
    assert set(asked) - {page.as_uri()} <= {(folder / "race.mp4").as_uri()}
    state = "const v = document.querySelector('video'); return [v.videoWidth, v.error];"
    browser.until(lambda: browser.run(state) == [96, None])
    assert browser.complaints() == []
    browser.media("light", "print")
    assert not browser.find("video").is_displayed()


@pytest.mark.parametrize("number", [60, pytest.param(500, marks=pytest.mark.slow)])
def test_many_runs(browser: Browser, tmp_path: Path, number: int) -> None:
    """Built within bounds that hold on a slow, busy machine; scripts/benchmarks has the figures."""
    for env in ("A-v0", "B-v0"):
        write_pair(tmp_path, env=env, seeds=number // 4)
    program = (
        "import sys; from rlbench.cli.report import main\n"
        "from rlbench.harness.machine import peak_rss_mb\n"
        f"status = main([{str(tmp_path)!r}])\n"
        "print(peak_rss_mb())\n"
        "sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=100, check=True
    )
    assert float(done.stdout.splitlines()[-1]) < 1000  # MB
    page = tmp_path / "report" / "index.html"
    assert page.stat().st_size < 10e6
    browser.open(page)
    timing = browser.run("return performance.getEntriesByType('navigation')[0].toJSON()")
    assert timing["domContentLoadedEventEnd"] < 10_000  # ms
    assert len(browser.driver.find_elements("css selector", "#run-list details")) == number
    assert f"{number} runs" in browser.find(".box").text
