"""One run from settings to its exit status: what is looked at before it may begin."""

from __future__ import annotations

import contextlib

from rlbench.clock import Start
from rlbench.errors import ConfigError, RunError, StuckError
from rlbench.harness.attempt import EXIT_DONE as EXIT_DONE
from rlbench.harness.attempt import EXIT_INTERRUPTED as EXIT_INTERRUPTED
from rlbench.harness.attempt import Attempt
from rlbench.harness.gpu import check_device
from rlbench.harness.machine import confined, working_directory_kept
from rlbench.harness.memory import check_memory
from rlbench.harness.plan import plan_run
from rlbench.harness.record import concurrent_jobs
from rlbench.harness.stopping import finished, starts_over
from rlbench.harness.watchdog import Watchdog
from rlbench.runs.directory import RunDir
from rlbench.settings import Settings
from rlbench.signals import Stops


def run(settings: Settings, start: Start | None = None) -> int:
    """Run, or go on with, the run that `settings` ask for; returns the exit status.

    start: when the attempt began, normally `Start.of_process()`, so that imports are counted.
    Raises ConfigError before anything is written, and RunError for a run that failed, which is
    recorded in its directory by then.
    """
    with Stops() as stops, settings.origins.named():
        return _run(settings, start or Start.now(), stops)


def _run(settings: Settings, start: Start, stops: Stops) -> int:
    try:
        with Watchdog(settings, stops):
            plan = plan_run(settings)
            if settings.dry_run:
                from rlbench.harness.dry_run import estimate

                print(estimate(plan, measure=settings.dry_run != "quick"))
                return EXIT_DONE
    except StuckError as error:
        raise RunError(str(error)) from None
    except (SystemExit, KeyboardInterrupt) as error:
        if stops.raised:
            raise
        name = type(error).__name__
        raise RunError(f"environment {settings.env.id} raised {name}: {error}") from error
    line = finished(settings, plan.name.directory)
    if line is not None:
        print(line)
        return EXIT_DONE
    check_memory(plan)
    check_device(settings.device)
    concurrent_jobs()
    directory = RunDir(plan.name.directory, settings.results_dir)
    directory.open(starts_over(settings, plan.name.directory))
    try:
        with (
            working_directory_kept(),
            confined(plan.cores, settings.device) as affinity,
        ):
            attempt = Attempt(plan, directory, start, affinity, stops)
            with (
                Watchdog(settings, stops, attempt.what_is_done, attempt.record_failure),
                contextlib.closing(attempt),
            ):
                return attempt.run()
    except ConfigError:  # what only building the agent shows
        directory.discard()
        raise
    except OSError as error:
        where = error.filename or directory.path
        raise RunError(f"{where}: cannot be written: {error.strerror or error}") from error
    finally:
        directory.close()
