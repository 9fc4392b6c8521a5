"""Pages of the site that are no files in docs/: what they say comes from the code, from the files
at the top of the checkout, and from results/reference."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

import yaml
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

import rlbench
from rlbench.config.key_docs import KeyDoc, keys_of_agent, keys_of_runs, names

CHECKOUT = Path(__file__).resolve().parents[2]
COPIED = "files"  # where files from outside of docs/ are in the site, under their own paths
LINK = re.compile(r"(?<=\]\()(?!https?://|#)([^)#\s]+)")
AT_THE_TOP = {  # in the checkout: their name in the site
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "CITATION.cff": "cite.md",
}
STYLE = "td code { white-space: nowrap; }\n"  # the name of a key is one word
CLASSES = ("Agent", "Context", "Lanes", "Policy", "ActionSpec", "EnvFacts")  # for one's own agent


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that are made, and every file that a page links to outside of docs/."""
    made = {
        "gallery.md": _gallery(),
        "keys.md": _keys(),
        "api.md": _api(),
        "cite.md": _cite(),
    }
    for name, page in AT_THE_TOP.items():
        if page not in made:
            made[page] = (CHECKOUT / name).read_text()
    for page, text in made.items():
        files.append(File.generated(config, page, content=_moved(text, "", page)))
    files.append(File.generated(config, "site.css", content=STYLE))
    texts = [path.read_text() for path in Path(config.docs_dir).glob("**/*.md")]
    for path in sorted(_outside([*texts, *made.values()])):
        files.append(File.generated(config, f"{COPIED}/{path}", abs_src_path=str(CHECKOUT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The text of a page from docs/ with its links as the site has them."""
    if page.file.generated_by is not None:
        return markdown
    return _moved(markdown, "docs", page.file.src_uri)


def _moved(text: str, folder: str, page: str) -> str:
    """`text`, which stands in `folder` of the checkout, with links that hold on `page`."""

    def link(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, posixpath.dirname(page), found[1]))
        if target in AT_THE_TOP:
            to = AT_THE_TOP[target]
        elif target.startswith("docs/"):
            to = target.removeprefix("docs/")
        elif (CHECKOUT / target).is_file():
            to = f"{COPIED}/{target}"
        else:  # a page that is made, or a folder: what it holds is listed nowhere
            to = target.removeprefix("docs/") if not (CHECKOUT / target).is_dir() else "index.md"
        return posixpath.relpath(to, posixpath.dirname(page) or ".")

    return LINK.sub(link, text)


def _outside(texts: list[str]) -> set[str]:
    """The files outside of docs/ that pages link to, by their path in the checkout."""
    found = {
        posixpath.normpath(posixpath.join(folder, target))
        for text in texts
        for target in LINK.findall(text)
        for folder in ("", "docs")
    }
    return {
        path
        for path in found - set(AT_THE_TOP)
        if not path.startswith(("docs/", "..", "/")) and (CHECKOUT / path).is_file()
    }


def _keys() -> str:
    folder = [CHECKOUT / "conf"]
    parts = [
        "# Configuration keys",
        "Each key is set on the command line as `KEY=VALUE`, in a YAML file, or as a keyword in "
        "Python. `rlbench help KEY` says the same as this page. In a value, `auto` means chosen "
        "by the machine or the environment, and `null` means none.",
        "## Of every run",
        _table(keys_of_runs(folder)),
    ]
    for agent in names("agent", folder):
        keys = keys_of_agent(agent, folder)
        if keys:
            parts += [f"## Of `agent={agent}`", _table(keys)]
    return "\n\n".join(parts)


def _table(keys: list[KeyDoc]) -> str:
    rows = (
        f"| `{key.key}` | `{key.default}` | {_cell(key.comment)} |"
        for key in keys
        if key.default is not None
    )
    return "\n".join(["| key | default | what it is |", "|---|---|---|", *rows])


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("<", "&lt;").replace("*", r"\*")


def _api() -> str:
    functions = [name for name in rlbench.__all__ if name.islower() and not name.startswith("_")]
    classes = [name for name in rlbench.__all__ if name[0].isupper()]
    results = [name for name in classes if name not in CLASSES]
    parts = [
        "# Python",
        "`import rlbench` gives what is on this page. Nothing heavy is imported before it is used.",
        "## Functions",
        *(f"::: {_module(name)}.{name}" for name in functions),
        "## What they return and raise",
        *(f"::: {_module(name)}.{name}" for name in results),
        "## For an agent of your own",
        *(f"::: {_module(name)}.{name}" for name in CLASSES),
        "::: rlbench.testing.agents.check_agent",
    ]
    return "\n\n".join(parts)


def _module(name: str) -> str:
    module: str = getattr(rlbench, name).__module__
    return module


def _cite() -> str:
    citation = yaml.safe_load((CHECKOUT / "CITATION.cff").read_text())
    authors = " and ".join(
        "{" + author["name"] + "}" if "name" in author
        else f"{author['family-names']}, {author['given-names']}"
        for author in citation["authors"]
    )  # fmt: skip
    year = str(citation.get("date-released", ""))[:4]
    entry = [
        f"  title = {{{citation['title']}}},",
        f"  author = {{{authors}}},",
        f"  version = {{{citation['version']}}},",
        *([f"  year = {{{year}}},"] if year else []),
    ]
    return "\n".join(
        [
            "# Cite it",
            "",
            "```bibtex",
            "@software{rlbench,",
            *entry,
            "}",
            "```",
            "",
            "A result is about one machine: name the CPU, the number of cores, the version of "
            "rlbench and the seeds. `run.json` of every run has them, and each report says them.",
        ]
    )


def _gallery() -> str:
    parts = [
        "# Gallery",
        "The committed reference sets: what was run, on which machine, and what came of it. Each "
        "picture is from the set's report, which is one file.",
    ]
    for folder in sorted((CHECKOUT / "results" / "reference").iterdir()):
        report = folder / "report"
        # A set of one agent has no speed ratios; the first of its curves stands for it.
        pictures = [*report.glob("speed-ratio.png"), *sorted(report.glob("*-curves.png"))]
        if not pictures:
            continue
        what = "Speed ratios" if pictures[0].stem == "speed-ratio" else "Learning curves"
        said = _answer(report / "index.html")
        parts += [
            f"## {folder.name}",
            said,
            f"![{what} of the set {folder.name}]({pictures[0].relative_to(CHECKOUT)})",
            f"[The whole report]({(report / 'index.html').relative_to(CHECKOUT)})",
        ]
    return "\n\n".join(parts)


def _answer(page: Path) -> str:
    """The sentence under the title of a report."""
    found = re.search(r"<h1[^>]*>.*?</h1>\s*<p[^>]*>(.*?)</p>", page.read_text(), re.DOTALL)
    return re.sub(r"<[^>]+>", "", found[1]).strip() if found else ""


def on_config(config: MkDocsConfig) -> Any:
    """The version is shown in the site's foot."""
    config.copyright = f"rlbench {rlbench.__version__}, Apache-2.0"
    return config
