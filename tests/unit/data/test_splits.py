import pandas as pd
import pytest

from resound.data.splits import read_split, split_clips
from resound.errors import DataError
from resound.store import write_csv


def clips(folds, recordings=None):
    ids = [f"00{i}" for i in range(len(folds))]
    return pd.DataFrame({"id": ids, "fold": folds, "src_file": recordings or ids})


def test_query_folds_ask_and_the_others_answer(tmp_path):
    write_csv(split_clips(clips([1, 2, 3, 2, 1]), [2, 3]), tmp_path / "split.csv")
    assert read_split(tmp_path / "split.csv") == (["001", "002", "003"], ["000", "004"])


def test_without_query_folds_all_ask_all(tmp_path):
    write_csv(split_clips(clips([0, 0], ["a", "a"]), []), tmp_path / "split.csv")
    assert read_split(tmp_path / "split.csv") == (["000", "001"], ["000", "001"])


@pytest.mark.parametrize(
    ("folds", "query_folds", "message"),
    [
        ([1, 2, 3], [5], r"no clip lies in fold 5; the data set has the folds 1, 2, 3"),
        ([0, 0], [5], r"the CSV has no folds; set retrieval\.protocol: leave_one_out"),
        ([1, 2], [1, 2], r"none is left for the gallery"),
    ],
)
def test_folds_that_do_not_fit_the_data_are_named(folds, query_folds, message):
    with pytest.raises(DataError, match=message):
        split_clips(clips(folds), query_folds)


def test_a_recording_on_both_sides_is_named():
    with pytest.raises(DataError, match="recording rain7: 000 in fold 1, 001 in fold 2"):
        split_clips(clips([1, 2], ["rain7", "rain7"]), [2])


@pytest.mark.parametrize(("policy", "gallery"), [("exclude", ["002"]), ("keep", ["001", "002"])])
def test_a_recording_on_both_sides_is_left_out_or_kept(tmp_path, policy, gallery):
    split = split_clips(clips([2, 1, 1], ["rain7", "rain7", "hum"]), [2], policy)
    write_csv(split, tmp_path / "split.csv")
    assert read_split(tmp_path / "split.csv") == (["000"], gallery)


def test_within_a_gallery_its_clips_ask_one_another(tmp_path):
    write_csv(split_clips(clips([1, 2, 3, 2, 1]), [2], within=True), tmp_path / "split.csv")
    assert read_split(tmp_path / "split.csv") == (["000", "002", "004"], ["000", "002", "004"])
    both = clips([1, 2, 3], ["rain7", "rain7", "dog"])
    write_csv(split_clips(both, [2], "exclude", within=True), tmp_path / "split.csv")
    assert read_split(tmp_path / "split.csv") == (["002"], ["002"])
