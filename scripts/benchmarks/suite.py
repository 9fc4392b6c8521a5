"""How long the tests take: here, and as continuous integration meets them, from nothing."""

from __future__ import annotations

from benchmarks.measure import CHECKOUT, run, scratch
from benchmarks.model import Goal, Plan, Result


def suite_time(plan: Plan) -> Result:
    """`scripts/test` with the environment in place; a smoke run takes the fastest part only."""
    command = ["bash", "scripts/test", *(["--collect-only", "-q"] if plan.quick else [])]
    minutes = run(command).seconds / 60
    return Result((Goal("test suite with lint and types", minutes, 6.0, "under", "min"),))


def ci_time(plan: Plan) -> Result:
    """`.ci/run` on a fresh clone of the last commit, no environment, every cache empty.

    A smoke run makes the clone and looks no further.
    """
    with scratch() as folder:
        clone, cache = folder / "clone", folder / "cache"
        run(["git", "clone", "--quiet", CHECKOUT, clone])
        if plan.quick:
            return Result((Goal(".ci/run with a cold environment", None, 20.0, "under", "min"),))
        cold = {"CI": "true", "UV_CACHE_DIR": str(cache), "PIP_NO_CACHE_DIR": "1"}
        minutes = run(["bash", clone / ".ci" / "run"], cold).seconds / 60
    return Result((Goal(".ci/run with a cold environment", minutes, 20.0, "under", "min"),))
