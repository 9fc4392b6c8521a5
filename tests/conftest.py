"""What all tests share. BLAS is held to one thread before anything imports NumPy, as in a run."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from rlbench.harness.threads import one_thread_each

if TYPE_CHECKING:
    from matplotlib.figure import Figure

one_thread_each()
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# A job in the background of a shell ignores Ctrl-C, one under nohup the end of its terminal,
# and so would all that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# On a machine that others use too, how long one example takes says nothing.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """All that the tests import stays until they end: none of it is looked through for garbage,
    neither while it is imported nor while they run."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(autouse=True, scope="session")
def _nothing_waits_for_the_disk() -> Iterator[None]:
    """What tests write need not outlive a power cut, and the wait costs more than the writing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture
def blank_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """The figures of reports in this process are drawn, and emptied before they are put into files:
    for tests that look at what stands beside them."""
    from rlbench.reports.figures import draw, style

    def render(figure: Figure) -> tuple[bytes, bytes]:
        figure.clear()
        return style.render(figure)

    monkeypatch.setattr(draw, "render", render)
