"""Rows of the study: which one each of ours is compared with, and which ones ours reproduce.

What the study calls DTW, F0 and F1 was found by measuring, by settings with which its figures come
out to the digit: `docs/esc50.md` has them. Here stands what follows for the names.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from tabulate import tabulate

METHODS = {"dtw_flattened": "dtw"}
# The last one is a variant of `workflow/configs/study.yaml`.
FEATURES = {"cepstral_lag": "f0", "cepstral_rate": "f1", "mfcc_hamming": "mfcc"}
# The frames that it aligned are twice as far apart as it says.
SETTINGS = {
    "dtw_flattened": {
        "44100,4096,2048": "44100,4096,1024",
        "16000,2048,1024": "16000,2048,512",
    }
}
# What ours of that name measures, and what the study's does.
QUANTITIES = {
    "f0": ("a pitch", "the lag of the largest cepstral value"),
    "f1": ("a formant", "the sample rate over that lag"),
}
# Figures of its tables that cannot be: one repeats another, one lies beyond all orders of ties.
SLIPS = {
    ("dtw", "mfcc", "44100,4096,1024"): "ndcg_retrieved@20",
    ("dtw", "f1", "16000,2048,512"): "ndcg_retrieved@20",
}
CLOSE = 0.003
DEVIATIONS = 3
WITHIN, BY_TIES = f"within {CLOSE}", f"within {DEVIATIONS} deviations over orders of ties"
HALF_A_DIGIT = 0.00005  # the study prints four
ROUNDING = 1e-9  # a spread below it is that of sums in floating point, not of ties
Key = tuple[str, str, str]


def counterpart(method: str, feature: str, setting: str) -> Key:
    """Return method, feature and setting of the study's row that one of features stands beside.

    Parameters
    ----------
    method, feature : str
        Names of ours.
    setting : str
        As `resound.report.published.study_setting` writes it.

    Examples
    --------
    >>> counterpart("dtw_flattened", "cepstral_lag", "44100,4096,2048")
    ('dtw', 'f0', '44100,4096,1024')
    """
    labelled = SETTINGS.get(method, {}).get(setting, setting)
    return METHODS.get(method, method), FEATURES.get(feature, feature), labelled


def reproduction(tables: Iterable[pd.DataFrame], setting_of: Mapping[str, str]) -> pd.DataFrame:
    """Say of each row that the study has how near ours is to it.

    A row is reproduced when all metrics that the study prints are within `CLOSE` of ours or, where
    ours is a mean over orders of tied clips, within `DEVIATIONS` standard deviations over these
    orders. A figure of `SLIPS` is left out, and named.

    Parameters
    ----------
    tables : iterable of DataFrame
        Retrieval tables as `resound.report.tables.retrieval_table` makes them.
    setting_of : mapping
        Settings as the study writes them, by ours.

    Returns
    -------
    DataFrame
        ``method, feature, setting`` of ours; ``study``, its row's; ``largest``, the largest
        difference of a metric, and ``metric``, which; ``deviations``, the largest difference in
        standard deviations over orders of ties, NaN without ties; ``reproduced``, and ``rule``,
        `WITHIN`, `BY_TIES` or nothing; ``left_out``, the slip, if any.
    """
    return pd.DataFrame(
        [
            _compared(row, setting_of[row["setting"]])
            for table in tables
            for row in table.to_dict("records")
            if any(pd.notna(row[name]) for name in _differences(row))
        ]
    )


def reproduction_text(rows: pd.DataFrame) -> str:
    """Return what `reproduction` found as a sentence and a table in Markdown."""
    close, tied = (int((rows["rule"] == rule).sum()) for rule in (WITHIN, BY_TIES))
    slips = int((rows["reproduced"] & (rows["left_out"] != "")).sum())
    of_slips = f" In {slips} of them a slip of the study's is left out." if slips else ""
    sentence = (
        f"Of {len(rows)} rows of the study's {close + tied} are reproduced: {close} within {CLOSE} "
        f"in all metrics, {tied} within {DEVIATIONS} standard deviations over random orders of "
        f"tied clips.{of_slips}"
    )
    cells = [
        [
            row["study"],
            f"{row['method']} {row['feature']}, {row['setting']}",
            f"{row['largest']:.4f} ({row['metric']})",
            "" if pd.isna(row["deviations"]) else f"{row['deviations']:.1f}",
            row["rule"] or "no",
            row["left_out"],
        ]
        for row in rows.to_dict("records")
    ]
    header = [
        "the study's row", "ours", "largest difference", "in deviations over orders of ties",
        "reproduced", "left out",
    ]  # fmt: skip
    return f"{sentence}\n\n{tabulate(cells, header, tablefmt='github', disable_numparse=True)}"


def _differences(row: Mapping[Any, Any]) -> list[str]:
    return [str(name) for name in row if str(name).startswith("difference_")]


def _compared(row: Mapping[Any, Any], setting: str) -> dict[str, Any]:
    key = counterpart(row["method"], row["feature"], setting)
    slip = SLIPS.get(key, "")
    names = [name.removeprefix("difference_") for name in _differences(row)]
    found = {n: abs(row[f"difference_{n}"]) for n in names if n != slip}
    found = {name: value for name, value in found.items() if pd.notna(value)}
    farthest = max(found, key=lambda name: found[name])
    spreads = {name: row.get(f"{name}_std_orders", np.nan) for name in found}
    tied = any(spread > ROUNDING for spread in spreads.values())
    deviations = max(_in_deviations(found[n], spreads[n]) for n in found) if tied else np.nan
    rule = WITHIN if found[farthest] <= CLOSE + HALF_A_DIGIT else ""
    if not rule and deviations <= DEVIATIONS:
        rule = BY_TIES
    return {
        "method": row["method"],
        "feature": row["feature"],
        "setting": row["setting"],
        "study": " ".join(key),
        "largest": found[farthest],
        "metric": farthest,
        "deviations": deviations,
        "reproduced": bool(rule),
        "rule": rule,
        "left_out": slip,
    }


def _in_deviations(difference: float, spread: float) -> float:
    """Return a difference in standard deviations; none counts where it is less than a digit."""
    if difference <= HALF_A_DIGIT:
        return 0.0
    return difference / spread if spread > ROUNDING else np.inf
