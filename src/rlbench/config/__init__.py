"""From words on the command line to checked settings: the only room that knows Hydra, but for the
sweeper and the launcher, which Hydra looks for in `hydra_plugins`.

Names that Hydra keeps private are used in two places, where it has no public ones: the parser of
its command line (`command_line`) and the base of its sweeper (`hydra_plugins/rlbench/launcher.py`).
So pyproject.toml asks for Hydra below 1.4: another minor version may move them.
"""
