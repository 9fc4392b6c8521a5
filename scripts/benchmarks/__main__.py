"""`scripts/bench`: choose benchmarks, run them one after the other, write the table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import (
    atari_dqn,
    cartpole_dqn,
    cartpole_es,
    classic_goals,
    dqn_cores,
    es_steps,
    evaluation_share,
    executor_speed,
    harness_costs,
    lanes,
    pong_es,
    sb3_agents,
    suite,
)
from benchmarks.measure import BENCH_DIR, CHECKOUT, MeasurementError
from benchmarks.model import Benchmark, Plan, Result
from benchmarks.peers import environment
from benchmarks.table import figure, machine_facts, save, write_table

BENCHMARKS = (
    Benchmark(
        "cartpole_es_solved",
        "ES on CartPole-v1, from command to confirmed-solved",
        cartpole_es.solved,
        ("evosax", "evotorch"),
    ),
    Benchmark(
        "cartpole_es_steps", "ES on CartPole-v1, steps a second", cartpole_es.steps, ("evosax",)
    ),
    Benchmark(
        "lunarlander_es_steps",
        "ES on LunarLander-v3 against the bare environments",
        es_steps.lunarlander,
    ),
    Benchmark(
        "mujoco_es_steps",
        "ES on MuJoCo against the bare environments and EvoTorch",
        es_steps.mujoco,
        ("evotorch",),
    ),
    Benchmark("executor_speed", "ES on one and on two workers", executor_speed.steps),
    Benchmark("envpool_lanes", "Lanes against EnvPool's", lanes.envpool, ("envpool",)),
    Benchmark("lanes_in_turn", "Environments stepped in turn", es_steps.in_turn),
    Benchmark("pong_es_steps", "ES on Pong against the bare emulator", pong_es.steps),
    Benchmark(
        "cartpole_dqn_steps",
        "DQN on CartPole-v1 with RL Zoo's hyperparameters, steps a second",
        cartpole_dqn.steps,
        ("sb3",),
    ),
    Benchmark(
        "cartpole_dqn_solved", "DQN on CartPole-v1, steps to confirmed-solved", cartpole_dqn.solved
    ),
    Benchmark(
        "sb3_agents_steps",
        "Algorithms of Stable-Baselines3 on CartPole-v1, within rlbench and alone",
        sb3_agents.steps,
        ("rlbench_sb3",),
    ),
    Benchmark("dqn_cores_steps", "DQN on vectors with one core and with two", dqn_cores.steps),
    Benchmark(
        "dqn_cores_solved", "DQN, acting beside learning, seconds to solved", dqn_cores.solved
    ),
    Benchmark(
        "pong_dqn_steps",
        "DQN on Pong with Nature's settings, steps a second",
        atari_dqn.steps,
        ("sb3_atari",),
    ),
    Benchmark("pong_dqn_memory", "DQN on Pong, memory with a full replay", atari_dqn.memory),
    Benchmark(
        "classic_solved", "Classic tasks solved (reference runs)", classic_goals.classic_solved
    ),
    Benchmark("help_time", "The command line's start", harness_costs.help_time),
    Benchmark("report_time", "The report over 100 and 500 runs", harness_costs.report_time),
    Benchmark("unattributed", "Time that no phase accounts for", harness_costs.unattributed),
    Benchmark(
        "evaluation_minute", "Evaluation's share of a one-minute run", evaluation_share.of_a_minute
    ),
    Benchmark(
        "evaluation_default",
        "Evaluation's share of a run with the default budget",
        evaluation_share.of_the_default,
    ),
    Benchmark("suite_time", "The test suite", suite.suite_time),
    Benchmark("ci_time", "Continuous integration from nothing", suite.ci_time),
)  # fmt: skip


def main() -> int:
    names = [benchmark.name for benchmark in BENCHMARKS]
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measure the project against its goals and its peers.",
        epilog="example: scripts/bench help_time cartpole_es_solved",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which ones; default: all")
    parser.add_argument("--list", action="store_true", help="name them and end")
    parser.add_argument("--repeats", type=int, default=5, help="rounds of each (default 5)")
    parser.add_argument("--quick", action="store_true", help="a smoke run, into .bench/quick")
    parser.add_argument("--table", action="store_true", help="only write the table again")
    args = parser.parse_args()
    unknown = [name for name in args.names if name not in names]
    if unknown:
        parser.error(f"no benchmark {unknown[0]}; there are: {', '.join(names)}")
    if args.repeats < 1:
        parser.error(f"--repeats: got {args.repeats}, takes a number of at least 1")
    if args.list:
        for benchmark in BENCHMARKS:
            print(f"{benchmark.name:22} {benchmark.title}")
        return 0
    folder = BENCH_DIR / "quick" if args.quick else CHECKOUT / "results" / "bench"
    plan = Plan(repeats=1 if args.quick else args.repeats, quick=args.quick)
    chosen = [b for b in BENCHMARKS if not args.names or b.name in args.names]
    failed = [] if args.table else [b.name for b in chosen if not _carry_out(b, plan, folder)]
    print(f"table: {write_table(folder, names).relative_to(CHECKOUT)}")
    if failed:
        print(f"could not be measured: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _carry_out(benchmark: Benchmark, plan: Plan, folder: Path) -> bool:
    """Run one benchmark and save it; False where it could not be measured."""
    print(f"{benchmark.name}: {benchmark.title}", flush=True)
    try:
        for peer in benchmark.peers:
            environment(peer)
        facts = machine_facts(benchmark.peers)
        busy = facts["load_average_before"][0]
        if busy > 0.5:
            print(f"  warning: load average {busy}: is something else running?", file=sys.stderr)
        result: Result = benchmark.run(plan)
    except MeasurementError as error:
        print(f"  {error}", file=sys.stderr)
        return False
    save(folder, benchmark, result, facts, plan)
    for goal in result.goals:
        met = {True: "met", False: "NOT MET", None: "for information"}[goal.met]
        shown = goal.remark if goal.measured is None else figure(goal.measured, goal.unit)
        print(f"  {goal.text}: {shown} ({met})")
    return True


if __name__ == "__main__":
    sys.exit(main())
