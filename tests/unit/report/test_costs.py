"""What the rows of a retrieval table cost, added up over tiles and splits."""

import numpy as np
import pandas as pd
import pytest

from resound.evaluation.costs import ALL, DECIDING, PROPOSING, Cost, read_costs, write_costs
from resound.experiment.coordinates import RunRow
from resound.report.costs import cost_notes, shown_costs, with_costs

FOLDS = {"fold4": [4], "fold5": [5]}


def test_time_is_counted_within_a_block_alone():
    cost = Cost(ALL)
    sum(range(10**5))
    with cost.counted(7):
        sum(range(10**5))
    once = cost.cpu_seconds
    with cost.counted(5):
        pass
    assert 0 < once <= cost.cpu_seconds < 10
    assert cost.pairs == 12


def test_a_row_has_the_costs_of_its_splits_and_all_of_them_together(tmp_path):
    timed, paths, rows = [], [], []
    for method, stages in (("dtw", {ALL: 10}), ("quick", {PROPOSING: 10, DECIDING: 2})):
        for split in FOLDS:
            folder = f"distances/{method}/mfcc/{split}"
            timed.append([list(RunRow(method, "mfcc", "sr44100", split)), folder])
            for tile in range(2):
                paths.append(tmp_path / folder / f"tile{tile}-0/costs.csv")
                paths[-1].parent.mkdir(parents=True)
                write_costs([Cost(s, n, n / 10) for s, n in stages.items()], paths[-1])
        rows += [{"method": method, "query_fold": fold} for fold in ("4", "5", "all")]
    rows.append({"method": "fused", "query_fold": "5"})
    frame = pd.DataFrame(rows).assign(feature="mfcc", setting="sr44100")
    found = with_costs(frame, timed, FOLDS, paths)
    np.testing.assert_array_equal(found["pairs"], [20, 20, 40, 24, 24, 48, np.nan])
    np.testing.assert_array_equal(found["pairs_all"], [20, 20, 40, *[np.nan] * 4])
    np.testing.assert_allclose(found["cpu_seconds_deciding"][3:6], [0.4, 0.4, 0.8])
    np.testing.assert_allclose(found["cpu_seconds"][:6], [2, 2, 4, 2.4, 2.4, 4.8])
    assert list(shown_costs(found, frame)["CPU seconds"])[4:] == ["2.4", "4.8", ""]
    assert [*cost_notes(found)][1:3] == [
        f"quick, {fold}: 4 of 20 pairs are decided; 2 CPU seconds for the proposals, 0.4 for the "
        "decisions."
        for fold in ("4", "5")
    ]


def test_a_table_of_which_no_cost_is_known_stays_as_it_is():
    frame = pd.DataFrame({"method": ["dtw"], "query_fold": ["5"]})
    assert with_costs(frame, [], FOLDS, []) is frame
    assert shown_costs(frame, frame) is frame
    assert [*cost_notes(frame)] == []


def test_costs_of_a_run_are_read_together(tmp_path):
    for name, pairs in (("a.csv", 3), ("b.csv", 4)):
        write_costs([Cost(ALL, pairs, 0.5)], tmp_path / name)
    assert read_costs([tmp_path / "a.csv", tmp_path / "b.csv"]).loc[ALL].to_dict() == {
        "pairs": 7.0,
        "cpu_seconds": pytest.approx(1.0),
    }
