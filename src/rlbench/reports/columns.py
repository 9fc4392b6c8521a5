"""What the columns of the report's tables hold, in words and with their units.

A column with a heading is shown on the page as well; all are in the file.
"""

from __future__ import annotations

from rlbench.runs.records import UNITS
from rlbench.table import Column
from rlbench.wording import UNIT_NAMES

_ENV = Column("env", "text", "Environment", "the Gymnasium id")
_GROUP = Column("group", "group", "Agent", "the agent, and what sets this group of runs apart")
_AGENT = Column("agent", "group", "", "the agent")
_LEVEL = Column("level", "number", "Return", "the mean return to be reached")
_IS_THRESHOLD = Column("is_threshold", "code", "", "whether this return is the one that is solved")
_CLOCK = Column("unit", "clock", "Clock", "in what the time is counted")
_LOW = Column("low", "number", "From", "lower end of the 95 % interval; empty: open")
_HIGH = Column("high", "number", "To", "upper end; empty: open")

RUN_CLOCKS = {
    "solved": "when the threshold was reached and confirmed; empty: never",
    "previous": "at the evaluation before: the true time lies between the two",
    "end": "in all",
}

_CLOCK_HEADINGS = {
    "solved_train_s": "Solved at (s)",
    "solved_env_steps": "Solved at (steps)",
    "end_train_s": "Training (s)",
    "end_env_steps": "Steps",
}

RUNS = (
    _ENV,
    _AGENT,
    _GROUP,
    Column("seed", "exact", "Seed", "of the run's random streams"),
    Column("status", "text", "Ended", "solved, budget used up, interrupted, failed, or unfinished"),
    Column("threshold", "number", "Threshold", "the mean return that means solved"),
    *(
        Column(
            f"{moment}_{unit}",
            "large" if unit == "env_steps" else "number",
            _CLOCK_HEADINGS.get(f"{moment}_{unit}", ""),
            f"{UNIT_NAMES[unit].sentence} {words}",
        )
        for moment, words in RUN_CLOCKS.items()
        for unit in UNITS
    ),
    Column("train_core_hours", "number", "Core-hours", "training time times the cores"),
    Column("train_euros", "number", "Euros", "of training, at the rate in time_to_threshold.csv"),
    Column("train_kwh", "number", "kWh", "of training, at the rate in time_to_threshold.csv"),
    Column("steps_per_s_first_third", "number", "", "steps a training second, first third"),
    Column("steps_per_s_last_third", "number", "", "steps a training second, last third"),
    Column("relative_speed", "number", "Relative speed", "steps a second, of the group's median"),
    Column("evaluations", "exact", "", "how many there were"),
    Column("failed_confirmations", "exact", "", "how many there were"),
    Column("attempts", "exact", "", "one, and one more for each time that it was resumed"),
    Column("budget_train_s", "number", "", "training seconds that it was given"),
    Column("budget_env_steps", "large", "", "environment steps that it was given"),
    Column("cores", "exact", "Cores", "that the run was held to"),
    Column("executor", "text", "", "what evaluated a population"),
    Column("device", "text", "", "what the network was trained on"),
    Column("precision", "text", "", "of the network's computations"),
    Column("cpu_model", "text", "", "of the machine"),
    Column("rlbench", "text", "", "the version"),
    Column("setup", "text", "", "a hash of what sets the run apart but for its seed"),
    Column("learning", "text", "", "a hash of what decides the learning"),
    Column("fingerprint", "text", "", "a hash of the conditions of environment and evaluation"),
    Column("started_at", "text", "", "UTC"),
    Column("python", "text", "", "the version"),
    Column("platform", "text", "", "operating system and processor"),
    Column("git_commit", "text", "", "of rlbench"),
    Column("cpu_count", "exact", "", "cores of the machine"),
    Column("memory_mb", "exact", "", "memory of the machine"),
    Column("concurrent_jobs", "exact", "", "runs of the sweep at the same time"),
    Column("frame_skip", "exact", "", "frames of the environment in one step"),
    Column("final_return_mean", "number", "Last return", "mean return of the last evaluation"),
    Column("best_return_mean", "number", "", "highest mean return of an evaluation"),
    Column("env_frames", "large", "", "frames of the environment in training"),
    Column("episodes", "exact", "", "episodes that ended in training"),
    Column("eval_s", "number", "", "seconds in evaluation"),
    Column("startup_s", "number", "", "seconds of start-up"),
    Column("checkpoint_s", "number", "", "seconds in writing checkpoints"),
    Column("unattributed_s", "number", "", "seconds that no phase accounts for"),
    Column("wall_s", "number", "", "seconds from the start to the end"),
    Column("cpu_s", "number", "", "CPU-seconds of the process and its workers"),
    Column("lost_env_steps", "large", "", "steps lost to interruptions, in no other column"),
    Column("lost_train_s", "number", "", "training seconds lost to interruptions, as above"),
    Column("lost_cpu_s", "number", "", "CPU-seconds lost to interruptions, as above"),
    Column("env_steps_per_s", "large", "Steps/s", "environment steps a training second"),
    Column("peak_rss_mb", "number", "", "peak of memory, megabytes"),
    Column("workers", "exact", "", "processes that evaluated a population"),
    Column("others_share", "number", "Others", "share of the cores' time that other processes had"),
    Column("siblings_share", "number", "", "part of it that jobs of the same sweep had"),
    Column(
        "stolen_share", "number", "Stolen", "share of the cores' time the hypervisor gave to others"
    ),
    Column("sticky_actions", "number", "", "chance that an action is repeated, on Atari"),
    Column("observations", "text", "", "what is seen of an Atari game, where it is not pixels"),
    Column("error", "text", "", "what made it fail"),
    Column("directory", "text", "", "of the run, below that of all runs"),
)

EVALUATIONS = (
    _ENV,
    _AGENT,
    _GROUP,
    Column("seed", "exact", "Seed", "of the run's random streams"),
    Column("evaluation", "exact", "", "the first of a run is 0"),
    *(
        Column(unit, "large" if unit == "env_steps" else "number", "", UNIT_NAMES[unit].sentence)
        for unit in UNITS
    ),
    Column("return_mean", "number", "Return", "the mean return of the evaluation's episodes"),
    Column("directory", "text", "", "of the run, below the directory of all runs"),
)

TIMES = (
    _ENV,
    _AGENT,
    _GROUP,
    _LEVEL,
    _IS_THRESHOLD,
    _CLOCK,
    Column("n_runs", "exact", "Seeds", "runs"),
    Column("n_reached", "exact", "Reached it", "runs that reached the level"),
    Column("success_fraction", "number", "", "runs that reached the level, over all runs"),
    Column("success_low", "number", "", "lower end of its 95 % interval (Clopper-Pearson)"),
    Column("success_high", "number", "", "upper end"),
    Column("n_failed", "exact", "", "runs that failed"),
    Column("n_unfinished", "exact", "", "runs that were interrupted, killed, or still go on"),
    Column("horizon", "number", "Horizon", "no time beyond it is counted"),
    Column("restricted_mean", "number", "Mean", "restricted mean up to the horizon"),
    Column("median", "number", "Median", "by when half the runs reached it; empty: half never did"),
    Column("median_low", "number", "From", "lower end of the median's 95 % interval; empty: open"),
    Column("median_high", "number", "To", "upper end; empty: open"),
    Column("expected_running_time", "number", "Per success", "all runs' time over the successes"),
    Column("core_hours_per_solve", "number", "Core-hours per success", "the same times the cores"),
    Column("euros_per_solve", "number", "Euros per success", "at the rate given"),
    Column("kwh_per_solve", "number", "kWh per success", "at the rate given"),
    Column("euros_per_core_hour", "number", "", "the rate"),
    Column("watts_per_core", "number", "", "the rate"),
)

SURVIVAL = (
    _ENV,
    _AGENT,
    _GROUP,
    _LEVEL,
    _IS_THRESHOLD,
    _CLOCK,
    Column("time", "number", "Time", "at which a run reached the level or was last seen"),
    Column("at_risk", "exact", "", "runs that were still on the way just before"),
    Column("reached", "exact", "", "runs that reached the level then"),
    Column("censored", "exact", "", "runs that were last seen then"),
    Column("not_there", "number", "", "Kaplan–Meier share without the level, just after"),
    Column("low", "number", "", "lower end of its pointwise 95 % interval"),
    Column("high", "number", "", "upper end"),
)

RATIOS = (
    _ENV,
    Column("baseline", "group", "Baseline", "the group that the other is compared with"),
    Column("challenger", "group", "Challenger", "the group that is compared with it"),
    _LEVEL,
    _IS_THRESHOLD,
    _CLOCK,
    Column("n_baseline", "exact", "Baseline seeds", "runs of the baseline"),
    Column("n_baseline_reached", "exact", "Baseline reached it", "runs that reached the level"),
    Column("n_challenger", "exact", "Challenger seeds", "runs of the challenger"),
    Column("n_challenger_reached", "exact", "Challenger reached it", "runs that reached the level"),
    Column("ratio", "number", "Ratio", "the baseline's time over the challenger's"),
    _LOW,
    _HIGH,
    Column("least", "number", "", "the least that the ratio can be"),
    Column("most", "number", "", "the most; empty: any"),
    Column(
        "grid", "number", "Grid",
        "how many times as wide the interval is since times are known between evaluations only",
    ),
    Column("p", "number", "p", "that both are equally fast, by the interval's test"),
    Column(
        "bound", "code", "Bound",
        "of the ratio: >= where too few runs of the baseline reached the level, <= where too few "
        "of the challenger did",
    ),
    Column(
        "winner", "group", "Faster",
        "the group that was; open: the seeds do not settle it; none: there is no ratio",
    ),
    Column("reason", "text", "Remark", "why there is no ratio or interval, or what was left out"),
)  # fmt: skip

_OF_ONE_ENVIRONMENT = (
    "level", "is_threshold", "least", "most", "grid", "p"
)  # fmt: skip
OVERALL_RATIOS = (
    *(column for column in RATIOS if column.name not in _OF_ONE_ENVIRONMENT),
    Column("n_environments", "exact", "", "behind the mean"),
)

LEAGUE = (
    Column(
        "league",
        "text",
        "",
        "the environments on which just these agents ran, or one of them",
    ),
    _GROUP,
    Column("first", "exact", "", "the best place that it may have"),
    Column("last", "exact", "", "the worst one"),
    Column("n_faster", "exact", "", "agents that were clearly faster than it"),
    Column("n_slower", "exact", "", "agents that were clearly slower"),
    Column("n_runs", "exact", "", "runs, over all environments"),
    Column("n_reached", "exact", "", "runs that reached the threshold"),
    Column("baseline", "group", "", "the group that the ratio is to"),
    Column("ratio", "number", "", "the baseline's training time over its own; 1 is the baseline"),
    _LOW,
    _HIGH,
    Column("bound", "code", "", "of the ratio, as in speed_ratio.csv"),
    Column("reason", "text", "", "why there is no ratio or interval, or what was left out"),
)

CURVES = (
    _ENV,
    _AGENT,
    _GROUP,
    Column("axis", "clock", "", "the clock of x"),
    Column("x", "number", "", "the time"),
    Column("mean", "number", "", "mean return over the seeds"),
    Column("low", "number", "", "of the worst seed; over environments lower end of the interval"),
    Column("high", "number", "", "of the best seed; over environments upper end"),
    Column("n", "exact", "", "seeds that are known at that time"),
    Column("median", "number", "", "median return over the seeds; empty over environments"),
)

SCORES = (
    Column("suite", "text", "", "which environments, where they differ in their conditions"),
    _ENV,
    _AGENT,
    _GROUP,
    Column("seed", "exact", "", "of the run"),
    Column("horizon_train_s", "number", "", "training seconds at which the score is taken"),
    Column("random_return", "number", "", "the return that is score 0"),
    Column("reference_return", "number", "", "the return that is score 1"),
    Column("score", "number", "", "the run's normalised score"),
)

ESTIMATES = (
    Column("suite", "text", "Suite", "which environments, where they differ in their conditions"),
    Column("agent", "group", "Agent", "of a probability: the one that is better than the other"),
    Column("statistic", "code", "Statistic", "as docs/statistics.md defines it"),
    Column("value", "number", "Value", "the estimate"),
    _LOW,
    _HIGH,
    Column("n_environments", "exact", "Environments", "that have a score"),
    Column("n_runs", "exact", "Runs", "that it rests on"),
    Column("reason", "text", "Remark", "why there is no interval, or how well it covers"),
)

PROFILES = (
    Column("suite", "text", "", "which environments, where they differ in their conditions"),
    _AGENT,
    Column("tau", "number", "", "a normalised score"),
    Column("share", "number", "", "share of runs whose score is above it"),
    Column("low", "number", "", "lower end of its 95 % bootstrap interval"),
    Column("high", "number", "", "upper end"),
)
