"""The pictures of the documentation show what is in the files that they are drawn from."""

from __future__ import annotations

import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial

from picturing import graph, study
from picturing.__main__ import RUN


def test_the_picture_of_a_graph_has_its_operators_in_order() -> None:
    pytest.importorskip("onnx", reason="rlbench[onnx] is not installed")
    (axes,) = graph.figure(RUN).axes
    operators = [
        "Sub\n8", "Div\n8", "Max\n-5", "Min\n5", "MatMul\n8 × 16", "Add\n1 × 16", "Tanh",
        "MatMul\n16 × 4", "Add\n1 × 4", "Identity", "ArgMax",
    ]  # fmt: skip
    said = [text.get_text() for text in axes.texts]
    assert [text for text in said if text in operators] == operators
    assert {"observation\n[batch, 8]\nfloat", "action\n[batch]\nint64"} <= set(said)


def _trial(solved_s: list[float | None], state: TrialState) -> FrozenTrial:
    outcome = {"solved_s": solved_s, "final_return": [500.0, 9.0], "train_s": [4.0, 10.0]}
    return create_trial(state=state, value=1.0, user_attrs=outcome)


def test_a_search_is_drawn_trial_by_trial() -> None:
    complete, pruned = TrialState.COMPLETE, TrialState.PRUNED
    (axes,) = study.drawn(
        [_trial([2.0, 4.0], complete), _trial([2.0, None], complete), _trial([1.0, 3.0], complete),
         _trial([None, None], pruned)]
    ).axes  # fmt: skip
    drawn = {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
    assert drawn["both runs solved"] == [[1.0, 3.0], [3.0, 2.0]]
    assert drawn["best so far"] == [[1.0, 3.0], [2.0, 3.0], [3.0, 2.0], [4.0, 2.0]]
    assert [x for x, _ in drawn["a run was not solved"]] == [2.0]
    assert [x for x, _ in drawn["given up: behind the median"]] == [4.0]
