import itertools

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resound.data.alike import check_labels_of_copies, read_as_one, with_copies_as_one_recording
from resound.errors import DataError


@pytest.mark.parametrize(
    "names",
    [
        ["Dog", "dog"],
        ["dog", "dog "],
        ["dog bark", "dog  bark"],
        ["caf\u00e9", "cafe\u0301"],
        ["dog", "do\u200bg"],
        ["stra\u00dfe", "STRASSE"],
        ["\uff44\uff4f\uff47", "dog"],
    ],
)
def test_names_that_are_read_as_one(names):
    assert read_as_one([*names, "rain", names[0]]) == [sorted(names)]


@pytest.mark.parametrize("names", [["dog", "dogs"], ["cafe", "caf\u00e9"], ["a b", "ab"], []])
def test_names_that_are_told_apart(names):
    assert read_as_one(names) == []


CLIPS = st.lists(st.tuples(st.sampled_from("pqrst"), st.sampled_from("abcdef")), max_size=12)


@given(CLIPS)
def test_recordings_that_share_bytes_are_one(rows):
    """Two clips are of one recording where a chain of shared recordings and bytes joins them."""
    clips = pd.DataFrame(rows, columns=["src_file", "sha256"])
    n = len(rows)
    joined = [
        [any(a == b for a, b in zip(rows[i], rows[j], strict=True)) for j in range(n)]
        for i in range(n)
    ]
    for k, i, j in itertools.product(range(n), repeat=3):  # Warshall's closure
        joined[i][j] = joined[i][j] or (joined[i][k] and joined[k][j])
    found = with_copies_as_one_recording(clips)["src_file"].tolist()
    assert [[a == b for b in found] for a in found] == joined
    assert {*found} <= {*clips["src_file"]}


def test_the_same_bytes_under_two_classes_are_named():
    clips = pd.DataFrame(
        {"id": ["a", "b", "c"], "category": ["dog", "rain", "rain"], "sha256": list("xxy")}
    )
    with pytest.raises(DataError, match="a is 'dog', b is 'rain'"):
        check_labels_of_copies(clips)
    check_labels_of_copies(clips.assign(category="rain"))
