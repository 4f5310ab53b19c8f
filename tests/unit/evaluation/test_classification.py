"""From predictions to the scores of clips and the rows of the table."""

import numpy as np
import pandas as pd
import pytest

from resound.evaluation.classification import classification_rows
from resound.evaluation.predictions import read_clip_scores, read_predictions, score_clips
from resound.report import classification, published, tables
from resound.store import write_csv

CLIPS = pd.DataFrame(
    {
        "id": ["01", "02", "03", "04"],
        "category": ["dog", "dog", "rain", "rain"],
        "src_file": ["1", "1", "2", "3"],
    }
)
OPTIONS = {"level": 0.95}
WHERE = ("cnn", "mel", "s")


def predictions(*names: str, clips: pd.DataFrame = CLIPS) -> pd.DataFrame:
    frame = clips[["id", "category"]].assign(fold=5, predicted=list(names))
    return frame.assign(**{"logit:dog": 0.5, "logit:rain": 0.25})


def record(**changes) -> dict:
    training = {"parameters": 1182, "seconds": 2.0, "device": "cpu"}
    spec = {"selection": "fixed", "epochs": 60} | changes
    return {"outcome": "trained", "spec": spec, "training": training}


def rows(results, cells=None, folds=None, protocol="holdout") -> list[dict]:
    """Return the rows of results by (split, seed)."""
    by_cell = {(*WHERE, *key): value for key, value in results.items()}
    cells = [(*WHERE, *key) for key in cells or results]
    return classification_rows(
        cells, by_cell, folds or {"fold5": [5]}, protocol=protocol, options=OPTIONS
    )


def scores(*names: str, clips: pd.DataFrame = CLIPS) -> pd.DataFrame:
    return score_clips(predictions(*names, clips=clips), clips)


def test_a_clip_scores_when_its_class_was_found(tmp_path):
    write_csv(predictions("dog", "rain", "rain", "rain"), tmp_path / "predictions.csv")
    scored = score_clips(read_predictions(tmp_path / "predictions.csv"), CLIPS)
    assert list(scored["clip"]) == ["01", "02", "03", "04"]
    assert list(scored["accuracy"]) == [1.0, 0.0, 1.0, 1.0]
    write_csv(scored, tmp_path / "scores.csv")
    read = read_clip_scores(tmp_path / "scores.csv")
    pd.testing.assert_frame_equal(read, scored, check_dtype=False)


def test_a_row_has_the_mean_its_interval_and_how_it_was_trained():
    (row,) = rows({("fold5", "0"): (record(), scores("dog", "rain", "rain", "rain"))})
    assert row["accuracy"] == 0.75
    assert row["accuracy_low"] <= 0.75 <= row["accuracy_high"]
    assert row["macro_f1"] == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert (row["n_clips"], row["n_trainings"], row["test_fold"]) == (4, 1, "5")
    assert (row["selection"], row["epochs"], row["parameters"]) == ("fixed", 60, 1182)
    assert np.isnan(row["accuracy_std_seeds"])
    assert np.isnan(row["accuracy_std_folds"])
    assert row["missing"] == ""


def test_seeds_are_averaged_and_their_spread_is_told():
    (row,) = rows(
        {
            ("fold5", "0"): (record(), scores("dog", "dog", "rain", "rain")),
            ("fold5", "1"): (record(), scores("dog", "rain", "rain", "dog")),
        }
    )
    assert row["accuracy"] == 0.75
    assert row["accuracy_std_seeds"] == pytest.approx(np.std([1.0, 0.5], ddof=1))
    assert (row["n_clips"], row["n_trainings"]) == (4, 2)


def test_folds_get_a_row_each_and_one_together():
    other = CLIPS.assign(id=["11", "12", "13", "14"], src_file=["4", "5", "6", "7"])
    made = rows(
        {
            ("fold1", "0"): (record(), scores("dog", "dog", "rain", "rain")),
            ("fold2", "0"): (record(), scores("dog", "dog", "dog", "rain", clips=other)),
        },
        folds={"fold1": [1], "fold2": [2]},
        protocol="cv",
    )
    assert [row["test_fold"] for row in made] == ["1", "2", "all"]
    assert [row["accuracy"] for row in made] == [1.0, 0.75, 0.875]
    assert made[2]["accuracy_std_folds"] == pytest.approx(np.std([1.0, 0.75], ddof=1))
    assert np.isnan(made[2]["accuracy_std_seeds"])


def test_what_is_missing_is_named_with_its_reason():
    failed = {"outcome": "failed", "reason": "the loss is nan", "spec": {"epochs": 60}}
    none = score_clips(predictions(clips=CLIPS[:0]), CLIPS)
    (row,) = rows({("fold5", "0"): (failed, none)})
    assert row["missing"] == "fold5 seed 0: the loss is nan"
    assert np.isnan(row["accuracy"])
    cells = [("fold5", "0"), ("fold5", "1")]
    (row,) = rows({cells[0]: (record(), scores("dog", "dog", "rain", "rain"))}, cells)
    assert row["missing"].startswith("fold5 seed 1: no result yet: not run, or stopped early")
    assert row["accuracy"] == 1.0


def table(*made: dict, dataset: str = "esc50", start: str = "random") -> pd.DataFrame:
    starts = {row["network"]: start for row in made}
    return classification.classification_table(made, dataset, starts)


def one(**changes) -> dict:
    names = ("dog", "rain", "rain", "rain")
    (row,) = rows({("fold5", "0"): (record(**changes), scores(*names))})
    return row


def test_the_study_s_accuracy_stands_beside_its_own_protocol():
    assert len(published.accuracy_figures()) == 32 + 2
    frame = table(one())
    assert frame["published_accuracy"].item() == 0.385
    assert frame["published_note"].item() == ""
    cell = classification.shown_classification(frame)["accuracy"].item()
    assert cell.startswith("0.750 [")
    assert cell.endswith("(0.385, +0.365)")
    other = table(one(), dataset="esc10")
    assert not [c for c in other if c.startswith(("published_", "difference_"))]
    assert "study" not in classification.classification_caption(other, "esc10", 0.95)


def test_encoders_stand_beside_the_study_s_on_its_fold_and_on_all_clips():
    names = {"clap_zero_shot": ["5", "all"], "beats_finetuned": ["5", "all"]}
    made = [
        one() | {"network": name, "feature": "waveform", "test_fold": fold}
        for name, folds in names.items()
        for fold in folds
    ]
    frame = table(*made)
    assert list(frame["published_accuracy"]) == [0.9225, 0.9385, 0.9215, 0.9215]
    assert list(frame["published_note"]) == ["", "", "", "query fold all, the study's 5"]
    caption = classification.classification_caption(frame[:2], "esc50", 0.95)
    assert (
        "Rows with test fold all need no training and are tested on the 4 clips of all folds."
        in caption
    )


def test_what_cannot_be_had_says_why_and_all_clips_are_a_fold_of_their_own():
    cells = [("clap_zero_shot", "waveform", "sr48000", split, "0") for split in ("fold5", "all")]
    folds = {"fold5": [5], "all": []}
    options = {"protocol": "holdout", "options": OPTIONS}
    absent = {"clap_zero_shot": "the weights of clap are not here"}
    made = classification_rows(cells, {}, folds, **options, absent=absent)
    assert [row["test_fold"] for row in made] == ["5", "all"]
    assert made[0]["missing"] == "fold5 seed 0: the weights of clap are not here"
    result = (record(), scores("dog", "rain", "rain", "rain"))
    made = classification_rows(cells, dict.fromkeys(cells, result), folds, **options)
    assert [row["test_fold"] for row in made] == ["5", "all"]
    assert [row["n_trainings"] for row in made] == [1, 1]


IMAGENET = "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec"
BEATS = "e5815275a04b6885e7b8af63d120b29bffae2cd2225cf4915e1ec6d819d3022c"


@pytest.mark.parametrize(
    ("start", "name"),
    [("random", "random"), (IMAGENET, "ImageNet"), ("0123456789abcdef" * 4, "sha256 01234567"),
     (BEATS, "beats (fine-tuned on AudioSet, second version)")],
)  # fmt: skip
def test_what_a_network_started_from_is_named(start, name):
    frame = table(one(), start=start)
    assert frame["started_from"].item() == name
    assert classification.shown_classification(frame)["started_from"].item() == name


@pytest.mark.parametrize(
    ("network", "start", "note"),
    [
        ("resnet18", IMAGENET, ""),
        ("resnet18", "random", "weights at the start random, the study's ImageNet"),
        ("cnn", "random", ""),
        ("cnn", "0123456789abcdef" * 4, "weights at the start sha256 01234567, the study's random"),
        ("beats_finetuned", BEATS, ""),
    ],
)
def test_a_start_that_is_not_the_study_s_is_said(network, start, note):
    feature = "waveform" if network == "beats_finetuned" else "mel"
    frame = table(one() | {"network": network, "feature": feature}, start=start)
    assert frame["published_note"].item() == note
    caption = classification.classification_caption(frame, "esc50", 0.95)
    assert ("Not as in the study: weights at the start" in caption) == bool(note)


def test_which_folds_chose_stands_beside_the_selection():
    chosen = [record(selection="validation") | {"chosen_on": [fold]} for fold in (2, 3)]
    results = {
        (f"fold{fold}", "0"): (about, scores("dog", "rain", "rain", "rain"))
        for fold, about in zip((1, 2), chosen, strict=True)
    }
    made = rows(results, folds={"fold1": [1], "fold2": [2]}, protocol="cv")
    frame = table(*made, one())
    assert list(frame["chosen_on"]) == ["2", "3", "2, 3", ""]
    assert list(classification.shown_classification(frame)["selection"]) == [
        "validation on fold 2", "validation on fold 3", "validation on fold 2, 3", "fixed"
    ]  # fmt: skip
    caption = classification.classification_caption(frame, "esc50", 0.95)
    assert "The study does not say how it chose the epochs of its networks." in caption


def test_numbers_that_saw_the_test_fold_are_marked():
    fixed, chosen = table(one()), table(one(selection="test"))
    assert "*" not in classification.shown_classification(fixed)["accuracy"].item()
    shown = classification.shown_classification(chosen)
    assert "0.750*" in shown["accuracy"].item()
    assert shown["macro F1"].item().endswith("*")
    assert "chosen on the test clips" in classification.classification_caption(
        chosen, "esc50", 0.95
    )
    assert "chosen" not in classification.classification_caption(fixed, "esc50", 0.95)


def test_a_missing_cell_keeps_its_row_in_all_three_forms(tmp_path):
    failed = {"outcome": "failed", "reason": "the loss is nan", "spec": {"epochs": 60}}
    none = score_clips(predictions(clips=CLIPS[:0]), CLIPS)
    made = rows({("fold5", "0"): (failed, none)})
    frame = table(*made, one())
    shown = classification.shown_classification(frame)
    tables.write(frame, tmp_path / "t.csv", shown, "About.")
    assert "missing: fold5 seed 0: the loss is nan" in (tmp_path / "t.md").read_text()
    assert pd.read_csv(tmp_path / "t.csv")["accuracy"].isna().tolist() == [True, False]


def test_the_same_results_make_the_same_table(tmp_path):
    for name in ("a", "b"):
        frame = table(one(), one(selection="test"))
        shown = classification.shown_classification(frame)
        tables.write(frame, tmp_path / f"{name}.csv", shown, "About.")
    for form in ("csv", "md", "tex"):
        assert (tmp_path / f"a.{form}").read_bytes() == (tmp_path / f"b.{form}").read_bytes()
