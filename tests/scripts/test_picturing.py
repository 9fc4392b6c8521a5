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


def _trial(returns: list[float], state: TrialState) -> FrozenTrial:
    outcome = {"solved_s": [None, None], "final_return": returns, "train_s": [4.0, 10.0]}
    return create_trial(state=state, value=1.0, user_attrs=outcome)


def test_a_search_is_drawn_trial_by_trial() -> None:
    complete, pruned = TrialState.COMPLETE, TrialState.PRUNED
    (axes,) = study.drawn(
        [_trial([20.0, 40.0], complete), _trial([9.0, 11.0], complete), _trial([8.0, 2.0], pruned),
         _trial([60.0, 40.0], complete)]
    ).axes  # fmt: skip
    lines = {line.get_label(): line.get_xydata().tolist() for line in axes.lines}
    assert lines["a run"] == [[1, 20], [1, 40], [2, 9], [2, 11], [4, 60], [4, 40]]
    assert lines["mean of both runs"] == [[1, 30], [2, 10], [4, 50]]
    assert lines["given up: mean by then"] == [[3, 5]]
    assert lines["best so far"] == [[1, 30], [2, 30], [4, 50]]
