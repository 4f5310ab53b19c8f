"""Two-stage search against lists that are sorted by hand."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resound.errors import ParameterError
from resound.retrieval.candidates import NO_HIT
from resound.retrieval.ranking import rank
from resound.retrieval.two_stage import reordered

LARGE = float(np.finfo(np.float32).max)


def by_hand(cheap, dear, ids, depth, excluded):
    """Return the order of the gallery for one query: a list, sorted twice."""
    every = [i for i in range(len(ids)) if not excluded[i]]
    first = sorted(every, key=lambda i: (cheap[i], ids[i]))
    return sorted(first[:depth], key=lambda i: (dear[i], ids[i])) + first[depth:]


@st.composite
def searches(draw):
    """Return distances of few different values: many are tied, at the cut too, some infinite."""
    n = draw(st.integers(1, 9))
    row = st.lists(st.sampled_from([0.0, 0.25, 1.0, np.inf]), min_size=n, max_size=n)
    scale = draw(st.sampled_from([1.0, 1e-30, 1e12, LARGE]))
    dear = draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    excluded = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    ids = draw(st.permutations([f"c{i}" for i in range(n)]))
    return draw(row), [scale * value / 3 for value in dear], ids, excluded


@given(search=searches(), depth=st.integers(1, 12))
@example(search=([0.5], [2.0], ["c0"], [False]), depth=3)
@example(search=([0.5, 0.5, 0.5], [1.0, 1.0, 1.0], ["c1", "c0", "c2"], [False] * 3), depth=2)
@example(search=([0.0, np.inf], [LARGE, LARGE], ["c0", "c1"], [False, False]), depth=1)
def test_proposed_clips_by_the_dear_distance_then_the_others_by_the_cheap_one(search, depth):
    cheap, dear, ids, excluded = search
    mask = np.array([excluded])
    proposed, _ = rank([cheap], ids, k=depth, excluded=mask)
    of_pairs = np.where(proposed == NO_HIT, np.nan, np.array([dear])[0, proposed])
    found = reordered([cheap], proposed, of_pairs)
    positions, _ = rank(found, ids, k=len(ids), excluded=mask)
    assert [i for i in positions[0] if i != NO_HIT] == by_hand(cheap, dear, ids, depth, excluded)


@given(search=searches())
def test_with_all_of_the_gallery_it_is_the_dear_distance(search):
    cheap, dear, ids, _ = search
    proposed, _ = rank([cheap], ids, k=len(ids))
    found = reordered([cheap], proposed, np.array(dear)[proposed])
    np.testing.assert_array_equal(found[0], dear)


def test_what_was_not_proposed_is_as_near_as_by_the_cheap_distance_alone():
    found = reordered([[3.0, 1.0, 2.0, 2.0, 1.0]], [[1]], [[40.0]])
    np.testing.assert_array_equal(found, [[43.0, 40.0, 42.0, 42.0, 41.0]])
    # Many clips behind a distance whose neighbours are far apart are all told from one another.
    behind = reordered([np.arange(5000.0)], [[0]], [[LARGE]])[0]
    assert (np.diff(behind) > 0).all()
    # Nothing is proposed where nothing may be.
    np.testing.assert_array_equal(reordered([[2.0, 1.0]], [[NO_HIT]], [[np.nan]]), [[2.0, 1.0]])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([[1.0]], [[0]], [[1.0, 2.0]]), "must be"),
        (([1.0], [[0]], [[1.0]]), "must be"),
        (([[np.nan]], [[0]], [[1.0]]), "cheap distance is NaN"),
        (([[1.0]], [[0]], [[np.inf]]), "dear distance is not finite"),
        (([[1.0]], [[1]], [[1.0]]), "positions of 1 gallery clips"),
        (([[1.0, 2.0]], [[0, 0]], [[1.0, 1.0]]), "each once"),
        (([[1.0]], [[-2]], [[1.0]]), "positions of 1"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, said):
    with pytest.raises(ParameterError, match=said):
        reordered(*arguments)
