"""Where the time of DQN on Pong goes: the project's own agent with a watch on each of its parts.

Runs with the project's own Python. Prints one JSON line: milliseconds a step (over all lanes) in
each part, in the thread that runs it: `update` runs beside all the others, and `wait` is what the
lanes wait for it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from typing import Any

from rlbench.agents.dqn.agent import DQN
from rlbench.checking import check
from rlbench.config.compose import compose
from rlbench.envs.make import plan_env
from rlbench.harness.resources import Resources


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--steps", type=int, default=2_000)
    parser.add_argument("words", nargs="*", help="settings, as KEY=VALUE")
    args = parser.parse_args()
    asked = compose(["agent=dqn", "env=ALE/Pong-v5", *args.words])
    resources = Resources(plan_env(asked.env), cores=args.cores)
    settings = check(DQN.Settings, asked.agent.params, "agent")
    agent = DQN(resources.context(asked.seed), settings)
    spent: dict[str, float] = defaultdict(float)

    def watch(part: Any, method: str, name: str) -> None:
        call = getattr(part, method)

        def timed(*arguments: Any) -> Any:
            start = time.perf_counter()
            try:
                return call(*arguments)
            finally:
                spent[name] += time.perf_counter() - start

        setattr(part, method, timed)

    watch(agent._learner, "update", "update")
    watch(agent, "_wait", "wait")
    watch(agent._memory, "draw", "sample")
    watch(agent._memory, "gather", "sample")
    watch(agent._memory, "add", "remember")
    watch(agent._acting._player._actor, "_choose", "act")
    watch(resources.lanes[0], "step", "env")
    agent.advance(settings.learning_starts_steps)
    spent.clear()
    start = time.perf_counter()
    agent.advance(args.steps)
    seconds = time.perf_counter() - start
    parts = {name: 1000 * part / args.steps for name, part in spent.items()}
    print(json.dumps({"ms_per_step": 1000 * seconds / args.steps, **parts}))
    agent.close()


if __name__ == "__main__":
    main()
