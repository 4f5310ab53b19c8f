"""Hits: of windows that overlap in one sound, the best is one hit."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from resound.searching.hits import merge
from resound.searching.windows import Grid

WINDOWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12)), max_size=30, unique=True).map(
    lambda rows: pd.DataFrame(rows, columns=["file", "position"], dtype=int)
)


def overlap(a: int, b: int, grid: Grid) -> bool:
    return abs(a - b) * grid.hop < grid.window - 1e-9


@given(
    windows=WINDOWS, hop=st.sampled_from([0.5, 1.0, 2.0]), per_file=st.sampled_from([None, 1, 2])
)
def test_hits_are_best_first_apart_and_leave_none_out(windows, hop, per_file):
    grid = Grid(2.0, hop)
    hits = merge(windows, grid, k=100, per_file=per_file)
    rows = [*windows.itertuples(index=False, name=None)]
    taken = [*hits.itertuples(index=False, name=None)]
    assert taken == sorted(taken, key=rows.index)
    for row in rows:
        before = [t for t in taken if t[0] == row[0] and rows.index(t) < rows.index(row)]
        covered = any(overlap(row[1], other, grid) for _, other in before)
        full = per_file is not None and len(before) >= per_file
        assert (row in taken) == (not covered and not full)
    assert merge(windows, grid, k=2, per_file=per_file).equals(hits.head(2))
