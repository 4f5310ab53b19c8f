"""Costs of the rows of a retrieval table: what two stages compare and take, beside all pairs."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from resound.evaluation.costs import read_costs
from resound.experiment.coordinates import RunRow
from resound.files import AnyPath

PAIRS, SECONDS = "pairs", "cpu_seconds"


def with_costs(
    frame: pd.DataFrame,
    timed: Sequence[Sequence[Any]],
    query_folds: Mapping[str, Sequence[int]],
    paths: Sequence[AnyPath],
) -> pd.DataFrame:
    """Return a retrieval table with what its rows cost, where any of it is known.

    Parameters
    ----------
    frame : DataFrame
        As `resound.report.tables.retrieval_table` makes it.
    timed : sequence of (row, path)
        Of the runs whose costs are known the names of each, and the folder of its tiles.
    query_folds : mapping
        The folds that ask, by split.
    paths : sequence of path
        As `resound.evaluation.costs.write_costs` wrote them for the tiles of these runs.

    Returns
    -------
    DataFrame
        With ``pairs_<stage>`` and ``cpu_seconds_<stage>`` of the stages ``all``, ``proposing`` and
        ``deciding``, and their sums ``pairs`` and ``cpu_seconds``.
    """
    if not timed:
        return frame
    rows: dict[tuple[str, ...], list[pd.DataFrame]] = {}
    for names, folder in timed:
        row = RunRow(*names)
        costs = read_costs(p for p in paths if f"/{folder}/tile" in f"/{Path(p).as_posix()}")
        folds = "+".join(map(str, query_folds[row.split]))
        for asked in {folds, ""} if folds else {""}:
            rows.setdefault((*_named(row.about), asked or "all"), []).append(costs)
    told = [_told(rows.get((*_named(row), row["query_fold"]), [])) for row in _records(frame)]
    return pd.concat([frame, pd.DataFrame(told, index=frame.index)], axis=1)


def _named(row: Mapping[Any, Any]) -> tuple[str, ...]:
    network = row.get("network")
    return row["method"], "" if pd.isna(network) else str(network), row["feature"], row["setting"]


def _records(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    return frame.to_dict("records")


def _told(parts: Sequence[pd.DataFrame]) -> dict[str, float]:
    """Return the costs of the runs of one row, added up."""
    if not parts:
        return {}
    costs = pd.concat(parts).groupby("stage", sort=False).sum()
    by_stage = {
        f"{column}_{stage}": value
        for stage, row in costs.iterrows()
        for column, value in row.items()
    }
    return {PAIRS: costs[PAIRS].sum(), SECONDS: costs[SECONDS].sum(), **by_stage}


def shown_costs(frame: pd.DataFrame, shown: pd.DataFrame) -> pd.DataFrame:
    """Return what is shown of a retrieval table with a column of the processor's time."""
    if SECONDS not in frame:
        return shown
    cells = ["" if pd.isna(value) else f"{value:.3g}" for value in frame[SECONDS]]
    return shown.assign(**{"CPU seconds": cells})


def cost_notes(frame: pd.DataFrame) -> Iterator[str]:
    """Say what the times are, and of each two-stage search what its stages compared and took."""
    if SECONDS not in frame:
        return
    yield (
        "CPU seconds are those of all threads for the distances of all queries, and of two stages "
        "for the proposals too; libraries and banks that are loaded once are left out. Times vary "
        "from machine to machine, and from run to run."
    )
    if f"{PAIRS}_deciding" not in frame:
        return
    for row in _records(frame.dropna(subset=[f"{PAIRS}_deciding"])):
        every, decided = (int(row[f"{PAIRS}_{stage}"]) for stage in ("proposing", "deciding"))
        seconds = (row[f"{SECONDS}_{stage}"] for stage in ("proposing", "deciding"))
        yield (
            f"{row['method']}, {row['query_fold']}: {decided:,} of {every:,} pairs are decided; "
            "{:.3g} CPU seconds for the proposals, {:.3g} for the decisions.".format(*seconds)
        )
