import pandas as pd
import pytest

from resound.data.folds import check_recordings, imbalances
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


def test_imbalances_names_classes_with_uneven_folds():
    frame = clips(("a", 1, "dog", "1"), ("b", 2, "dog", "2"), ("c", 2, "cat", "3"))
    assert imbalances(frame) == ["cat: 0 clips in fold 1, 1 clips in fold 2"]


@pytest.mark.real_data
def test_esc10_keeps_recordings_apart_and_folds_even(esc10):
    meta = read_meta(esc10, "esc10")
    check_recordings(meta)
    assert imbalances(meta) == []
