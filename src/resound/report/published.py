"""Published figures: those of the study, to compare ours with.

`data/published.csv` holds them as printed in the presentation of 2024-12-23. The study ranks the
1600 clips of folds 1-4 for each of the 400 clips of ESC-50's fold 5. Its NDCG, at 10 and at 20,
takes the 20 retrieved clips, re-sorted, as the ideal: it is our `ndcg_retrieved` where the largest
of `retrieval.top_k` is 20. Its classifiers train on folds 1-4 and are tested on fold 5; how it
chose their epochs it does not tell.

The figures of `validation` are its features beside librosa's, those of `time` how long one set of
its experiments with DTW took before and after numba compiled the kernel.
"""

import csv
import functools
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

from resound.experiment.coordinates import RANDOM, WAVEFORM
from resound.experiment.facts import STUDY
from resound.report.starts import IMAGENET
from resound.report.study import FEATURES, QUANTITIES, counterpart

AUTOENCODER = "autoencoder"  # which the study names by the size of its code
OUR_NAMES = {"ndcg": "ndcg_retrieved"}
ALL_FOLDS = "all_folds"
BETWEEN = "; "  # two differences of one note
# Rows of ours that read a row of the study's in another way.
READINGS = {"beats_mlp_soft": "beats_mlp", "beats_mlp_hard": "beats_mlp"}
# What the study's networks started from, by its presentation.
STARTS = {"resnet18": IMAGENET, "cnn": RANDOM, "attention_cnn": RANDOM, "crnn": RANDOM}
# Which vector of an encoder a row of the study's compares. That `clap_embedding` is the fine-tuned
# encoder's it tells; the others are our readings, for which docs/encoders.md gives the reasons.
VECTORS = {
    "clap_zero": "zero_shot",
    "clap_embedding": "embedding",
    "clap_mlp": "hidden",
    "beats_embedding": "embedding",
    "beats_mlp": "hidden",
    "beats_mask_mlp": "masked",
}
# What ours align, and what the study's DTW did where a frame has several numbers. That of MFCC was
# found by measuring: its figures come out to the digit so, and in no way from frames.
FLATTENED = "one sequence of numbers, coefficient after coefficient"
ALIGNS = {"dtw": "frames", "dtw_flattened": FLATTENED}
ALIGNED = {
    "mfcc": FLATTENED,
    "lfcc": "frames or one sequence of numbers (not known)",
    AUTOENCODER: "code frames or one sequence of numbers (not known)",
}
Key = tuple[str, str, str]


def _figures(task: str) -> Iterator[dict[str, str]]:
    """Yield the study's figures of one task, as they stand in the file."""
    text = resources.files("resound.data").joinpath("published.csv").read_text()
    return (row for row in csv.DictReader(text.splitlines()) if row["task"] == task)


@functools.cache
def retrieval_figures() -> dict[Key, dict[str, float]]:
    """Return the study's retrieval figures: (method, feature, setting) to ``{"mrr@10": ...}``."""
    figures: dict[Key, dict[str, float]] = {}
    for row in _figures("retrieval"):
        key = row["method"], row["feature"], row["setting"]
        metric = f"{OUR_NAMES.get(row['metric'], row['metric'])}@{row['k']}"
        figures.setdefault(key, {})[metric] = float(row["value"])
    return figures


@functools.cache
def accuracy_figures(*, all_folds: bool = False) -> dict[tuple[str, str], float]:
    """Return the study's classification accuracy, 0 to 1: (network, feature) to accuracy.

    It is that on fold 5, or, of what is not trained, that on the clips of all folds.
    """
    return {
        (row["method"], row["feature"]): round(float(row["value"]) / 100, 6)
        for row in _figures("classification")
        if (row["setting"] == ALL_FOLDS) == all_folds
    }


@functools.cache
def validation_figures() -> dict[str, dict[str, float]]:
    """Return what the study found beside librosa: feature to ``{"mean_difference": ...}``.

    ``frames, dims`` are the shape of the clip that it compared, where it tells them; differences
    are in dB.
    """
    figures: dict[str, dict[str, float]] = {}
    for row in _figures("validation"):
        figures.setdefault(row["feature"], {})[row["metric"]] = float(row["value"])
    return figures


@functools.cache
def kernel_minutes() -> dict[str, float]:
    """Return the minutes of the study's DTW, ``without_kernel`` and ``with_kernel``."""
    return {row["metric"].removeprefix("minutes_"): float(row["value"]) for row in _figures("time")}


def stands_beside(dataset: str) -> bool:
    """Whether the study's figures are of these clips, so that they may stand beside ours."""
    return dataset == STUDY


def accuracy_beside(row: Mapping[str, Any]) -> tuple[float | None, str]:
    """Return the study's accuracy for a row, if any, and in what our protocol differs."""
    key = row["network"], row["feature"]
    whole = accuracy_figures(all_folds=True)
    if row["test_fold"] == "all" and key in whole:
        # What nothing was trained for has no protocol but its clips.
        return whole[key], differences({"protocol": "holdout", "query_fold": "5"})
    study = accuracy_figures().get(key)
    asked = {**row, "query_fold": row["test_fold"]}
    return study, "" if study is None else differences(asked)


def study_setting(stft: Mapping[str, int]) -> str:
    """Write a setting as the study does: ``44100,4096,1024``, or ``44100,-,-`` unframed.

    Examples
    --------
    >>> study_setting({"sample_rate": 44_100, "n_fft": 4096, "hop_length": 1024})
    '44100,4096,1024'
    """
    return ",".join(str(stft.get(key, "-")) for key in ("sample_rate", "n_fft", "hop_length"))


def study_row(row: Mapping[str, Any], stft: Mapping[str, int]) -> Key:
    """Return under which method, feature and setting the study has a row of ours."""
    network = row.get("network", "")
    if not network:
        return counterpart(row["method"], row["feature"], study_setting(stft))
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


def differences(row: Mapping[str, Any]) -> str:
    """Say in what a row was made otherwise than the study's; empty when in nothing that is known.

    Parameters
    ----------
    row : mapping
        ``protocol, query_fold``, and where it has them ``network, feature, method, started_from``
        and ``vector``, the one of an encoder that it compares.
    """
    ours_study = {"protocol": (row["protocol"], "holdout")}
    if row["protocol"] == "holdout":  # other protocols ask other folds by their nature
        ours_study["query fold"] = (row["query_fold"], "5")
    if not row.get("network") and row.get("feature") in QUANTITIES:
        ours_study[row["feature"]] = QUANTITIES[row["feature"]]
    return BETWEEN.join(
        f"{what} {ours}, the study's {theirs}"
        for what, (ours, theirs) in (ours_study | _methods(row)).items()
        if ours != theirs
    )


def _methods(row: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return ours and the study's of all that a method is made of, where the study's is known."""
    network = row.get("network", "")
    found: dict[str, tuple[str, str]] = {}
    if network in STARTS:
        found["weights at the start"] = row["started_from"], STARTS[network]
    if "vector" in row and (vector := VECTORS.get(READINGS.get(network, network))):
        found["vector"] = row["vector"], vector
    feature = row.get("feature", "")
    named = network or FEATURES.get(feature, feature)
    compared = AUTOENCODER if named.startswith(AUTOENCODER) else named
    if row.get("method") in ALIGNS and compared in ALIGNED:
        found["DTW aligns"] = ALIGNS[row["method"]], ALIGNED[compared]
    return found
