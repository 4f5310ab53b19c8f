"""Heads: what they learn, and files of them that are saved, damaged, newer, or of other vectors."""

import json
import shutil

import numpy as np
import pytest

from resound.errors import ParameterError, StoreError
from resound.searching import heads
from resound.searching.index import ABOUT, Index

NOTHING = np.zeros((0, 8), np.float32)


def around(direction: int, n: int, spread: float = 0.15) -> np.ndarray:
    """Return unit vectors (n, 8) around an axis."""
    vectors = np.random.default_rng([direction, n]).normal(0, spread, (n, 8))
    vectors[:, direction] += 1
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def loss(coefficients, intercept, vectors, is_right, weights) -> float:
    """Return what a head minimises, as the module's docstring has it."""
    logits = vectors @ coefficients + intercept
    losses = np.logaddexp(0, np.where(is_right, -logits, logits))
    return coefficients @ coefficients / 2 + heads.C * float(weights @ losses)


def test_it_minimises_what_it_says():
    right, wrong, presumed = around(0, 5, 1.0), around(1, 3, 1.0), around(2, 40, 1.0)
    head = heads.fit(right, wrong, presumed)
    vectors = np.concatenate([right, wrong, presumed])
    is_right = np.arange(48) < 5
    weights = np.repeat([24 / 5, 24 / (3 + 40 * 0.1), 0.1 * 24 / (3 + 40 * 0.1)], [5, 3, 40])
    best = loss(head.coefficients, head.intercept, vectors, is_right, weights)
    draws = np.random.default_rng(0)
    for _ in range(200):
        other = head.coefficients + draws.normal(0, 0.02, 8)
        shifted = head.intercept + draws.normal(0, 0.02)
        assert loss(other, shifted, vectors, is_right, weights) > best


def test_right_ones_come_before_wrong_ones_and_others():
    head = heads.fit(around(0, 6), around(1, 6), around(2, 100))
    right, wrong, other = (head.probabilities(around(axis, 50)) for axis in range(3))
    assert right.min() > max(wrong.max(), other.max())
    assert (head.right, head.wrong, head.presumed) == (6, 6, 100)


def test_a_window_without_direction_is_never_right():
    head = heads.fit(around(0, 3), around(1, 30), NOTHING)
    assert head.probabilities(np.zeros((1, 8), np.float32)) == [0.0]


def test_the_threshold_parts_right_from_wrong_that_were_left_out():
    # The wrong ones are near the right ones, so 1/2 would be too low or too high.
    right, wrong = around(0, 40, 0.3), around(0, 41, 0.3)
    right[:, 1], wrong[:, 1] = 0.35, -0.05
    head = heads.fit(right, wrong, NOTHING)
    fitted = np.concatenate(
        [head.probabilities(right) >= head.threshold, head.probabilities(wrong) < head.threshold]
    )
    assert fitted.mean() > 0.9
    assert 0 < head.threshold < 1
    assert heads.fit(right, wrong, NOTHING, choose_threshold=False).threshold == 0.5
    assert heads.fit(right[:2], wrong, NOTHING).threshold == 0.5, "two are too few"


def test_the_best_parting_is_that_of_all_middles():
    draws = np.random.default_rng(0)
    probabilities = draws.uniform(size=30)
    is_right = draws.uniform(size=30) < probabilities

    def balanced(threshold: float) -> float:
        return (probabilities[is_right] > threshold).mean() + (
            probabilities[~is_right] <= threshold
        ).mean()

    found = heads._parting(probabilities, is_right)
    assert balanced(found) == pytest.approx(max(map(balanced, np.linspace(0, 1, 2001))))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((NOTHING, around(0, 2), around(1, 5)), "no place is marked as right"),
        ((around(0, 2), NOTHING, NOTHING), "no other window that could be wrong"),
    ],
)
def test_one_side_alone_teaches_nothing(given, said):
    with pytest.raises(ParameterError, match=said):
        heads.fit(*given)


@pytest.fixture
def own(kept, tmp_path) -> Index:
    """Return a copy of the index, which may be changed."""
    return Index(shutil.copytree(kept / "index", tmp_path / "index"))


@pytest.fixture
def saved(own) -> heads.Head:
    """Save a head of the index by the name `bark`, and return it."""
    vectors = own.drawn(40)
    head = heads.fit(vectors[:5], vectors[5:9], vectors[9:])
    heads.save(own, "bark", head)
    return head


def changed(index: Index, **values) -> None:
    path = index.folder / "heads/bark.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_a_head_is_loaded_as_it_was_saved(own, saved):
    found = heads.load(Index(own.folder), "bark")
    np.testing.assert_array_equal(found.coefficients, saved.coefficients)
    assert found[1:] == saved[1:]
    assert heads.names(own) == ["bark"]
    record = json.loads((own.folder / "heads/bark.json").read_text())
    assert record["method"]["feature"] == "mfcc_derivatives_dct"
    assert (record["window"], record["hop"], record["format"]) == (2.0, 1.0, 1)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"format": 2}, "is a head of format 2, and this resound reads 1"),
        ({"format": "2"}, "is a head of format '2'"),
        ({"method": {"kind": "encoder", "family": "clap"}}, "was fitted to vectors by family clap"),
        ({"window": 5.0}, r"windows of 5.0 s, and \S+ has windows of 2.0 s"),
        ({"coefficients": [1.0]}, "is damaged .*finite coefficients"),
        ({"intercept": float("nan")}, "is damaged"),
        ({"threshold": None}, "is damaged"),
    ],
)
def test_a_head_that_does_not_go_with_the_index_is_refused(own, saved, values, said):
    changed(own, **values)
    with pytest.raises(StoreError, match=said):
        heads.load(own, "bark")


def test_a_head_of_the_same_feature_standardised_elsewhere_is_refused(own, saved):
    about = json.loads((own.folder / ABOUT).read_text())
    about["method"]["scale"][0] *= 2
    (own.folder / ABOUT).write_text(json.dumps(about))
    with pytest.raises(StoreError, match="standardised on another folder"):
        heads.load(Index(own.folder), "bark")


def test_what_is_no_json_is_damaged(own, saved):
    (own.folder / "heads/bark.json").write_text("{")
    with pytest.raises(StoreError, match=r"bark\.json: is damaged"):
        heads.load(own, "bark")


@pytest.mark.parametrize(
    ("name", "said"),
    [("brak", "did you mean 'bark'"), ("../index", "must be 1 to 64"), ("", "must be 1 to 64")],
)
def test_a_head_that_is_not_there_is_one_error(own, saved, name, said):
    with pytest.raises(ParameterError, match=said):
        heads.load(own, name)


def test_an_index_without_heads_says_how_to_make_one(own):
    with pytest.raises(ParameterError, match="there are none; `resound serve"):
        heads.load(own, "bark")
