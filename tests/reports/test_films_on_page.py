"""Films of `rlbench race` on the page: which are shown, and that a name stays a name."""

from __future__ import annotations

import os
from html import unescape
from pathlib import Path

import pytest

import rlbench
from rlbench.cli.report import main
from rlbench.errors import ReportError
from rlbench.reports.build import build_report
from rlbench.reports.page.films import MOST_FOUND, Film, films_of
from support.page_runs import write_pair

pytestmark = pytest.mark.usefixtures("blank_figures")

MP4 = b"\0\0\0\x20ftypisom" + bytes(20)


def film(place: Path, content: bytes = MP4) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return place


def test_films_beside_the_page_are_found_by_their_names(tmp_path: Path) -> None:
    assert films_of(tmp_path / "absent") == ()
    for name in ("race.mp4", "race-2.mp4", "other.mp4", "race.gif"):
        film(tmp_path / name)
    film(tmp_path / "race-3.mp4", b"<html>")
    film(tmp_path / "elsewhere" / "secret.mp4")
    (tmp_path / "race-4.mp4").symlink_to(tmp_path / "elsewhere" / "secret.mp4")
    os.mkfifo(tmp_path / "race-5.mp4")
    (tmp_path / "race-6.mp4").mkdir()
    assert films_of(tmp_path) == (
        Film("race-2.mp4", "./race-2.mp4", "./race-2.mp4#t=0.1"),
        Film("race.mp4", "./race.mp4", "./race.mp4#t=0.1"),
    )
    for number in range(MOST_FOUND):
        film(tmp_path / f"race_{number}.mp4")
    assert len(films_of(tmp_path)) == MOST_FOUND


def test_a_film_that_is_asked_for_is_shown_where_it_is_and_once(tmp_path: Path) -> None:
    there = film(tmp_path / "films" / "a#b?'\"<i>.mp4")
    beside = film(tmp_path / "report" / "race.mp4")
    link = tmp_path / "link.mp4"
    link.symlink_to(there)
    found = films_of(tmp_path / "report", [there, beside, link])
    assert [one.address for one in found] == [
        "./../films/a%23b%3F%27%22%3Ci%3E.mp4", "./race.mp4",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "why"), [(None, "is missing"), (b"GIF89a", "is no MP4 file"), (b"", "is no MP4")]
)
def test_what_is_no_film_is_said_and_nothing_is_written(
    tmp_path: Path, content: bytes | None, why: str
) -> None:
    write_pair(tmp_path / "runs", seeds=1)
    asked = tmp_path / "race.mp4"
    if content is not None:
        asked.write_bytes(content)
    with pytest.raises(ReportError, match=why) as error:
        main([str(tmp_path / "runs"), "--film", str(asked)])
    assert error.value.exit_status == 2
    assert str(error.value).startswith(f"film {asked}: ")
    assert not (tmp_path / "runs" / "report").exists()


def test_the_page_shows_a_film_and_is_the_same_without_one(tmp_path: Path) -> None:
    write_pair(tmp_path, seeds=1)
    without = build_report(tmp_path).page.read_text()
    assert "<video" not in without
    assert "media-src" not in without
    name = '</video><img src=x onerror="alert(1)">.mp4'.replace("/", "\u2215")
    film(tmp_path / name)
    film(tmp_path / "report" / "race.mp4")
    text = build_report(tmp_path, films=[tmp_path / name]).page.read_text()
    assert "; media-src 'self' file:;" in text
    assert text.count("<video ") == text.count("</video>") == 2
    assert 'onerror="' not in text
    assert f"Film: runs side by side after the same time of training, {name}" in unescape(text)
    assert 'src="./race.mp4#t=0.1"' in text
    (tmp_path / "report" / "race.mp4").unlink()
    assert build_report(tmp_path).page.read_text() == without


def test_a_film_is_shown_from_python(tmp_path: Path) -> None:
    write_pair(tmp_path / "runs", seeds=1)
    shown = film(tmp_path / "shown.mp4")
    pages = [
        rlbench.report(tmp_path / "runs", tmp_path / "one", films=[str(shown)]).page,
        rlbench.load_runs(tmp_path / "runs").report(tmp_path / "two", films=[shown]).page,
    ]
    assert ['src="./../shown.mp4#t=0.1"' in page.read_text() for page in pages] == [True, True]
