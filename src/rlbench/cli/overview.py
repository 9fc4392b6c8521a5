"""What to type: the commands, with examples, as `rlbench`, `rlbench help` and `--help` say."""

SUBCOMMANDS = {
    "compare": "rlbench.cli.compare",
    "tune": "rlbench.cli.tune",
    "report": "rlbench.cli.report",
    "claims": "rlbench.cli.claims",
    "scale": "rlbench.cli.scale",
    "evaluate": "rlbench.cli.evaluate",
    "export": "rlbench.cli.export",
    "watch": "rlbench.cli.watch",
    "race": "rlbench.cli.race",
    "dream": "rlbench.cli.dream",
    "tensorboard": "rlbench.cli.tensorboard",
    "envs": "rlbench.cli.envs",
    "init": "rlbench.cli.init",
    "completion": "rlbench.cli.completion",
    "help": "rlbench.cli.help",
}
QUESTION = "rlbench: which method reaches a score sooner on this machine?\n"

FIRST_STEPS = """\
First steps
  rlbench agent=es env=CartPole-v1       one run, some seconds; how it ended
  rlbench compare env=CartPole-v1        DQN and ES, five seeds each, who was
                                         faster, and a page with figures
  rlbench envs                           what can be asked for with env=
  rlbench init mine                      a folder for an agent and environment
                                         of your own, with examples that run
"""

COMMANDS = """\
Commands
  rlbench [-m] [KEY=VALUE ...]           train and time a run, with -m a sweep;
                                         started again, it does what is missing
  rlbench compare env=ID [agents=A,B] [seeds=N] [KEY=VALUE ...]
                                         sweep, report and answer in one
  rlbench tune agent=A env=ID [trials=N] the agent's settings, found by trying
  rlbench report [DIR] [--out DIR]       figures, tables and a page of the runs
  rlbench claims [DIR] [--out DIR]       popular claims beside papers and runs
  rlbench scale RUN [--out DIR]          a run on more workers, predicted
  rlbench evaluate RUN|FILE [env=ID]     the judge's evaluation of a policy
  rlbench export RUN --out policy.onnx   a policy for other tools
  rlbench watch RUN ... [--out FILE.mp4] what a policy does, as a film
  rlbench race RUN RUN [--out FILE.mp4]  both at the same second of training
  rlbench dream RUN [RUN] --out DIR      what a network for pixels has learned
  rlbench tensorboard [DIR] [--out DIR]  event files of finished runs
  rlbench envs [WORD]                    the environments that can be made here
  rlbench init [DIR]                     a template for agents and environments
  rlbench completion bash|zsh|fish       what makes Tab complete all of this
  rlbench help [KEY]                     one key: its value, what it means
  rlbench [KEY=VALUE ...] --help         all keys, and what they are set to
  rlbench --version
"""

EXAMPLES = """\
Examples
  rlbench agent=dqn env=LunarLander-v3 budget.train_seconds=120 seed=3
  rlbench agent=es env=CartPole-v1 agent.sigma=0.05 dry_run=true
  rlbench -m agent=es,dqn env=CartPole-v1,Acrobot-v1 seed=0,1 cores=1
  rlbench -m experiment=classic
"""

ENDING = """\
Files of a run: RESULTS_DIR/AGENT/ENV/SETUP/seedK. Exit status: 0 done, 1 a run
or job failed, 2 bad input, 130 interrupted after a checkpoint. A folder ./conf
or --config-dir DIR adds agents, environments, tuned settings and experiments of
yours. Flags of Hydra, which composes settings: rlbench --hydra-help.
"""


def overview() -> str:
    """What somebody needs who has typed no more than `rlbench`."""
    more = "`rlbench --help` explains every key, `rlbench help KEY` one of them.\n"
    return "\n".join((QUESTION, FIRST_STEPS, COMMANDS, more))
