"""Bad input: exit status 2, one line on stderr that names the key, and nothing written."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from rlbench.cli.main import main
from rlbench.config.errors import Keys, unknown_key
from rlbench.config.folders import conf_dir
from rlbench.envs.catalogue import near_names

Result = subprocess.CompletedProcess[str]
Rlbench = Callable[..., Result]

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
EXPERIMENTS = sorted(path.stem for path in (conf_dir() / "experiment").glob("*.yaml"))
OF_HYDRA = (
    "no value here; of Hydra's own keys only hydra.mode, hydra.searchpath, hydra.launcher, "
    "hydra.sweeper, hydra.verbose, hydra.help are taken"
)
ID = "the id of an environment that Gymnasium has here"

BAD = {
    "agent=ess": (
        "agent: got 'ess'; takes dqn, es, evosax, evotorch, random, sb3 or sbx; did you mean es?"
    ),
    "agent=": "agent: got ''; takes a name, as in agent=es",
    "agent=5": "agent: got '5'; takes a name, as in agent=es",
    "agent=../es": "agent: got '../es'; takes a name, as in agent=es",
    "agent=mine/es": "agent: got 'mine/es'; takes the name of a file in agent/, which may be in a "
    "folder there",
    "env=${oc.env:HOME}": "env: got '${oc.env:HOME}'; takes a name, as in env=CartPole-v1",
    "results_dir=a\nb": "results_dir: got 'a\\nb'; takes a value without control characters, such "
    "as an end of line",
    "--config-path=/nowhere": "--config-path: got '/nowhere'; takes a folder or a package of YAML "
    "files, and there is none at this path",
    "env=[a,b]": "env: got '[a,b]'; takes a name, as in env=CartPole-v1",
    "env={a:1}": "env: got '{a:1}'; takes a name, as in env=CartPole-v1",
    "agent._target_=os.system": "agent._target_: got 'os.system'; takes no value here; agent=NAME "
    "chooses one, and a YAML file in agent/ adds one",
    "env.kwargs=[1]": "env.kwargs: got '[1]'; takes keys with values, as +env.kwargs.NAME=VALUE",
    "+env.kwargs=[1]": "env.kwargs: got '[1]'; takes keys with values, as +env.kwargs.NAME=VALUE",
    "env.kwargs=3": "env.kwargs: got 3; takes keys with values",
    "+env.kwargs.render_mode=human": "env.kwargs.render_mode: got 'human'; takes no window: steps "
    "would wait for it, and that would be what a run measures",
    "budget=5": "budget: got 5; takes the keys train_seconds, env_steps",
    "budget=[5]": "budget: got '[5]'; takes the keys train_seconds, env_steps",
    "++checkpoint=[1]": "checkpoint: got '[1]'; takes the keys every_seconds",
    "eval={a:1}": "eval.a: there is no such key; `rlbench --help` lists the keys",
    "hydra.launcher=[1]": "hydra.launcher: got '[1]'; takes keys with values",
    "agent.hidden={a:1}": "agent.hidden: got '{a:1}'; takes a list, as agent.hidden=[VALUE,VALUE]",
    "+agent.hidden.a=1": "agent.hidden.a: there is no such key; agent.hidden takes a list",
    "env.kwargs={a:1}": "env.kwargs.a: got null; takes a plus sign in front where it is new: "
    "+env.kwargs.a=VALUE",
    "results_dir=${nope}": "results_dir: got null; takes another value: Interpolation key 'nope' "
    "not found",
    "hydra.verbose=[1]": "hydra.verbose: got '[1]'; takes true, false or the name of a logger",
    "=1": "command line: got '=1'; takes KEY=VALUE (see rlbench --help)",
    "agent.name=[a]": "agent.name: got ['a']; takes text",
    "hydra.mode=FOO": "hydra.mode: got 'FOO'; takes RUN or MULTIRUN",
    "hydra.run.dir=foo": f"hydra.run.dir: got 'foo'; takes {OF_HYDRA}",
    "hydra/job_logging=default": f"hydra/job_logging: got 'default'; takes {OF_HYDRA}",
    "+hydra.job.env_set.A=1": f"hydra.job.env_set.A: got '1'; takes {OF_HYDRA}",
    "hydra=null": f"hydra: got 'null'; takes {OF_HYDRA}",
    "hydra.sweeper=null": "hydra.sweeper: got null; takes the keys of one, as "
    "hydra.sweeper.KEY=VALUE; hydra/sweeper=NAME chooses one",
    "hydra.sweeper.params.seed=1": "hydra.sweeper.params.seed: got '1'; takes no value here; "
    "-m KEY=VALUE,VALUE sweeps over values",
    "hydra/sweeper=basic": "hydra/sweeper: got 'basic'; takes rlbench, or that of an installed "
    "package",
    "hydra.searchpath=[file:///nope]": "hydra.searchpath: got '[file:///nope]'; takes a list with "
    "rlbench:// in it; --config-dir DIR adds a folder",
    "hydra.searchpath=[file:///nope,rlbench://]": "hydra.searchpath: got '/nope'; takes a folder "
    "of YAML files, and there is none at this path",
    "hydra.searchpath=[pkg://no.such,rlbench://]": "hydra.searchpath: got 'pkg://no.such'; takes a "
    "package that is installed",
    "results_dir=a=b": "results_dir: got 'a=b'; takes a value with such characters in quotes: "
    "\"results_dir='a=b'\"",
    "results_dir=/x#1": "results_dir: got '/x#1'; takes a value with such characters in quotes: "
    "\"results_dir='/x#1'\"",
    "experiment=null": "experiment: got null; takes a name, as in experiment=classic",
    "tuned=null": "tuned: got 'null'; takes the name of a file of this group",
    "agent=null": "agent: got null; takes a name, as in agent=es",
    "agent.sigmaa=1": "agent.sigmaa: there is no such key for es; did you mean agent.sigma?",
    "agent.sigma=-1": "agent.sigma: got -1; takes a number above 0",
    "sed=1": "sed: there is no such key; did you mean seed?",
    "budget.train_second=5": "budget.train_second: there is no such key; did you mean "
    "budget.train_seconds?",
    "+extra=1": "extra: there is no such key; `rlbench --help` lists the keys",
    "+seed=1": "+seed: got '1'; takes no plus sign: seed=…",
    "env.kwargs.g=1": "env.kwargs.g: got '1'; takes a plus sign in front where it is new: "
    "+env.kwargs.g=1",
    "seed=abc": "seed: got 'abc'; takes a whole number from 0 to 2147483647",
    "seed=-1": "seed: got -1; takes a whole number from 0 to 2147483647",
    "seed=0,1": "seed: got '0,1'; takes one value; with -m a sweep over several",
    "seed=[": "command line: got 'seed=['; takes KEY=VALUE (see rlbench --help)",
    "device=tpu": "device: got 'tpu'; takes cpu or gpu",
    "budget.train_seconds=null": "budget: got null; takes at least one of budget.train_seconds "
    "and budget.env_steps",
    "budget.env_steps=0": "budget.env_steps: got 0; takes a whole number from 1 to "
    "1000000000000000 or null",
    "env.threshold=nan": "env.threshold: got nan; takes auto, a number from -1e+30 to "
    "1e+30 or null",
    "results_dir=null": "results_dir: got null; takes a path",
    "cores=0": "cores: got 0; takes auto or a whole number from 1 up",
    "cores=abc": "cores: got 'abc'; takes auto or a whole number from 1 up",
    "eval.every_steps=null": "eval.every_steps: got null; takes auto or a whole number from 1 "
    "to 1000000000000000",
    "env.sticky_actions=null": "env.sticky_actions: got null; takes auto or a number from 0 to "
    "below 1",
    "env.noop_max=null": "env.noop_max: got null; takes auto or a whole number from 0 to 10000",
    "env.levels=many": "env.levels: got 'many'; takes auto, a list [a number from -1e+30 to "
    "1e+30, ...] or null",
    "agent.episode_cap=none": "agent.episode_cap: got 'none'; takes auto, adaptive, a whole number "
    "from 1 up or null",
    "agent.virtual_batch_norm=null": "agent.virtual_batch_norm: got null; takes auto, true or "
    "false",
    "agent.network=a3c": "agent.network: got 'a3c'; takes auto or mlp: CartPole-v1 observes a "
    "vector, no frames",
    "agent.network=natur": "agent.network: got 'natur'; takes auto, mlp, nature, dopamine, a3c, "
    "small or impala-small; did you mean nature?",
    "agent.network=null": "agent.network: got null; takes auto, mlp, nature, dopamine, a3c, "
    "small or impala-small",
    "agent.virtual_batch_norm=true": "agent.virtual_batch_norm: got true; takes auto or false: "
    "it is for networks of convolutions without padding",
    "network=a3c": "network: the name of this key is agent.network now",
    "+network=a3c": "network: the name of this key is agent.network now",
    "env.thresholds=[10]": "env.thresholds: the name of this key is env.levels now",
    "agent.normalise_observations=true": "agent.normalise_observations: the name of this key is "
    "agent.normalize_observations now",
    "cores=9999": f"cores: got 9999; takes auto or 1 to {CORES} on this machine",
    "experiment=clasic": (
        f"experiment: got 'clasic'; takes {', '.join(EXPERIMENTS[:-1])} or {EXPERIMENTS[-1]}; "
        "did you mean classic?"
    ),
    "hydra/launcher=none": "hydra/launcher: got 'none'; takes basic, rlbench, submitit_local or "
    "submitit_slurm",
    "env=CartPol-v1": f"env: got 'CartPol-v1'; takes {ID}; did you mean CartPole-v1? "
    "(one of an installed package is env=PACKAGE:CartPol-v1)",
    "env=pong-v5": f"env: got 'pong-v5'; takes {ID}; did you mean ALE/Pong-v5? "
    "(one of an installed package is env=PACKAGE:pong-v5)",
    "env=Nowhere/At-All-v0": f"env: got 'Nowhere/At-All-v0'; takes {ID}; `rlbench envs` lists "
    "them (one of an installed package is env=PACKAGE:Nowhere/At-All-v0)",
    "env=CartPole-v99": "env: got 'CartPole-v99'; takes CartPole-v1, the newest version "
    "(one of an installed package is env=PACKAGE:CartPole-v99)",
    **{
        f"env={game}": f"env: got '{game}'; takes ALE/Pong-v5, whose frames are preprocessed here "
        "(docs/environments.md says how)"
        for game in ("Pong-v0", "PongNoFrameskip-v4")
    },
    **{
        f"env={game}": f"env: got '{game}'; takes ALE/Pong-v5 with +env.kwargs.obs_type=ram for "
        "the game's memory"
        for game in ("ALE/Pong-ram-v5", "Pong-ramNoFrameskip-v4")
    },
    "env=wave:Not-v0": "env: got 'wave:Not-v0'; takes an id that importing wave registers, and it "
    "registers none; where a function of it does that, write a module that calls the function, and "
    "give env=MODULE:ID",
    "env=ALE/Breakot-v5": f"env: got 'ALE/Breakot-v5'; takes {ID}; did you mean ALE/Breakout-v5 "
    "or MinAtar/Breakout-v0 or ALE/Et-v5? "
    "(one of an installed package is env=PACKAGE:ALE/Breakot-v5)",
    "env=ALE/Pong-v4": "env: got 'ALE/Pong-v4'; takes its successor ALE/Pong-v5 "
    "(version 4 is deprecated)",
    "env.sticky_actions=1": "env.sticky_actions: got 1; takes auto or a number from 0 to below 1",
    "env.sticky_actions=0.1": "env.sticky_actions: got 0.1; takes auto: it is for Atari "
    "and MinAtar",
    "env.noop_max=-1": "env.noop_max: got -1; takes auto or a whole number from 0 to 10000",
    "env=CartPole": "env: got 'CartPole'; takes CartPole-v1, the newest version "
    "(one of an installed package is env=PACKAGE:CartPole)",
    "env=LunarLander-v2": "env: got 'LunarLander-v2'; takes its successor LunarLander-v3 "
    "(version 2 is deprecated)",
    "env=HalfCheetah-v3": "env: got 'HalfCheetah-v3'; takes its successor HalfCheetah-v5 "
    "(version 3 is deprecated)",
    "env=no_such_package:Foo-v0": "env: got 'no_such_package:Foo-v0'; takes PACKAGE:ID; "
    "there is no package 'no_such_package', installed or in this folder",
    "--nonsense": "command line: got '--nonsense'; takes KEY=VALUE words "
    "(unrecognized arguments: --nonsense)",
    "--config-di=x": "command line: got '--config-di=x'; takes KEY=VALUE words "
    "(unrecognized arguments: --config-di=x)",
    "--config-name=agent/es": "--config-name: got 'agent/es'; takes the name of a file that "
    "holds a whole configuration, as config does",
    "--": "command line: got '--'; takes KEY=VALUE words and flags, with nothing between",
    "--package=agent": "--package: got 'agent'; takes no value without --cfg",
    "--config-dir=nowhere": "--config-dir: got 'nowhere'; takes a folder of YAML files, and there "
    "is none at this path",
    "reprot": "command: got 'reprot'; takes compare, tune, report, claims, scale, evaluate, "
    "export, watch, race, dream, tensorboard, envs, init, completion, help, or KEY=VALUE; did you "
    "mean report?",
}


@pytest.mark.parametrize("word", BAD)
def test_is_one_line_and_status_2(
    word: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([word]) == 2
    captured = capsys.readouterr()
    assert captured.err == f"rlbench: {BAD[word]}\n"
    assert captured.out == ""
    assert list(tmp_path.iterdir()) == []


SWEEPS = {
    "hydra.sweeper.params={seed:[0,1]}": "hydra.sweeper.params: got '{seed:[0,1]}'; takes no value "
    "here; -m KEY=VALUE,VALUE sweeps over values",
    "hydra.launcher=null": "hydra.launcher: got null; takes the keys of one, as "
    "hydra.launcher.KEY=VALUE; hydra/launcher=NAME chooses one",
    "hydra.launcher._target_=os.system": "hydra.launcher._target_: got 'os.system'; takes "
    "another value: Invalid plugin 'os.system': not the hydra_plugins package",
    "env=[a,b],CartPole-v1": "env: got '[a,b],CartPole-v1'; takes a name, as in env=CartPole-v1",
    "seed=glob(*)": "seed: got 'glob(*)'; takes at least one value, and nothing fits this",
    "seed=range(5,2)": "seed: got 'range(5,2)'; takes at least one value",
    "seed=range(0,1000000)": "seed: got 'range(0,1000000)'; takes fewer values: a sweep has at "
    "most 10,000 jobs",
    "hydra/launcher=basic agent.sigma=-1 seed=0,1": "agent.sigma: got -1; takes a number above 0",
}


@pytest.mark.parametrize("line", SWEEPS)
def test_a_bad_sweep_is_one_line_and_status_2(
    line: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["-m", *line.split()]) == 2
    captured = capsys.readouterr()
    assert captured.err == f"rlbench: {SWEEPS[line]}\n"
    assert captured.out == "" and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [["env=*"], ["agent=*"], ["experiment=*"], ["env=ALE/*"], ["agent.name=*"], ["results_dir=*"],
     ["--config-dir", "*"], ["--config-name", "*"], ["*=1"], ["report", "*"], ["claims", "*"],
     ["tensorboard", "*"]],
    ids=" ".join,
)  # fmt: skip
def test_a_name_that_no_file_system_takes_is_one_short_line(
    words: list[str],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([word.replace("*", "x" * 5000) for word in words]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("rlbench: ") and captured.err.count("\n") == 1
    assert "xxxx" in captured.err and len(captured.err) < 1000
    assert captured.out == "" and list(tmp_path.iterdir()) == []


def test_a_configuration_of_ones_own_lets_hydra_write_nothing(
    rlbench: Rlbench, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "part.yaml").write_text("a: 1")
    result = rlbench("--config-dir", "mine", "--config-name", "part")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "rlbench: configuration: got 'a'; takes the keys of a whole configuration, agent and env "
        "among them\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


OF_AN_AGENT = {
    "agent=dqn agent.sigma=0.1": "agent.sigma: there is no such key for dqn; "
    "`rlbench agent=dqn --help` lists its keys",
    "agent=es agent.num_envs=4": "agent.num_envs: there is no such key for es; "
    "`rlbench agent=es --help` lists its keys",
    "agent=dqn agent.num_envs=4": "agent.num_envs: the name of this key is agent.num_lanes now",
    "agent=random network=mlp": "network: there is no such key; `rlbench --help` lists the keys",
    "sed=1 agent=dqn agent.dueing=true": "sed: there is no such key; did you mean seed?",
    "agent=dqn agent.dueing=true sed=1": "agent.dueing: there is no such key for dqn; "
    "did you mean agent.dueling?",
    "agent=mine --config-dir own agent.lanez=1": "agent.lanez: there is no such key for mine; "
    "did you mean agent.lanes?",
}


@pytest.mark.parametrize("line", OF_AN_AGENT)
def test_a_wrong_key_is_held_against_the_keys_of_the_agent_that_was_asked_for(
    line: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own" / "agent").mkdir(parents=True)
    (tmp_path / "own" / "agent" / "mine.yaml").write_text(
        "{name: mine, _target_: rlbench.agents.random.RandomAgent, lanes: 2}"
    )
    assert main(line.split()) == 2
    assert capsys.readouterr().err == f"rlbench: {OF_AN_AGENT[line]}\n"


MINE = "{name: mine, _target_: rlbench.agents.random.RandomAgent"
WHOLE = "# @package _global_\n"
IN_FILES = {
    ("agent/mine.yaml", f"{MINE}, lanez: 2}}"): "own/agent/mine.yaml: agent.lanez: there is no "
    "such key",
    ("agent/mine.yaml", "name: mine"): "own/agent/mine.yaml: agent._target_: got null; takes the "
    "import path of the agent's class",
    ("agent/mine.yaml", "{name: mine, _target_: 3}"): "own/agent/mine.yaml: agent._target_: got 3; "
    "takes the import path of the agent's class",
    ("agent/mine.yaml", "a: ["): "own/agent/mine.yaml: is no YAML, line 1 (expected the node "
    "content, but found '<stream end>')",
    ("agent/mine.yaml", "defaults: [nope]"): "agent/mine.yaml: agent: got 'nope'; takes nothing "
    "here: the group is empty",
    ("agent/mine.yaml", "defaults: [mine]"): "command line: got '--config-dir own agent=mine'; "
    "takes files whose defaults, and whose values, do not lead back to themselves",
    ("env/FrozenLake-v1.yaml", "{id: FrozenLake-v1, threshold: many}"): "own/env/FrozenLake-v1.yaml"
    ": env.threshold: got 'many'; takes auto, a number from -1e+30 to 1e+30 or null",
    ("env/FrozenLake-v1.yaml", "{id: FrozenLake-v1, kwargs: [1]}"): "env/FrozenLake-v1.yaml: a "
    "list stands where keys are taken, or keys where a list is",
    ("env/FrozenLake-v1.yaml", "{id: FrozenLake-v1, noop_max: 3}"): "own/env/FrozenLake-v1.yaml: "
    "env.noop_max: got 3; takes auto: for Atari from pixels only",
    ("tuned/es/FrozenLake-v1.yaml", f"{WHOLE}agent: {{sigma: -1}}"): "own/tuned/es/FrozenLake-v1."
    "yaml: agent.sigma: got -1; takes a number above 0",
    ("experiment/mine.yaml", f"{WHOLE}sed: 3"): "own/experiment/mine.yaml: sed: there is no such "
    "key; did you mean seed?",
    ("experiment/mine.yaml", f"{WHOLE}agent: es"): "own/experiment/mine.yaml: agent: got 'es'; "
    "takes keys with values; `- override /agent: es` under `defaults` chooses",
    ("experiment/mine.yaml", f"{WHOLE}env: Acrobot-v1"): "own/experiment/mine.yaml: env: got "
    "'Acrobot-v1'; takes keys with values; `- override /env: Acrobot-v1` under `defaults` chooses",
    ("tuned/es/FrozenLake-v1.yaml", "sigma: 0.1"): "own/tuned/es/FrozenLake-v1.yaml: sigma: there "
    "is no such key; did you mean agent.sigma?",
    ("env/FrozenLake-v1.yaml", "threshold: 0.5"): "own/env/FrozenLake-v1.yaml: env.id: got null; "
    "takes a value, which is missing",
    ("experiment/mine.yaml", f"{WHOLE}cores: 9999"): "own/experiment/mine.yaml: cores: got 9999; "
    f"takes auto or 1 to {CORES} on this machine",
    ("experiment/mine.yaml", f"{WHOLE}defaults: [{{override /nope: es}}]"): "experiment/mine.yaml: "
    "In 'experiment/mine': Could not override 'nope'. No match in the defaults list.",
    ("experiment/mine.yaml", f"{WHOLE}defaults: [{{/env: Acrobot-v1}}]"): "experiment/mine.yaml: "
    "chooses env beside what is chosen already; `override /env: NAME` replaces it",
    ("experiment/mine.yaml", f"{WHOLE}defaults: [{{/env: CartPole-v1}}]"): "experiment/mine.yaml: "
    "chooses env beside what is chosen already; `override /env: NAME` replaces it",
    ("experiment/mine.yaml", "seed: 3"): "own/experiment/mine.yaml: experiment: a file of this "
    "group sets keys of the whole: # @package _global_ is its first line",
}  # fmt: skip
CHOOSES = {"agent": "agent=mine", "experiment": "experiment=mine"}


@pytest.fixture
def with_own(here: Rlbench, tmp_path: Path) -> Rlbench:
    """Runs a command beside `own`, with a file of that text in it, which is chosen."""

    def run(file: str, text: str, *words: str) -> Result:
        (tmp_path / "own" / file).parent.mkdir(parents=True)
        (tmp_path / "own" / file).write_text(text)
        chosen = CHOOSES.get(file.partition("/")[0], "env=FrozenLake-v1")
        return here("--config-dir", "own", chosen, *words)

    return run


@pytest.mark.parametrize(("file", "text"), IN_FILES)
def test_a_mistake_in_a_file_of_ones_own_names_the_file(
    file: str, text: str, with_own: Rlbench, tmp_path: Path
) -> None:
    done = with_own(file, text)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"rlbench: {IN_FILES[file, text]}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["own"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("agent/mine.yaml", f"{MINE}, lanez: 2}}"),  # refused job by job
        ("agent/mine.yaml", "a: ["),  # by Hydra, before there are jobs
        ("env/FrozenLake-v1.yaml", "{id: FrozenLake-v1, noop_max: 3}"),
        ("experiment/mine.yaml", "seed: 3"),
    ],
)
def test_a_sweep_too_names_the_file_of_ones_own(
    file: str, text: str, with_own: Rlbench, tmp_path: Path
) -> None:
    done = with_own(file, text, "-m", "seed=0,1", "dry_run=quick")
    assert done.returncode in (1, 2)
    assert IN_FILES[file, text] in (done.stdout + done.stderr).replace("\n", " ")
    assert [path.name for path in tmp_path.iterdir()] == ["own"]


EMPTY = {
    ("evaluate", ""): "RUN|FILE: got nothing, takes a path",
    ("evaluate", "run", ""): "RUN|FILE: got nothing, takes a path",
    ("watch", "run", "", "--out", "x.mp4"): "RUN|FILE: got nothing, takes a path",
    ("race", "", "--out", "x.mp4"): "RUN|FILE: got nothing, takes a path",
    ("export", "", "--out", "x.onnx"): "RUN|FILE: got nothing, takes a path",
    ("dream", "", "--out", "x"): "RUN|FILE: got nothing, takes a path",
    ("init", ""): "DIR: got nothing, takes a folder (. is the working directory)",
}


@pytest.mark.parametrize("words", EMPTY)
def test_an_empty_path_is_one_line(
    words: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    name = f"rlbench {words[0]}"
    said = f"{name}: argument {EMPTY[words]} (see {name} --help)\n"
    assert capsys.readouterr() == ("", said)
    assert list(tmp_path.iterdir()) == []


IN_ANY_ORDER = {
    "compare env=CartPole-v1 --baseline es seeds=0": "seeds: got '0'; takes a number from 1 to ",
    "report one --out x other": "one: no such directory",
    "claims one --out x other": "one: no such directory",
    "scale one --workers 2 other": "one: ",
}


@pytest.mark.parametrize("line", IN_ANY_ORDER)
def test_words_may_come_after_an_option(line: str, here: Rlbench) -> None:
    done = here(*line.split())
    assert done.returncode == 2 and done.stderr.startswith(f"rlbench: {IN_ANY_ORDER[line]}")


def test_a_word_that_stands_over_a_file_is_to_blame_itself(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf" / "agent").mkdir(parents=True)
    (tmp_path / "conf" / "agent" / "mine.yaml").write_text(f"{MINE}, lanes: 2}}")
    assert main(["agent=mine", "+env.sticky_actions=x", "seed=-1"]) == 2
    error = capsys.readouterr().err
    assert error.endswith("rlbench: +env.sticky_actions: got 'x'; takes no plus sign: "
                          "env.sticky_actions=…\n")  # fmt: skip
    assert main(["agent=mine", "seed=-1"]) == 2
    assert capsys.readouterr().err.endswith(
        "rlbench: seed: got -1; takes a whole number from 0 to 2147483647\n"
    )


def test_a_file_of_ones_own_that_is_no_text(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own" / "agent").mkdir(parents=True)
    (tmp_path / "own" / "agent" / "mine.yaml").write_bytes(b"name: \xff")
    assert main(["--config-dir", "own", "agent=mine"]) == 2
    assert capsys.readouterr().err == (
        "rlbench: own/agent/mine.yaml: is no YAML (invalid start byte)\n"
    )
    (tmp_path / "own").rename(tmp_path / "conf")
    assert main(["--help"]) == 0 and capsys.readouterr().err == ""


def test_a_list_of_environments_names_a_file_of_ones_own_that_is_no_yaml(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conf" / "env").mkdir(parents=True)
    (tmp_path / "conf" / "env" / "Foo-v0.yaml").write_text("[1")
    assert main(["envs", "foo"]) == 2
    assert capsys.readouterr().err == (
        "rlbench: conf/env/Foo-v0.yaml: is no YAML, line 1 (expected ',' or ']', but got "
        "'<stream end>')\n"
    )


def test_a_sweep_with_a_key_that_no_agent_has_is_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["-m", "agent=dqn", "seed=0,1", "agent.sigma=0.1"]) == 2
    captured = capsys.readouterr()
    assert captured.err == f"rlbench: {OF_AN_AGENT['agent=dqn agent.sigma=0.1']}\n"
    assert captured.out == "" and list(tmp_path.iterdir()) == []


def test_holds_for_the_process_too(rlbench: Rlbench, tmp_path: Path) -> None:
    result = rlbench("agent=es", "seed=abc")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("rlbench: seed: got 'abc'; takes ")
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_of_nothing_but_bad_jobs_is_bad_configuration(
    here: Rlbench, tmp_path: Path
) -> None:
    result = here("-m", "seed=0,1", "budget.env_steps=-5")
    assert result.returncode == 2
    assert result.stderr == (
        "rlbench: budget.env_steps: got -5; takes a whole number from 1 to "
        "1000000000000000 or null\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_nowhere_to_write_is_one_line(here: Rlbench, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a directory")
    result = here("agent=random", "budget.env_steps=10", "results_dir=taken")
    assert result.returncode == 2
    assert "taken" in result.stderr
    assert result.stderr.startswith("rlbench: ")
    assert result.stderr.count("\n") == 1
    assert (tmp_path / "taken").read_text() == "a file, not a directory"


@pytest.mark.parametrize("command", ["report", "claims", "tensorboard", "envs"])
def test_options_are_not_abbreviated(
    command: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    option = {"report": "--baselin", "envs": "--hel"}.get(command, "--ou")
    with pytest.raises(SystemExit) as ended:
        main([command, f"{option}=x"])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error == (
        f"rlbench {command}: unrecognized arguments: {option}=x (see rlbench {command} --help)\n"
    )


def test_the_nearest_key_is_found_by_its_last_part_too() -> None:
    error = unknown_key("sigma", "1", Keys("es", ["seed", "agent", "agent.sigma"]))
    assert str(error).endswith("did you mean agent.sigma?")


def test_near_names_prefer_the_newest_version_and_ignore_case_and_namespace() -> None:
    names = ["Hopper-v4", "Hopper-v5", "ALE/Pong-v5", "Ant-v5"]
    assert near_names("hoper-v3", names) == "Hopper-v5"
    assert near_names("PONG", names) == "ALE/Pong-v5"
    assert near_names("Zaxxon", names) == ""
