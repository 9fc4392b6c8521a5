"""Adds the YAML files of installed packages to where Hydra looks; they come after those of `conf`.

Hydra imports this file at every start, `--help` included, so it imports nothing heavy.
"""

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin

from rlbench.config.packages import conf_folders


class RlbenchSearchPath(SearchPathPlugin):
    """See the module's docstring."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        for name, folder in conf_folders().items():
            search_path.append(provider=name, path=str(folder))
