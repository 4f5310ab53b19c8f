"""The page of scaling says what its table says."""

import pandas as pd
import pytest

from benchmarks import scaling_page

RATES = {
    "DTW": (2e9, "cell"),
    "cosine": (8e9, "value"),
    "ranking": (1e7, "pair"),
    "MFCC": (500, "clip"),
    "decoding at 44100 Hz": (500, "clip"),
    "checksum": (1e9, "byte"),
    "job start": (0.5, "job"),
}


@pytest.fixture
def table() -> pd.DataFrame:
    rates = [
        {"kind": "rate", "name": name, "work": rate, "unit": unit, "cpu_seconds": 1.0}
        for name, (rate, unit) in RATES.items()
    ]
    cells = 400 * 1600 * 216**2
    tiles = [
        {"kind": "tile", "name": name, "work": cells, "unit": "cell", "cpu_seconds": seconds}
        for name, seconds in (("tile0-0", cells / 2e9), ("tile4-5", cells / 1e9))
    ]
    return pd.DataFrame([*rates, *tiles])


def row(page: str, name: str) -> list[str]:
    """Return the cells of the last row of that name: the plans stand below the rates."""
    *_, line = (line for line in page.splitlines() if line.startswith(f"| {name} "))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_tile_is_set_beside_the_model(table):
    page = scaling_page.render(table, {"cores": "2"})
    assert row(page, "tile0-0") == ["tile0-0", "14.9 s", "14.9 s", "1.00"]
    assert row(page, "tile4-5") == ["tile4-5", "14.9 s", "29.9 s", "2.00"]
    assert row(page, "all tiles")[-1] == "1.50"


def test_the_plans_are_sums_of_the_rates(table):
    page = scaling_page.render(table, {"cores": "2"})
    assert row(page, "clips")[1:] == ["2,000", "20,000", "51,197", "1,000,000"]
    assert row(page, "MFCC")[1:3] == ["4 s", "40 s"]
    assert row(page, "tiles")[1:] == ["1", "100", "676", "250,000"]
    assert row(page, "FSD50K")[1:3] == ["2,000 x 8,000", "36"]


def test_the_larger_data_set_is_cut_into_the_shipped_tiles():
    from benchmarks.scaling import FRAMES, LARGER, SAMPLED_TILES, TILE, TIMES

    assert LARGER.jobs(**TILE) == TIMES**2
    assert scaling_page.TILE == TILE
    assert all(max(tile) < TIMES for tile in SAMPLED_TILES)
    assert FRAMES == 216
