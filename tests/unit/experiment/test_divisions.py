"""How work is divided: as it was, as long as what it made is what is asked for."""

import dataclasses

import pytest

from resound.experiment import divisions, specs
from resound.experiment.asides import Division, record_of


@pytest.fixture
def plan_at(plan_with, tmp_path):
    return lambda **changes: plan_with(results_dir=str(tmp_path), **changes)


def test_a_run_that_is_made_keeps_its_division(plan_at, tmp_path):
    plan = plan_at()
    run = plan.runs_of("retrieval_dtw")[0]
    asked = Division(400, 1600, "full")
    assert divisions.division_of(plan.config, run) == asked
    kept = Division(3, 5, "top_k")
    ranking = tmp_path / "rankings" / f"{run.path}.parquet"
    record = ranking.with_suffix(".division.json")
    record.parent.mkdir(parents=True)
    ranking.touch()
    record.write_text(record_of(dataclasses.asdict(kept), specs.ranking(plan.config, run)))
    assert divisions.division_of(plan.config, run) == kept
    other = plan_at(retrieval__top_k=[10]).config
    assert divisions.division_of(other, run) == asked
    ranking.unlink()
    assert divisions.division_of(plan.config, run) == asked


@pytest.mark.parametrize("record", ["", "{}", "[]", '{"spec": 1, "division": {}}', "null"])
def test_a_damaged_record_counts_for_none(record, plan_at, tmp_path):
    plan = plan_at(feature_shards=3)
    feature = plan.feature("mfcc", "16k")
    path = tmp_path / feature.folder / "division.json"
    path.parent.mkdir(parents=True)
    (path.parent / "bank.npy").touch()
    path.write_text(record)
    assert divisions.shards_of(plan.config, feature) == 3


def test_a_bank_that_is_made_keeps_its_shards(plan_at, tmp_path):
    plan = plan_at(feature_shards=3)
    feature = plan.feature("mfcc", "16k")
    assert divisions.shard_paths(plan.config, feature, "bank.npy") == [
        f"{feature.folder}/shard{number}/bank.npy" for number in range(3)
    ]
    path = tmp_path / feature.folder / "division.json"
    path.parent.mkdir(parents=True)
    (path.parent / "bank.npy").touch()
    path.write_text(record_of({"shards": 1}, specs.feature_bank(plan.config, feature)))
    assert divisions.shard_paths(plan.config, feature, "bank.npy") == []


def test_tiles_are_listed_row_by_row_by_the_file_that_is_ranked(plan):
    run = plan.runs_of("retrieval_dtw")[0]
    paths = divisions.tile_paths(run, Division(2, 3, "full"), (3, 3))
    assert paths == [f"distances/{run.path}/tile{row}-0/distances.npy" for row in (0, 1)]
    (found,) = divisions.tile_paths(run, Division(9, 9, "full"), (3, 3), divisions.STATISTICS)
    assert found == f"searches/{run.path}/tile0-0/statistics.csv"


def test_a_tile_is_its_place_and_its_size(plan_at):
    plan = plan_at()
    run = plan.runs_of("retrieval_dtw")[0]
    place = {"row": 1, "column": 2, "queries": 400, "gallery": 1600}
    assert divisions.tile_of(plan.config, run, 1, 2) == place


def test_the_sides_of_a_split_are_counted(tmp_path):
    split = tmp_path / "fold5.csv"
    split.write_text("id,query,gallery\na,True,False\nb,False,True\nc,False,True\nd,False,False\n")
    assert divisions.n_sides(split, split.stat().st_mtime_ns) == (1, 2)
