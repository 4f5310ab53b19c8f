import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given

from resound.errors import TrainingError
from resound.training.data import ClipData, EpochBatches, class_numbers
from resound.training.folds import choosing_folds, rows_outside, training_rows

CLIPS = pd.DataFrame(
    {"fold": [1, 1, 2, 2, 3, 3, 5, 5], "category": ["dog", "rain"] * 4, "id": list("abcdefgh")}
)


@given(st.integers(1, 200), st.integers(1, 40), st.integers(0, 100), st.integers(0, 5))
def test_every_row_comes_once_an_epoch_in_batches_of_nearly_equal_size(n, size, seed, epoch):
    batches = EpochBatches(np.arange(n) + 7, size, seed=seed)
    batches.set_epoch(epoch)
    drawn = list(batches)
    assert len(drawn) == len(batches)
    assert sorted(np.concatenate(drawn)) == list(range(7, n + 7))
    sizes = [len(batch) for batch in drawn]
    assert max(sizes) <= size
    assert max(sizes) - min(sizes) <= 1


def test_seed_and_epoch_alone_decide_the_order():
    def order(seed, epoch):
        batches = EpochBatches(np.arange(50), 8, seed=seed)
        batches.set_epoch(epoch)
        return np.concatenate(list(batches)).tolist()

    assert order(0, 3) == order(0, 3)
    assert order(0, 3) != order(0, 4)
    assert order(0, 3) != order(1, 3)
    assert order(None, 3) == list(range(50))


def test_a_batch_holds_the_features_and_classes_of_its_rows():
    x, y = torch.arange(20.0).reshape(10, 1, 2), torch.arange(10)
    data = ClipData(x, y, np.arange(2, 8), np.array([9, 0]), batch_size=4, seed=0)
    drawn = list(data.train_dataloader())
    assert [len(part) for _, part in drawn] == [3, 3]
    for features, classes in drawn:
        assert torch.equal(features[:, 0, 0], 2.0 * classes)
    ((features, classes),) = data.val_dataloader()
    assert classes.tolist() == [9, 0]


@pytest.mark.parametrize(
    ("selection", "training", "validation"),
    [("fixed", [0, 1, 2, 3, 4, 5], []), ("validation", [2, 3, 4, 5], [0, 1]),
     ("test", [0, 1, 2, 3, 4, 5], [6, 7])],
)  # fmt: skip
def test_the_test_fold_is_never_trained_on(selection, training, validation):
    found = training_rows(CLIPS, [5], selection)
    assert [rows.tolist() for rows in found] == [training, validation]


def test_the_fold_after_the_tested_one_chooses_and_in_turn_each_does():
    folds = [1, 2, 3, 4, 5]
    in_turn = [choosing_folds(folds, [fold], "validation") for fold in folds]
    assert in_turn == [[2], [3], [4], [5], [1]]
    assert choosing_folds(folds, [3, 4], "validation") == [5]
    assert choosing_folds(folds, [1, 5], "validation") == [2]
    assert choosing_folds([5], [5], "validation") == []


@given(st.sets(st.integers(1, 9), min_size=2), st.data())
def test_what_chooses_is_never_tested_and_never_two_folds(folds, data):
    tested = data.draw(st.lists(st.sampled_from(sorted(folds)), min_size=1, unique=True))
    chosen = choosing_folds(folds, tested, "validation")
    assert len(chosen) == (len(tested) < len(folds))
    assert not set(chosen) & set(tested)
    assert set(chosen) <= folds
    assert choosing_folds(folds, tested, "fixed") == []
    assert choosing_folds(folds, tested, "test") == tested


@pytest.mark.parametrize(
    ("policy", "selection", "training", "choosing"),
    [("keep", "fixed", [0, 1, 2, 3, 4, 5], []), ("exclude", "fixed", [0, 2, 3, 4, 5], []),
     ("keep", "validation", [2, 3, 4, 5], [0, 1]), ("exclude", "validation", [3, 4, 5], [0]),
     ("exclude", "test", [0, 2, 3, 4, 5], [6, 7])],
)  # fmt: skip
def test_no_piece_of_a_recording_that_asks_or_chooses_is_trained_on(
    policy, selection, training, choosing
):
    """Fold 1 chooses, and a piece of what asks is not among what does."""
    clips = CLIPS.assign(src_file=["chooses", "asks", "chooses", "d", "e", "f", "asks", "h"])
    found = training_rows(clips, [5], selection, policy)
    assert [rows.tolist() for rows in found] == [training, choosing]
    assert rows_outside(clips, [5], policy).tolist() == (
        [0, 2, 3, 4, 5] if policy == "exclude" else [0, 1, 2, 3, 4, 5]
    )


@pytest.mark.parametrize(
    "clips",
    [CLIPS.assign(category=["dog"] * 6 + ["rain"] * 2), CLIPS.assign(fold=5)],
)
def test_one_class_to_train_on_is_an_error(clips):
    with pytest.raises(TrainingError, match=r"hold [01] classes, and a classifier needs two"):
        training_rows(clips, [5], "fixed")


def test_classes_are_numbered_alphabetically():
    classes, numbers = class_numbers(CLIPS["category"][:3])
    assert classes == ["dog", "rain"]
    assert numbers.tolist() == [0, 1, 0]
