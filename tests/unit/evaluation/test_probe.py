import numpy as np
import pytest

from resound.errors import ParameterError, TrainingError
from resound.evaluation.probe import choice_rows, probe

N_CLASSES = 3


def made(seed: int = 0, spread: float = 0.5):
    """Return embeddings of 90 clips round one centre a class, and three parts of their rows."""
    rng = np.random.default_rng(seed)
    y = np.arange(90) % N_CLASSES
    centres = rng.normal(size=(N_CLASSES, 8))
    x = (centres[y] + spread * rng.normal(size=(90, 8))).astype(np.float32)
    training, validation, test = np.split(np.arange(90), [45, 66])
    return x, y, training, validation, test


@pytest.mark.parametrize(("head", "grid"), [("linear", [0.01, 1.0]), ("knn", [1, 5])])
def test_classes_that_lie_apart_are_found(head, grid):
    x, y, training, validation, test = made(spread=0.1)
    probed = probe(head, x, y, training, validation, grid)
    assert probed.logits.shape == (90, N_CLASSES)
    assert np.isfinite(probed.logits).all()
    assert (probed.logits[test].argmax(axis=1) == y[test]).all()


@pytest.mark.parametrize(("head", "grid"), [("linear", [0.01, 1.0]), ("knn", [1, 5])])
def test_the_tested_clips_labels_decide_nothing(head, grid):
    x, y, training, validation, test = made(spread=2.0)
    other = y.copy()
    other[test] = (y[test] + 1) % N_CLASSES
    one, two = (probe(head, x, labels, training, validation, grid) for labels in (y, other))
    assert one.chosen == two.chosen
    np.testing.assert_array_equal(one.logits, two.logits)


def test_the_first_of_equally_good_points_is_chosen_and_every_one_is_told():
    x, y, training, validation, _ = made(spread=0.0)
    probed = probe("knn", x, y, training, validation, [3, 7])
    assert probed.accuracies == {3: 1.0, 7: 1.0}
    assert probed.chosen == 3
    assert [row["chosen"] for row in choice_rows(probed)] == [1, 0]


def test_the_chosen_probe_learns_from_the_clips_that_chose_it_too():
    x, y, training, validation, _ = made(spread=0.5)
    at_first = probe("knn", x, y, training, validation, [1])
    neighbours = x[validation] / np.linalg.norm(x[validation], axis=1, keepdims=True)
    assert at_first.n_numbers == (len(training) + len(validation)) * neighbours.shape[1]
    # A clip among the neighbours is its own nearest one.
    assert (at_first.logits[validation].argmax(axis=1) == y[validation]).all()


def test_the_chosen_probe_is_fitted_on_every_clip_that_it_may_be_and_no_other():
    x, y, training, validation, test = made(spread=0.5)
    every = np.concatenate([training, validation[1:]])
    one = probe("knn", x, y, training, validation, [1], every=every)
    assert one.n_numbers == len(every) * x.shape[1]
    other = y.copy()
    left_out = validation[:1]
    other[left_out] = (y[left_out] + 1) % N_CLASSES
    two = probe("knn", x, other, training, validation, [1], every=every)
    np.testing.assert_array_equal(one.logits[test], two.logits[test])


@pytest.mark.parametrize(("head", "grid"), [("linear", [0.01, 1.0]), ("knn", [1, 5])])
def test_the_clips_that_chose_are_answered_by_a_probe_that_has_not_seen_them(head, grid):
    x, y, training, validation, _ = made(spread=1.5)
    probed = probe(head, x, y, training, validation, grid)
    right = (probed.choosing.argmax(axis=1) == y[validation]).mean()
    assert right == pytest.approx(probed.accuracies[probed.chosen])
    alone = probe(head, x, y, training, validation, [probed.chosen], every=training)
    np.testing.assert_array_equal(probed.choosing, alone.logits[validation])


def test_what_a_probe_lacks_is_said():
    x, y, training, validation, _ = made()
    with pytest.raises(TrainingError, match="two folds besides the test fold"):
        probe("linear", x, y, training, validation[:0], [1.0])
    with pytest.raises(TrainingError, match=r"\[50\] are all more than the 45 training clips"):
        probe("knn", x, y, training, validation, [50])
    with pytest.raises(ParameterError, match="did you mean 'linear'"):
        probe("lineal", x, y, training, validation, [1.0])
