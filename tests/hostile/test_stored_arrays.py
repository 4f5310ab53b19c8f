"""Stored arrays, their records, tables and CSV files."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given

from resound import store
from resound.errors import StoreError
from tests.hostile.strategies import VALUES, damaged, with_other_value

pytestmark = pytest.mark.hypothesis

SPEC = {"feature": "mfcc", "stft": {"n_fft": 64}, "folds": [5]}
SHAPE = (3, 4)


class Bomb:
    """An object whose pickle runs code when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.fixture
def bank(tmp_path):
    path = tmp_path / "bank.npy"
    ids = {"clips": ["a", "b", "c"]}
    with store.create_array(path, SHAPE, "float32", spec=SPEC, ids=ids) as array:
        array[:] = 1
    return path


def sign(path):
    """Let the record vouch for the bytes, as whoever can write the one can write the other."""
    record = json.loads(path.with_name("spec.json").read_text())
    record["sha256"] = store.sha256_of(path)
    path.with_name("spec.json").write_text(json.dumps(record))


def test_damaged_bytes_are_never_used(bank, report):
    """a stored array with damaged bytes"""
    good = bank.read_bytes()

    @given(damaged(good))
    def holds(content):
        bank.write_bytes(content)
        report.read(lambda: store.open_array(bank, spec=SPEC), bank.name)

    holds()
    bank.write_bytes(good)
    assert store.open_array(bank, spec=SPEC).values.sum() == 12
    report.write()


def test_a_forged_array_is_read_or_refused(bank, report):
    """a stored array with damaged bytes and a record that vouches for them"""

    def use():
        stored = store.open_array(bank, spec=SPEC)
        assert stored.values.shape == SHAPE
        assert stored.values.dtype == np.float32
        stored.values.sum()

    @given(damaged(bank.read_bytes()))
    @example(b"PK\x03\x04 an archive")
    @example(b"\x93NUMPY\x01\x00\x76\x00" + b"(" * 118)
    def holds(content):
        bank.write_bytes(content)
        sign(bank)
        report.read(use, bank.name)

    holds()
    report.write()


def test_a_forged_record_is_read_or_refused(bank, report):
    """the record of a stored array with other values in it"""
    path = bank.with_name("spec.json")
    good = json.loads(path.read_text())

    @given(with_other_value(good))
    @example([[]] * 3)
    def holds(record):
        path.write_text(json.dumps(record))
        report.read(lambda: store.open_array(bank, spec=SPEC), bank.name, path.name)

    holds()
    report.write()


def test_a_record_that_is_nested_deeply_is_refused(bank):
    bank.with_name("spec.json").write_text("[" * 100_000)
    with pytest.raises(StoreError, match=r"spec\.json: is no record"):
        store.open_array(bank)


def test_a_pickle_in_an_array_is_not_run(bank, tmp_path, report):
    """an array that holds a pickle, which would run code"""
    proof = tmp_path / "code was run"
    np.save(bank, np.array([Bomb(proof)], dtype=object), allow_pickle=True)
    sign(bank)
    with pytest.raises(StoreError, match=r"bank\.npy: is not a whole \.npy file"):
        store.open_array(bank)
    assert not proof.exists()
    report.write(tried=1, outcome="refused, and no code was run")


def test_a_damaged_table_is_read_or_refused(tmp_path, report):
    """a stored table (Parquet) with damaged bytes: read means read as it was"""
    path = tmp_path / "ranking.parquet"
    frame = pd.DataFrame({"id": ["a", "b"], "rank": [1, 2], "distance": [0.5, 1.5]})
    store.write_table(frame, path, spec=SPEC)

    @given(damaged(path.read_bytes()))
    def holds(content):
        path.write_bytes(content)
        report.read(unchanged, path.name)

    def unchanged():
        pd.testing.assert_frame_equal(store.read_table(path, spec=SPEC), frame)

    holds()
    report.write()


def test_a_damaged_csv_with_a_record_is_refused(tmp_path, report):
    """a stored CSV file and its record with damaged bytes"""
    path = tmp_path / "scores.csv"
    store.write_csv(pd.DataFrame({"id": ["a", "b"], "score": [0.5, 1.5]}), path, spec=SPEC)
    record = path.with_name("scores.csv.spec.json")
    good, vouching = path.read_bytes(), record.read_bytes()

    @given(damaged(good), damaged(vouching), VALUES)
    def holds(content, told, value):
        for file, bytes_ in ((path, content), (record, told)):
            path.write_bytes(good)
            record.write_bytes(vouching)
            file.write_bytes(bytes_)
            report.read(lambda: store.read_csv(path, spec=SPEC), path.name)

    holds()
    report.write()
