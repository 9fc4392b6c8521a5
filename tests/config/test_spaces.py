"""What a search varies: Hydra's syntax of sweeps, in words and in files."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlbench.config.spaces import Choice, Interval, read_spaces, space_of_words
from rlbench.errors import ConfigError
from rlbench.tuning.question import SPACES

WORDS = {
    "agent.sigma=interval(0.01,0.3)": Interval(0.01, 0.3),
    "agent.sigma=tag(log,interval(0.01,1))": Interval(0.01, 1.0, log=True),
    "agent.n_step=int(interval(1,8))": Interval(1, 8, whole=True),
    "agent.n_step=tag(log,int(interval(1,64)))": Interval(1, 64, log=True, whole=True),
    "agent.population=32,64,128": Choice(("32", "64", "128")),
    "agent.hidden=choice([32],[64,64])": Choice(("[32]", "[64,64]")),
    "agent.n_step=range(1,7,2)": Choice(("1", "3", "5")),
    "agent.optimizer=null,true,1.5,'a b'": Choice(("null", "true", "1.5", "'a b'")),
    "+agent.kwargs.gamma=0.9,0.99": Choice(("0.9", "0.99")),
}
BAD = {
    "env.threshold=1,2": "takes one value; a search varies keys of the agent, agent.KEY",
    "agent.sigma=interval(3,1)": "takes interval(LOW,HIGH) with LOW below HIGH",
    "agent.sigma=tag(log,interval(0,1))": "takes a LOW above 0 with the tag log",
    "agent.sigma=tag(lag,interval(1,2))": "takes the tag log and no other",
    "agent.sigma=1,1": "takes 2 to 100 different values",
    "agent.sigma=range(1,1000000000)": "takes 2 to 100 different values",
    "agent.algorithm=PPO,A2C": "takes one value; a search varies keys of the agent, agent.KEY",
}


@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_several_values_is_a_dimension(word: str) -> None:
    found = space_of_words([word, "agent.discount=0.9", "not a word"])
    key = word.partition("=")[0]
    assert found == {key: WORDS[word]}
    assert space_of_words([f"{key}={found[key].text()}"]) == found  # what files and headers say


@pytest.mark.parametrize("word", BAD)
def test_a_mistake_names_the_key(word: str) -> None:
    key, _, value = word.partition("=")
    with pytest.raises(ConfigError) as caught:
        space_of_words([word])
    assert str(caught.value) == f"{key}: got {value!r}; {BAD[word]}"


def test_what_is_within() -> None:
    assert Interval(1, 4, whole=True).holds(4) and not Interval(1, 4, whole=True).holds(2.5)
    assert not Interval(0, 4).holds(True) and not Interval(0, 4).holds("1")
    assert Choice(("1", "2")).holds("2") and not Choice(("1", "2")).holds(2)


def test_a_file_says_it_by_agent(tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_text("es:\n  agent.sigma: interval(0.1, 0.3)\n  agent.hidden: [[], [64, 64]]\n")
    space = {"agent.sigma": Interval(0.1, 0.3), "agent.hidden": Choice(("[]", "[64,64]"))}
    assert read_spaces(file) == {"es": space}
    assert set(read_spaces(SPACES)) == {"es", "dqn"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("es: 3", "does not say, for each agent, which keys it varies"),
        ("[1, 2]", "does not say, for each agent, which keys it varies"),
        ("es: {agent.sigma: 0.1}", "agent.sigma: got 0.1; takes several values: a list, or"),
        ("es: {agent.sigma: 'interval(2, 1)'}", "agent.sigma: got 'interval(2, 1)'; takes"),
        ("es: {env.id: [A, B]}", "env.id: got 'A,B'; takes one value"),
        ("es: {a: [", "is no YAML"),
        ("!!python/object/apply:os.system ['true']", "is no YAML"),
    ],
)
def test_a_bad_file_is_named_with_the_key(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"space\.yaml: ") as caught:
        read_spaces(file)
    assert said in str(caught.value)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "space.yaml").symlink_to(SPACES)
    with pytest.raises(ConfigError, match="is a link, which is not followed"):
        read_spaces(tmp_path / "space.yaml")
