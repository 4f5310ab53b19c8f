"""Rankings under random orders of equally near clips, against all orders there are."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resound.evaluation.ranking import RankingTask
from resound.evaluation.scoring import over_orders, read_orders, read_scores, score_orders
from resound.evaluation.summary import retrieval_rows
from resound.experiment.coordinates import RunRow
from resound.experiment.tiles import grid
from resound.store import write_csv

RUN = RunRow("cosine", "f0", "sr16000_nfft2048_hop512", "fold5")
INTERVALS = {"level": 0.95}


def clips_of(categories, first=0):
    ids = [f"clip{first + i}" for i in range(len(categories))]
    return pd.DataFrame({"id": ids, "category": list(categories), "src_file": ids})


def task_of(n_queries, categories, top_k=(1, 2)):
    queries, gallery = clips_of("ab" * n_queries)[:n_queries], clips_of(categories, first=50)
    return RankingTask(queries, gallery, list(top_k))


def scores_of(task, distances, orders, seed=0):
    clips = pd.concat([task.queries, task.gallery])
    return score_orders(task, lambda t: t.rank(distances), clips, orders=orders, seed=seed)


def row_of(scores):
    (row,) = retrieval_rows(
        [RUN], {RUN: scores}, {"fold5": [5]}, protocol="holdout", options=INTERVALS
    )
    return row


small = st.tuples(st.text("ab", min_size=2, max_size=4), st.integers(0, 2**32 - 1))


@settings(max_examples=40)
@given(small)
def test_every_order_ranks_as_a_plain_sort_does(case):
    categories, seed = case
    distances = np.random.default_rng(seed).integers(0, 2, (2, len(categories))).astype(float)
    for order in permutations(range(len(categories))):
        task = RankingTask(
            clips_of("ab"), clips_of(categories, first=50), [1], tie_order=np.array(order)
        )
        positions, _ = task.rank(distances)
        for query, found in zip(distances, positions, strict=True):
            plain = sorted(range(len(order)), key=lambda i: (query[i], order[i]))
            assert list(found) == plain[: len(found)]


@settings(max_examples=15, deadline=None)
@given(small)
def test_the_mean_is_near_that_of_all_orders(case):
    categories, seed = case
    distances = np.random.default_rng(seed).integers(0, 2, (2, len(categories))).astype(float)
    task = task_of(2, categories)
    all_orders = []
    for order in permutations(range(len(categories))):
        best = [
            sorted(range(len(order)), key=lambda i: (query[i], order[i]))[0] for query in distances
        ]
        hits = [categories[i] == c for i, c in zip(best, "ab", strict=True)]
        all_orders.append(np.mean(hits))
    row = row_of(scores_of(task, distances, orders=200, seed=1))
    error = np.std(all_orders) / np.sqrt(200)
    assert row["binary@1"] == pytest.approx(np.mean(all_orders), abs=5 * error + 1e-12)
    # Of a sample of 200 from at most 24 values.
    assert row["binary@1_std_orders"] == pytest.approx(np.std(all_orders), rel=0.35, abs=1e-12)


def test_constant_distances_find_a_class_as_often_as_chance():
    task = task_of(4, "ab" * 20, top_k=(1, 10))
    scores = scores_of(task, np.zeros((4, 40)), orders=300)
    assert len(scores) == 4 * 300
    row = row_of(scores)
    # Of 40 clips 20 are relevant; queries of a class have the same hits, and those of the other
    # class what is left, so that nothing but rounding of the mean over queries varies.
    assert row["proportion@10"] == pytest.approx(0.5)
    assert row["proportion@10_std_orders"] == pytest.approx(0.0, abs=1e-12)
    per_query = over_orders(scores)
    assert list(per_query["query"]) == [f"clip{i}" for i in range(4)]
    assert per_query["binary@1"].to_numpy() == pytest.approx(0.5, abs=5 * 0.5 / np.sqrt(300))
    of = {query: rows["binary@1"].to_numpy() for query, rows in scores.groupby("query")}
    np.testing.assert_array_equal(of["clip0"], of["clip2"])


def test_without_ties_all_orders_are_the_ranking_itself():
    task = task_of(2, "aabb")
    distances = np.array([[1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0]])
    row = row_of(scores_of(task, distances, orders=3))
    by_id = row_of(scores_of(task, distances, orders=1).drop(columns="order"))
    assert "mrr@1_std_orders" not in by_id
    assert {name: row[name] for name in by_id} == by_id
    assert row["mrr@1_std_orders"] == 0.0


def test_orders_follow_from_the_seed_and_their_number_alone():
    task, distances = task_of(3, "abababab"), np.zeros((3, 8))
    few, many, other = (scores_of(task, distances, *how) for how in [(3, 0), (5, 0), (3, 1)])
    pd.testing.assert_frame_equal(few, many[many["order"] < 3])
    assert not few.equals(other)


def test_tiles_change_no_order():
    task, distances = task_of(5, "abcab" * 3), np.zeros((5, 15))
    clips = pd.concat([task.queries, task.gallery])

    def by_tiles(task):
        rows = {}
        for tile in grid(5, 15, queries=2, gallery=4):
            lists = task.rank(distances[tile.rows, tile.columns], tile.rows, tile.columns)
            rows.setdefault(tile.row, []).append(lists)
        merged = [task.merge(parts) for parts in rows.values()]
        return tuple(np.concatenate(side) for side in zip(*merged, strict=True))

    tiled = score_orders(task, by_tiles, clips, orders=4, seed=0)
    pd.testing.assert_frame_equal(tiled, scores_of(task, distances, orders=4))


def test_scores_are_read_with_their_orders_or_as_means(tmp_path):
    scores = scores_of(task_of(3, "abababab"), np.zeros((3, 8)), orders=4)
    write_csv(scores, tmp_path / "scores.csv")
    assert len(read_orders(tmp_path / "scores.csv")) == 12
    read = read_scores(tmp_path / "scores.csv")
    pd.testing.assert_frame_equal(read, over_orders(scores))
    assert "order" not in read
