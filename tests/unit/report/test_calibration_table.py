"""The table of calibration: its scores, what its temperature is fitted on, how it is written."""

import numpy as np
import pandas as pd
import pytest

from resound import store
from resound.data.index import CLIP_DTYPES
from resound.metrics.calibration import brier_scores, calibration_error, log_losses, temperature
from resound.report.calibration import calibration

CLASSES = ["dog", "rain"]
NET = ("cnn", "mel", "sr44100")


def predictions(fold, n, seed, scale=1.0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    z = scale * (rng.normal(size=(n, 2)) + np.eye(2)[y])
    frame = pd.DataFrame(
        {
            "id": [f"{fold}-{i}" for i in range(n)],
            "fold": fold,
            "category": np.array(CLASSES)[y],
            "predicted": np.array(CLASSES)[z.argmax(axis=1)],
        }
    )
    return frame.join(pd.DataFrame(z, columns=[f"logit:{name}" for name in CLASSES])), z, y


@pytest.fixture
def table(tmp_path):
    """Return a maker of the table of given trainings."""

    def make(trained, folds):
        clips, files = [], {"answers": [], "choosing": []}
        told = {"present_trainings": [], "choosing_trainings": []}
        for row, (tested, chose) in trained.items():
            for name, part in (("answers", tested), ("choosing", chose)):
                if part is not None:
                    files[name].append(tmp_path / f"{name}{len(files[name])}.csv")
                    store.write_csv(part, files[name][-1])
            told["present_trainings"].append(list(row))
            told["choosing_trainings"] += [list(row)] if chose is not None else []
            clips.append(tested[["id", "fold", "category"]].assign(src_file=tested["id"]))
        index = pd.concat(clips).drop_duplicates("id")
        store.write_csv(index.reindex(columns=CLIP_DTYPES, fill_value=0), tmp_path / "clips.csv")
        spec = {
            **told,
            "dataset": "esc50",
            "test_protocol": "holdout",
            "test_folds": folds,
            "trained_encoders": {},
            "intervals": {"level": 0.95},
        }
        return calibration({**files, "clips": [tmp_path / "clips.csv"]}, spec)

    return make


def test_the_temperature_is_that_of_the_fold_that_chose(table):
    tested, z, y = predictions(5, 60, 0, scale=6)
    chose, chosen_z, chosen_y = predictions(1, 40, 1, scale=6)
    made = table({(*NET, "fold5", "0"): (tested, chose)}, {"fold5": [5]})
    (row,) = made.frame.to_dict("records")
    t = temperature(chosen_z, chosen_y)
    assert row["temperature"] == pytest.approx(t)
    assert t != pytest.approx(temperature(z, y), rel=1e-3)
    assert row["nll"] == pytest.approx(log_losses(z, y).mean())
    assert row["nll_scaled"] == pytest.approx(log_losses(z / t, y).mean())
    assert row["brier_scaled"] == pytest.approx(brier_scores(z / t, y).mean())
    assert row["ece_scaled"] == pytest.approx(calibration_error(z / t, y))
    assert row["nll_scaled_low"] < row["nll_scaled"] < row["nll_scaled_high"] < row["nll"]
    assert row["accuracy"] == (z.argmax(axis=1) == y).mean()


def test_what_no_fold_chose_has_no_temperature(table):
    tested, *_ = predictions(5, 20, 0)
    rows = {(*NET, "fold5", "0"): (tested, tested.iloc[:0])}
    rows[("clap_zero_shot", "waveform", "sr48000", "fold5", "0")] = (tested, None)
    made = table(rows, {"fold5": [5]})
    assert made.frame[["temperature", "nll_scaled", "ece_scaled"]].isna().all(axis=None)
    assert made.frame["nll"].notna().all()
    assert list(made.shown["T"]) == list(made.shown["nll at T"]) == ["", ""]


def test_seeds_are_averaged_and_folds_are_pooled(table):
    rows, every = {}, []
    for fold in (1, 2):
        for seed in (0, 1):
            tested, z, y = predictions(fold, 30, 10 * fold + seed, scale=3)
            rows[(*NET, f"fold{fold}", str(seed))] = (tested, predictions(3, 30, 7)[0])
            every.append((seed, z, y))
    made = table(rows, {"fold1": [1], "fold2": [2]})
    assert list(made.frame["test_fold"]) == ["1", "2", "all"]
    both = made.frame.iloc[2]
    assert both["n_clips"] == 60
    assert both["nll"] == pytest.approx(np.mean([log_losses(z, y).mean() for _, z, y in every]))
    of_seeds = []
    for seed in (0, 1):
        z, y = zip(*((z, y) for s, z, y in every if s == seed), strict=True)
        of_seeds.append(calibration_error(np.concatenate(z), np.concatenate(y)))
    assert both["ece"] == pytest.approx(np.mean(of_seeds))


def test_a_training_that_failed_has_no_row(table):
    tested, *_ = predictions(5, 20, 0)
    rows = {(*NET, "fold5", "0"): (tested, tested.iloc[:0])}
    rows[("crnn", "mel", "sr44100", "fold5", "0")] = (tested.iloc[:0], tested.iloc[:0])
    made = table(rows, {"fold5": [5]})
    assert list(made.frame["network"]) == ["cnn"]
    none = table({(*NET, "fold5", "0"): (tested.iloc[:0], tested.iloc[:0])}, {"fold5": [5]})
    assert len(none.frame) == len(none.shown) == 0


def test_the_lowest_of_a_fold_is_bold_and_the_caption_says_what_was_fitted(table):
    good, bad = predictions(5, 60, 0)[0], predictions(5, 60, 0, scale=9)[0]
    rows = {(*NET, "fold5", "0"): (good, good), ("crnn", *NET[1:], "fold5", "0"): (bad, bad)}
    made = table(rows, {"fold5": [5]})
    bold = ["\ue000" in cell for cell in made.shown["nll"]]
    assert bold == [True, False]
    assert "fitted on the fold that chose" in made.caption
    assert "95% interval" in made.caption
