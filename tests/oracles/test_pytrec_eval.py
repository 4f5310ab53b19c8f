"""Ranking metrics against trec_eval, which is fed N - rank as the score of each hit."""

import numpy as np
import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st

from resound.metrics.ranking import score
from tests.examples import examples

KS = (1, 5, 10, 20)
NAMES = {
    "ndcg": "ndcg_cut",
    "binary": "success",
    "proportion": "P",
    "map": "map_cut",
}


def evaluate(relevant, measures):
    """Return trec_eval's measures of each query, whose gallery is listed in full."""
    n_gallery = relevant.shape[1]
    run = {
        f"q{q}": {f"d{i}": float(n_gallery - i) for i in range(n_gallery)}
        for q in range(len(relevant))
    }
    truth = {
        f"q{q}": {f"d{i}": int(hit) for i, hit in enumerate(hits)}
        for q, hits in enumerate(relevant)
    }
    found = pytrec_eval.RelevanceEvaluator(truth, measures).evaluate(run)
    return [found[f"q{q}"] for q in range(len(relevant))]


@examples(times=0.5)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.floats(0.0, 1.0))
def test_equals_trec_eval(seed, n_gallery, share):
    relevant = np.random.default_rng(seed).random((6, n_gallery)) < share
    ours = score(relevant, relevant.sum(axis=1), KS)
    cuts = ",".join(map(str, KS))
    measures = {"recip_rank", "Rprec"} | {f"{name}.{cuts}" for name in NAMES.values()}
    for q, theirs in enumerate(evaluate(relevant, measures)):
        assert ours["r_precision"][q] == pytest.approx(theirs["Rprec"], abs=1e-12)
        for k in KS:
            cut = theirs["recip_rank"] if theirs["recip_rank"] >= 1 / k else 0.0
            assert ours[f"mrr@{k}"][q] == pytest.approx(cut, abs=1e-12)
            for name, measure in NAMES.items():
                value = theirs[f"{measure}_{k}"]
                assert ours[f"{name}@{k}"][q] == pytest.approx(value, abs=1e-12), name


@examples(times=0.5)
@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.sets(st.sampled_from(KS), min_size=1))
def test_ndcg_retrieved_is_ndcg_of_a_gallery_of_the_longest_list_alone(seed, n_gallery, ks):
    relevant = np.random.default_rng(seed).random((6, n_gallery)) < 0.4
    ours = score(relevant, relevant.sum(axis=1), sorted(ks), metrics=["ndcg_retrieved"])
    cuts = ",".join(map(str, sorted(ks)))
    for q, theirs in enumerate(evaluate(relevant[:, : max(ks)], {f"ndcg_cut.{cuts}"})):
        for k in ks:
            value = theirs[f"ndcg_cut_{k}"]
            assert ours[f"ndcg_retrieved@{k}"][q] == pytest.approx(value, abs=1e-12)
