"""The table of features beside librosa's, with the study's figures."""

import numpy as np
import pandas as pd
import pytest

from resound.report import tables, validation


def comparisons(**shapes: str) -> pd.DataFrame:
    """Return comparisons as they are read from their files: shapes are text."""
    figures = {"correlation": 1.0, "mean_difference": 2e-16, "max_difference": 3e-15}
    rows = [
        {"feature": feature, "setting": "net", "clips": 2, "unit": "dB", "shape": shape}
        | figures
        | {"std_difference": 1e-16}
        for feature, shape in shapes.items()
    ]
    return pd.DataFrame(rows)


def test_the_study_s_differences_stand_beside_ours_of_the_same_shape():
    frame = validation.validation_table(comparisons(mel="(216, 40)", mfcc_0="(216,)"), "esc50")
    study = frame[[c for c in frame if c.startswith("published_")]].set_index("published_note")
    np.testing.assert_array_equal(study.iloc[0], [1.0, 0.0076, 0.1088, 0.0124])
    np.testing.assert_array_equal(study.iloc[1], [1.0, np.nan, np.nan, np.nan])
    assert list(frame["published_note"]) == ["", ""]
    shown = validation.shown_validation(frame)
    assert list(shown["mean"]) == ["2e-16 (0.0076)", "2e-16"]
    assert list(shown["correlation"]) == ["1.0000 (1.0000)"] * 2
    assert "\n" not in validation.validation_caption(frame)


@pytest.mark.parametrize(
    ("shapes", "note"),
    [
        ({"mel": "(216, 128)"}, "shape (216, 128), the study's (216, 40)"),
        (
            {"mfcc_0": "(216,)", "stft": "(431, 513)"},
            "shape (431, 513), the study's (216, 1025) (stft)",
        ),
    ],
)
def test_another_shape_is_said_once(shapes, note):
    frame = validation.validation_table(comparisons(**shapes), "esc50")
    *_, last = validation.validation_caption(frame).splitlines()
    assert last == f"Not as in the study: {note}."


def test_beside_other_data_the_study_has_no_place(tmp_path):
    frame = validation.validation_table(comparisons(mel="(216, 40)"), "esc10")
    assert not [c for c in frame if c.startswith("published_")]
    shown = validation.shown_validation(frame)
    tables.write(frame, tmp_path / "t.csv", shown, validation.validation_caption(frame))
    assert "study" not in (tmp_path / "t.md").read_text()
    assert list(shown["mean"]) == ["2e-16"]


def test_a_coefficient_that_the_study_did_not_compare_has_no_figure_and_no_note(tmp_path):
    frame = validation.validation_table(comparisons(mfcc_13="(216,)"), "esc50")
    assert frame.filter(like="published_").drop(columns="published_note").isna().all(axis=None)
    assert frame["published_note"].item() == ""
    shown = validation.shown_validation(frame)
    tables.write(frame, tmp_path / "t.csv", shown, validation.validation_caption(frame))
    assert "(0." not in (tmp_path / "t.md").read_text()
