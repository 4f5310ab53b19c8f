"""Short names of methods for tables and figures, just long enough to tell them apart."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

Row = Mapping[Any, Any]

FAMILIES = {
    "retrieval_cosine": "features by cosine",
    "retrieval_dtw": "features by DTW",
    "retrieval_dtw_flattened": "features by DTW of one sequence",
    "retrieval_embeddings": "embeddings of classifiers",
    "retrieval_autoencoder": "codes of autoencoders",
    "retrieval_clap": "encodings by CLAP",
    "retrieval_beats": "encodings by BEATs",
    "retrieval_efficientat": "encodings by EfficientAT",
    "classification": "classifiers",
}
FOLDS = ("query_fold", "test_fold")  # the column of a table that has one of them
POOLED = "all"  # the fold of a row of all folds together


def row_a_method(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row of each method: of several folds that of all of them together.

    Where one fold is tested, a row of all clips (zero-shot classes have one) stands beside it and
    compares with no other: it is left out.
    """
    fold = next((name for name in FOLDS if name in frame), None)
    pooled = frame[fold] == POOLED if fold else pd.Series(False, index=frame.index)
    if not pooled.any():
        return frame
    one_fold = "protocol" in frame and (frame["protocol"] == "holdout").any()
    return frame[~pooled] if one_fold else frame[pooled]


def method_labels(rows: Sequence[Row]) -> list[str]:
    """Name each row by its network, its feature, and what else differs between the rows.

    Parameters
    ----------
    rows : sequence of mapping
        ``feature`` and ``setting`` of each, ``method`` and ``network`` where it has them, and
        ``query`` where parts of clips ask.

    Returns
    -------
    list of str
        ``"mfcc, 44.1 kHz"``; ``"dtw cnn mel"`` where the rows share one rate and have several
        distances; with the written-out setting where rates alone do not tell the rows apart.

    Examples
    --------
    >>> setting = "sr44100_nfft4096_hop1024"
    >>> method_labels([{"feature": name, "setting": setting} for name in ("mfcc", "lfcc")])
    ['mfcc', 'lfcc']
    >>> settings = (setting, "sr16000_nfft2048_hop512")
    >>> method_labels([{"feature": "mfcc", "setting": setting} for setting in settings])
    ['mfcc, 44.1 kHz', 'mfcc, 16 kHz']
    """
    methods = {row.get("method", "") for row in rows}
    short = [_label(row, _rate, len(methods) > 1) for row in rows]
    if len({_rate(row) for row in rows}) == 1:
        short = [_label(row, _nothing, len(methods) > 1) for row in rows]
    names = [_label(row, _setting, len(methods) > 1) for row in rows]
    return short if len(set(short)) == len(set(names)) else names


def _label(row: Row, setting: Callable[[Row], str], with_method: bool) -> str:
    parts = [row.get("method", "") if with_method else "", row.get("network", ""), row["feature"]]
    words = " ".join(part for part in parts if isinstance(part, str) and part)
    return ", ".join(filter(None, [words, setting(row), row.get("query", "")]))


def _rate(row: Row) -> str:
    found = re.match(r"sr(\d+)", row["setting"])
    return f"{int(found[1]) / 1000:g} kHz" if found else ""


def _setting(row: Row) -> str:
    return str(row["setting"])


def _nothing(row: Row) -> str:
    return ""
