import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resound.data.folds import (
    check_recordings,
    describe_split_recordings,
    imbalances,
    made_folds,
    siblings_of_queries,
)
from resound.data.layout import read_meta
from resound.errors import DataError


def clips(*rows):
    return pd.DataFrame(rows, columns=["id", "fold", "category", "src_file"])


def test_recordings_within_their_folds():
    check_recordings(clips(("a", 1, "dog", "7"), ("b", 1, "dog", "7"), ("c", 2, "dog", "8")))


def test_recording_in_two_folds_is_named_with_its_clips():
    leaking = clips(("a", 1, "dog", "7"), ("b", 3, "dog", "7"), ("c", 2, "dog", "8"))
    with pytest.raises(DataError, match="1 fault:\n  recording 7: a in fold 1, b in fold 3\n"):
        check_recordings(leaking)


def test_what_a_data_set_itself_splits_is_no_fault():
    divided = clips(("a", 1, "hen", "7"), ("b", 3, "rooster", "7"), ("c", 2, "dog", "8"))
    check_recordings(divided, released=("7",))
    with pytest.raises(DataError, match="recording 7: a in fold 1, b in fold 3"):
        check_recordings(divided, released=("8",))


def test_siblings_lie_outside_the_query_folds_and_their_recording_inside_too():
    divided = clips(
        ("a", 1, "hen", "7"), ("b", 3, "hen", "7"), ("c", 3, "dog", "8"), ("d", 2, "dog", "7")
    )
    assert siblings_of_queries(divided, [3]).tolist() == [True, False, False, True]
    assert siblings_of_queries(divided, [1, 3]).tolist() == [False, False, False, True]
    assert not siblings_of_queries(divided, []).any()


def test_every_clip_of_a_divided_recording_is_described():
    divided = clips(("a", 1, "hen", "7"), ("b", 3, "hen", "7"), ("c", 3, "dog", "8"))
    described = "recording 7: a in fold 1, b in fold 3"
    assert describe_split_recordings(divided) == {"a": described, "b": described}


def test_imbalances_names_classes_with_uneven_folds():
    frame = clips(("a", 1, "dog", "1"), ("b", 2, "dog", "2"), ("c", 2, "cat", "3"))
    assert imbalances(frame) == ["cat: 0 clips in fold 1, 1 clips in fold 2"]


@pytest.mark.real_data
def test_esc10_keeps_recordings_apart_and_folds_even(esc10):
    meta = read_meta(esc10, "esc10")
    check_recordings(meta)
    assert imbalances(meta) == []


@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abc")), min_size=2, max_size=40),
    st.integers(2, 6),
)
def test_made_folds_keep_recordings_whole_and_share_out_classes(pairs, n_folds):
    clips = pd.DataFrame(pairs, columns=["src_file", "category"])
    n_recordings = clips["src_file"].nunique()
    if n_recordings < n_folds:
        with pytest.raises(DataError, match="more folds than there are recordings"):
            made_folds(clips, n_folds)
        return
    folds = made_folds(clips, n_folds)
    assert set(folds) == set(range(1, n_folds + 1))
    assert len({*zip(clips["src_file"], folds, strict=True)}) == n_recordings
    order = np.random.default_rng(0).permutation(len(clips))
    np.testing.assert_array_equal(made_folds(clips.iloc[order], n_folds), folds[order])


def test_made_folds_of_clips_that_are_recordings_are_balanced():
    clips = pd.DataFrame({"category": list("aaaaaabbbbccc")})
    clips["src_file"] = [f"r{i}" for i in range(len(clips))]
    counts = pd.crosstab(clips["category"], made_folds(clips, 3))
    assert (counts.max(axis=1) - counts.min(axis=1) <= 1).all()
    assert counts.to_numpy().sum() == len(clips)
