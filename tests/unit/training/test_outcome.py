import numpy as np
import pandas as pd
import pytest

from resound.training.outcome import failed_outcome, outcome_of

CLIPS = pd.DataFrame(
    {"id": ["1", "2", "3"], "fold": [1, 4, 5], "category": ["dog", "rain", "rain"]}
)
LOGITS = np.array([[2.0, 1.0], [2.0, 1.0], [0.0, 1.0]], np.float32)


def record(*folds: int) -> dict:
    return {"spec": {"split": {"query_folds": list(folds)}}, "classes": ["dog", "rain"]}


@pytest.mark.parametrize(
    ("folds", "tested", "confused"),
    [((5,), ["3"], [[0, 0], [0, 1]]), ((), ["1", "2", "3"], [[1, 0], [1, 1]])],
)
def test_the_test_folds_are_predicted_and_without_any_all_clips(folds, tested, confused):
    outcome = outcome_of(record(*folds), CLIPS, LOGITS)
    assert list(outcome.predictions["id"]) == tested
    assert outcome.confusion[["dog", "rain"]].to_numpy().tolist() == confused
    assert len(outcome.history) == 0


def test_a_failure_keeps_its_reason_and_predicts_nothing():
    outcome = failed_outcome(record(5), CLIPS, ValueError("too short"))
    assert outcome.record["outcome"] == "failed"
    assert outcome.record["reason"] == "too short"
    assert len(outcome.predictions) == len(outcome.choosing) == 0
    assert outcome.confusion[["dog", "rain"]].to_numpy().sum() == 0
