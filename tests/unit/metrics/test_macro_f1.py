import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from resound.errors import ParameterError
from resound.metrics.classification import macro_f1

pairs = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcde")), min_size=1)


def plain_macro_f1(true, predicted) -> float:
    scores = []
    for name in set(true) | set(predicted):
        found = sum(t == p == name for t, p in zip(true, predicted, strict=True))
        precision = found / max(1, sum(p == name for p in predicted))
        recall = found / max(1, sum(t == name for t in true))
        scores.append(2 * precision * recall / (precision + recall) if found else 0.0)
    return sum(scores) / len(scores)


@given(pairs)
def test_it_is_the_mean_of_the_classes_harmonic_means(labels):
    true, predicted = zip(*labels, strict=True)
    assert macro_f1(true, predicted) == pytest.approx(plain_macro_f1(true, predicted))


def test_a_worked_example():
    assert macro_f1(["dog", "dog", "rain"], ["dog", "rain", "rain"]) == pytest.approx(2 / 3)
    assert macro_f1(np.array(["dog"]), np.array(["dog"])) == 1.0


@pytest.mark.parametrize(("true", "predicted"), [([], []), (["a"], ["a", "b"])])
def test_labels_that_do_not_fit_are_an_error(true, predicted):
    with pytest.raises(ParameterError, match="one label for each of one clip or more"):
        macro_f1(true, predicted)
