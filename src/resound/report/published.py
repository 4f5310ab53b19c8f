"""The figures of the published study, to set ours beside.

`data/published.csv` holds them as printed in the presentation of 2024-12-23. The study ranks the
1600 clips of folds 1-4 for each of the 400 clips of ESC-50's fold 5. Its NDCG, at 10 and at 20,
takes the 20 retrieved clips, re-sorted, as the ideal: it is our `ndcg_retrieved` where the largest
of `retrieval.top_k` is 20. Its classifiers train on folds 1-4 and are tested on fold 5.
"""

import csv
import functools
from collections.abc import Mapping
from importlib import resources
from typing import Any

from resound.report import study
from resound.runs import WAVEFORM

OUR_NAMES = {"ndcg": "ndcg_retrieved"}
ACCURACY_TABLES = ("table5_accuracy", "pretrained_accuracy")
ALL_FOLDS = "all_folds"
# Rows of ours that read a row of the study's in another way.
READINGS = {"beats_mlp_hard": "beats_mlp"}
Key = tuple[str, str, str]


@functools.cache
def retrieval_figures() -> dict[Key, dict[str, float]]:
    """Return the study's retrieval figures: (method, feature, setting) to ``{"mrr@10": ...}``."""
    text = resources.files("resound.data").joinpath("published.csv").read_text()
    figures: dict[Key, dict[str, float]] = {}
    for row in csv.DictReader(text.splitlines()):
        if row["task"] == "retrieval":
            key = row["method"], row["feature"], row["setting"]
            metric = f"{OUR_NAMES.get(row['metric'], row['metric'])}@{row['k']}"
            figures.setdefault(key, {})[metric] = float(row["value"])
    return figures


@functools.cache
def accuracy_figures(*, all_folds: bool = False) -> dict[tuple[str, str], float]:
    """Return the study's classification accuracy, 0 to 1: (network, feature) to accuracy.

    It is that on fold 5, or, of what is not trained, that on the clips of all folds.
    """
    text = resources.files("resound.data").joinpath("published.csv").read_text()
    return {
        (row["method"], row["feature"]): round(float(row["value"]) / 100, 6)
        for row in csv.DictReader(text.splitlines())
        if row["table"] in ACCURACY_TABLES and (row["setting"] == ALL_FOLDS) == all_folds
    }


def accuracy_beside(row: Mapping[str, Any], dataset: str) -> tuple[float | None, str]:
    """Return the study's accuracy for a row, if any, and in what our protocol differs."""
    key = row["network"], row["feature"]
    whole = accuracy_figures(all_folds=True)
    if row["test_fold"] == "all" and key in whole:
        # What nothing was trained for has no protocol but its clips.
        return whole[key], differences({"protocol": "holdout", "query_fold": "5"}, dataset)
    study = accuracy_figures().get(key)
    asked = {"protocol": row["protocol"], "query_fold": row["test_fold"]}
    return study, "" if study is None else differences(asked, dataset)


def study_setting(stft: Mapping[str, int]) -> str:
    """Write a setting as the study does: ``44100,4096,1024``, or ``44100,-,-`` unframed."""
    return ",".join(str(stft.get(key, "-")) for key in ("sample_rate", "n_fft", "hop_length"))


def study_row(row: Mapping[str, Any], stft: Mapping[str, int]) -> Key:
    """Return under which method, feature and setting the study has a row of ours."""
    network = row.get("network", "")
    if not network:
        return study.counterpart(row["method"], row["feature"], study_setting(stft))
    if row["feature"] == WAVEFORM:
        known = row["method"] == "cosine"
        return (READINGS.get(network, network) if known else ""), row["feature"], ""
    if network.startswith("autoencoder_"):
        return row["method"], network, ""
    return (f"{network}_embedding" if row["method"] == "cosine" else ""), row["feature"], ""


def beside(row: Mapping[str, Any], stft: Mapping[str, int]) -> dict[str, float]:
    """Return the study's figures for a row as ``published_mrr@10, ...``; empty without any."""
    figures = retrieval_figures().get(study_row(row, stft), {})
    return {f"published_{metric}": value for metric, value in figures.items()}


def differences(row: Mapping[str, Any], dataset: str) -> str:
    """Say in what the protocol of a row differs from the study's; empty when in nothing."""
    ours_study = {
        "data set": (dataset, "esc50"),
        "protocol": (row["protocol"], "holdout"),
    }
    if row["protocol"] == "holdout":  # other protocols ask other folds by their nature
        ours_study["query fold"] = (row["query_fold"], "5")
    if not row.get("network") and row.get("feature") in study.QUANTITIES:
        ours_study[row["feature"]] = study.QUANTITIES[row["feature"]]
    return "; ".join(
        f"{what} {ours}, the study's {study}"
        for what, (ours, study) in ours_study.items()
        if ours != study
    )
