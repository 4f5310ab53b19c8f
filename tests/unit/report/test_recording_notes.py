import pandas as pd
import pytest

from resound.report.recordings import recording_notes

CLIPS = pd.DataFrame(
    {
        "id": ["a", "b", "c", "d", "e"],
        "fold": [4, 5, 2, 3, 1],
        "src_file": ["209698", "209698", "131943", "131943", "7"],
    }
)


@pytest.mark.parametrize(
    ("policy", "line"),
    [
        (
            "keep",
            "Recordings with clips in several folds, kept as the data set has them: 131943, "
            "209698; among both the queries and the gallery: 209698.",
        ),
        (
            "exclude",
            "Recordings with clips in several folds, whose clips in other folds are left out when "
            "one of their clips is tested: 131943, 209698.",
        ),
    ],
)
def test_recordings_in_several_folds_are_named(policy, line):
    assert list(recording_notes(CLIPS, {"fold5": [5]}, policy)) == [line]


def test_without_any_there_is_nothing_to_say():
    assert list(recording_notes(CLIPS.iloc[4:], {"fold5": [5]}, "error")) == []


def test_of_many_the_first_are_named():
    many = pd.DataFrame(
        {"fold": [1, 2] * 12, "src_file": [f"{i // 2:02d}" for i in range(24)], "id": range(24)}
    )
    (line,) = recording_notes(many, {"fold1": [1]}, "keep")
    assert "00, 01, 02, 03, 04, 05, 06, 07, 08, 09 and 2 more; among" in line
