"""The sweeper and launcher that `-m` uses by default; `rlbench.config` explains private names.

Hydra imports this file at every start, `--help` included, so it imports nothing heavy; and before
the module is in `sys.modules`, so its dataclasses cannot have annotations that are strings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class SweeperConf:
    """Keys of `hydra.sweeper`; params: comma lists by key, which the command line overrides."""

    _target_: str = "hydra_plugins.rlbench.launcher.RlbenchSweeper"
    params: dict[str, str] | None = None


@dataclass
class LauncherConf:
    """Keys of `hydra.launcher`; jobs: how many at once; auto: as many as the cores
    allow."""

    _target_: str = "hydra_plugins.rlbench.launcher.RlbenchLauncher"
    jobs: Any = "auto"  # checked by the launcher, as Hydra knows no such choice


ConfigStore.instance().store("rlbench", SweeperConf, group="hydra/sweeper", provider="rlbench")
ConfigStore.instance().store("rlbench", LauncherConf, group="hydra/launcher", provider="rlbench")


class RlbenchSweeper(BasicSweeper):
    """Hydra's basic sweeper, less two habits: it writes no multirun.yaml, and leaves it to the
    launcher to find bad jobs, so that one of them does not keep the others from running."""

    def __init__(self, params: dict[str, str] | None = None) -> None:
        super().__init__(max_batch_size=None, params=params)

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        super().setup(hydra_context=hydra_context, task_function=task_function, config=config)
        self.task = task_function

    def sweep(self, arguments: list[str]) -> Any:
        assert self.hydra_context is not None
        assert self.launcher is not None and self.config is not None
        from rlbench.config.compose import sweep_composer
        from rlbench.config.refused import refuse_no_jobs, refuse_number_of_jobs

        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        overrides = parser.parse_overrides([*self._parse_config(), *arguments])
        refuse_number_of_jobs(overrides)
        (jobs,) = self.split_arguments(overrides, None) or [[]]
        refuse_no_jobs(overrides, jobs)
        if isinstance(self.launcher, RlbenchLauncher):
            return self.launcher.launch(jobs, initial_job_idx=0)
        from hydra_plugins.rlbench._others import OtherLauncher
        from rlbench.sweeps.elsewhere import launch_elsewhere

        other = OtherLauncher(self.launcher)
        compose = sweep_composer(self.hydra_context.config_loader, self.config)
        answer = answer_of(self.task)
        launch_elsewhere(jobs, compose, other.start, other.default_cores, answer=answer)
        return []


class RlbenchLauncher(Launcher):
    """Runs each job in a fresh process on its own cores (see `rlbench.sweeps.launch`)."""

    def __init__(self, jobs: Any = "auto") -> None:
        self.jobs = jobs

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        self.hydra_context = hydra_context
        self.config, self.task = config, task_function

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        from rlbench.config.compose import sweep_composer, words_for_jobs
        from rlbench.sweeps.launch import launch

        launch(
            job_overrides,
            sweep_composer(self.hydra_context.config_loader, self.config),
            words_for_jobs(self.config.hydra),
            self.jobs,
            answer=answer_of(self.task),
        )
        return []


def answer_of(task: TaskFunction | None) -> Any:
    """What is printed at the end of a sweep: what `task` brings, else the usual lines."""
    from rlbench.collection import closing_lines

    return getattr(task, "answer", None) or closing_lines
