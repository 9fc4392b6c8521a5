"""The runs that are hurt: both agents on three families of environments; and short ones."""

from __future__ import annotations

ES = ("agent=es", "agent.population=16", "executor=process", "cores=2")
UPDATES = 4  # of a learning
DQN = (
    "agent=dqn", "cores=1", "agent.learning_starts_steps=64", "agent.train_every_steps=16",
    f"agent.updates_per_train={UPDATES}", "agent.batch_size=16",
    "agent.replay_capacity_steps=2000", "agent.compile=false",
)  # fmt: skip
ACTORS = ("agent.actors=2", "executor=process", "cores=2")  # of DQN
CLASSIC = ("env=Acrobot-v1", "env.max_episode_steps=100", "eval.max_episode_steps=100")
MUJOCO = ("env=InvertedPendulum-v5", "env.threshold=20")
ATARI = (
    "env=ALE/Pong-v5", "env.max_episode_steps=30", "eval.max_episode_steps=30", "agent.network=a3c",
    "eval.first_steps=60", "eval.growth=1.5", "eval.gap_per_step=0",
)  # fmt: skip
COMMON = (
    "stop_at_threshold=false", "eval.episodes=4", "eval.confirmation_episodes=10",
    "checkpoint.every_seconds=0.2", "budget.train_seconds=null",
)  # fmt: skip

# Long enough that most of a run is training, and not its start.
CASES: dict[str, tuple[str, ...]] = {
    "ES, classic control": (*ES, *CLASSIC, *COMMON, "budget.env_steps=400000"),
    "ES, MuJoCo": (*ES, *MUJOCO, *COMMON, "budget.env_steps=450000"),
    "ES, Atari": (
        *ES, *ATARI, *COMMON, "budget.env_steps=14000", "agent.reference_frames=16",
    ),
    "DQN, classic control": (*DQN, *CLASSIC, *COMMON, "budget.env_steps=36000"),
    "DQN, MuJoCo": (*DQN, *MUJOCO, *COMMON, "budget.env_steps=28000", "agent.bins=3"),
    "DQN, Atari": (*DQN, *ATARI, *COMMON, "budget.env_steps=3000", "agent.num_lanes=4"),
    "DQN, two actors": (
        *DQN, *CLASSIC, *COMMON, *ACTORS, "budget.env_steps=20000",
        "agent.learning_starts_steps=96",
    ),
}  # fmt: skip

SHORT: dict[str, tuple[str, ...]] = {
    "ES": (*ES, *CLASSIC, *COMMON, "budget.env_steps=60000"),
    "DQN": (*DQN, *CLASSIC, *COMMON, "budget.env_steps=6000"),
}

# Each of its processes may come to a bad end: see `hurting.stumbling`.
STUMBLING: tuple[str, ...] = (
    *ES, *COMMON, "env=hurting.stumbling:Stumbling-v0", "env.step_timeout_s=2",
    "budget.env_steps=4000",
)  # fmt: skip

# The same with actors: a round is 80 steps of each.
STUMBLING_ACTORS: tuple[str, ...] = (
    *DQN, *COMMON, *ACTORS, "env=hurting.stumbling:Stumbling-v0", "env.step_timeout_s=2",
    "budget.env_steps=4000", "agent.train_every_steps=160", "agent.learning_starts_steps=160",
)  # fmt: skip

SWEEP: tuple[str, ...] = (
    "-m", *ES, *CLASSIC, *COMMON, "budget.env_steps=20000", "cores=1", "executor=serial",
    "seed=0,1,2",
)  # fmt: skip
