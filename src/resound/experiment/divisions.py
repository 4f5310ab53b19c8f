"""Divisions of work among jobs: tiles of the distances of a run, shards of a bank or a corpus.

A division decides no value, so another one re-runs nothing. Whoever puts the shares together leaves
a record of it (`resound.experiment.asides.record_of`). As long as what was made is of the spec that
is asked for, it keeps its division; the config's holds for what has yet to be made.
"""

import csv
import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from resound.experiment import specs
from resound.experiment.asides import Division, PartDivisions
from resound.experiment.config_types import Config
from resound.experiment.coordinates import Combined, Feature, Fusion, Run, Split
from resound.experiment.shards import Shard
from resound.experiment.tiles import Tile, grid
from resound.provenance import spec_digest

# Of each way of finding hits the folder of its tiles, and the file of a tile that is ranked.
TILES = {"full": ("distances", "distances.npy"), "top_k": ("searches", "hits.parquet")}
STATISTICS = "statistics.csv"
COSTS = "costs.csv"
RECORD = "division.json"
UNDIVIDED = 2**40


def division_of(config: Config, run: Run) -> Division:
    """Return how the distances of a run are divided: as they were, or as the config says."""
    ranking = Path(config["results_dir"], "rankings", f"{run.path}.parquet")
    kept = kept_division(ranking, ranking.with_suffix(f".{RECORD}"), specs.ranking(config, run))
    asked = {**config["retrieval"]["tile"], "mode": specs.mode(config, run)}
    # What is spread over a gallery, or proposed of it, is known of all its clips at once.
    whole = {"gallery": UNDIVIDED} if isinstance(run.bank, Combined) else {}
    return Division(**(kept or {**asked, **whole}))


def shards_of(config: Config, feature: Feature) -> int:
    """Return among how many jobs the clips of a bank are divided."""
    bank = Path(config["results_dir"], feature.folder, "bank.npy")
    kept = kept_division(bank, bank.with_name(RECORD), specs.feature_bank(config, feature))
    shards: int = kept["shards"] if kept else config["feature_shards"]
    return shards


def kept_division(made: Path, record: Path, spec: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the recorded division of what is made of a spec; None of what is not."""
    if not made.is_file():
        return None
    try:
        told = json.loads(record.read_bytes())
        return dict(told["division"]) if told["spec"] == spec_digest(spec) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def tile_paths(
    run: Run, division: Division, sides: tuple[int, int], file: str | None = None
) -> list[str]:
    """Return a file of every tile of a run below the results, by default the one that is ranked.

    `STATISTICS` are those of a search and `COSTS` those of all distances, however the run that is
    made was found.
    """
    way = {STATISTICS: "top_k", COSTS: "full"}.get(file or "", division.mode)
    folder, ranked = TILES[way]
    return [
        f"{folder}/{run.path}/tile{tile.row}-{tile.column}/{file or ranked}"
        for tile in grid(*sides, **division.tile_size)
    ]


def tile_of(config: Config, run: Run, row: int, column: int) -> dict[str, int]:
    """Return one tile of a run as a spec holds it."""
    return Tile(row, column, **division_of(config, run).tile_size)._asdict()


def part_divisions(config: Config, fusion: Fusion, split: Split) -> PartDivisions:
    """Return how the distances of the parts of a fusion are divided."""
    asked, within = (
        tuple((f"distances/{run.path}", division_of(config, run)) for run in runs)
        for runs in (fusion.asked(split), fusion.within(split))
    )
    return PartDivisions(asked, within)


@functools.cache
def n_sides(split: Path, written: int) -> tuple[int, int]:
    """Count the queries and the gallery clips of a split's file as it was `written`, in ns."""
    with split.open(encoding="utf-8", newline="") as file:
        clips = list(csv.DictReader(file))
    sides = ([clip[side] == "True" for clip in clips] for side in ("query", "gallery"))
    queries, gallery = map(sum, sides)
    return queries, gallery


def shard_of(config: Config, feature: Feature, number: int) -> specs.Spec:
    """Return the spec of one shard of a bank."""
    shard = Shard(number, shards_of(config, feature))
    return {"bank": specs.feature_bank(config, feature), "shard": shard._asdict()}


def shard_paths(config: Config, feature: Feature, file: str) -> list[str]:
    """Return a file of every shard of a bank below the results; none where it is made whole."""
    shards = shards_of(config, feature)
    numbers = range(shards) if shards > 1 else ()
    return [f"{feature.folder}/shard{number}/{file}" for number in numbers]
