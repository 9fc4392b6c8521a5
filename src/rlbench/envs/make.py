"""From an environment's id to its family, and from there to its facts and its lanes."""

from __future__ import annotations

from rlbench.envs.catalogue import entry_module, find_spec
from rlbench.envs.family import EnvPlan, Family
from rlbench.envs.single import GymnasiumFamily
from rlbench.registry import Registry
from rlbench.settings import EnvSettings

# By the module that defines a family's environments, or any package above it; the nearest is asked
# first. So a package's family is imported only for environments that it is registered for.
FAMILIES: Registry[type[Family]] = Registry(
    "env",
    "rlbench.families",
    {
        "ale_py.env": "rlbench.envs.atari:AtariFamily",
        "ale_py": "rlbench.envs.atari:AtariObservationsFamily",
        "gymnasium.envs.classic_control.cartpole": "rlbench.envs.cartpole:CartPoleFamily",
        "gymnasium.envs.mujoco": "rlbench.envs.mujoco:MujocoFamily",
        "rlbench.envs.dm_control": "rlbench.envs.dm_control:DmControlFamily",
        "rlbench.envs.dm_envs": "rlbench.envs.dm_envs:DmEnvFamily",
        "minatar": "rlbench.envs.minatar:MinAtarFamily",
        "gymnasium.envs.box2d": "rlbench.envs.single:Box2DFamily",
    },
    has=("claims", "plan"),
)


def family_of(settings: EnvSettings) -> Family:
    """The environment that `settings` ask for, in the family that it belongs to; not built.

    Raises ConfigError where the id is unknown, or cannot have these settings.
    """
    spec = find_spec(settings.id)
    module, names = entry_module(spec), set(FAMILIES)
    while module:
        if module in names:
            family = FAMILIES[module]
            if family.claims(spec, settings):
                return family(spec, settings)
        module = module.rpartition(".")[0]
    return GymnasiumFamily(spec, settings)


def plan_env(settings: EnvSettings) -> EnvPlan:
    """Look an environment up and see what it is like.

    Raises ConfigError as `family_of`, and where it cannot be built or its spaces not handled.
    """
    return family_of(settings).plan()
