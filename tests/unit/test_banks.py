"""A bank is the same to the byte, however many shards it is put together from."""

import numpy as np
import pytest
from mapped import mapped_bytes, told

from resound import files, store
from resound.banks import compute_bank, compute_shard, gather_bank
from resound.errors import ParameterError, StoreError

SPEC = {
    "audio": {"sample_rate": 16000},
    "feature": "mfcc",
    "stft": {"sample_rate": 16000, "n_fft": 512, "hop_length": 256, "engine": "fft"},
    "options": {"n_mfcc": 5},
}
N_CLIPS = 19


@pytest.fixture(scope="module")
def audio(tmp_path_factory):
    """Return nineteen decoded clips of noise."""
    path = tmp_path_factory.mktemp("audio") / "waveforms.npy"
    noise = np.random.default_rng(0).standard_normal((N_CLIPS, 4000)).astype(np.float32)
    ids = {"clips": [f"clip {number}" for number in range(N_CLIPS)]}
    with store.create_array(path, noise.shape, "float32", spec=SPEC["audio"], ids=ids) as waveforms:
        waveforms[:] = noise
    return store.open_array(path)


def shard_spec(number, shards):
    return {"bank": SPEC, "shard": {"number": number, "shards": shards}}


def write_shards(folder, audio, shards, n_threads=1):
    paths = [folder / f"shard{number}" / "bank.npy" for number in range(shards)]
    for number, path in enumerate(paths):
        compute_shard(path, audio, shard_spec(number, shards), n_threads)
    return paths


@pytest.mark.parametrize("shards", [1, 2, 5])
def test_shards_make_the_bank_and_its_record_to_the_byte(tmp_path, audio, shards):
    compute_bank(tmp_path / "whole" / "bank.npy", audio, SPEC, n_threads=1)
    paths = write_shards(tmp_path, audio, shards, n_threads=2)
    gather_bank(tmp_path / "gathered" / "bank.npy", paths, SPEC)
    for name in ("bank.npy", "spec.json"):
        whole, gathered = (tmp_path / part / name for part in ("whole", "gathered"))
        assert whole.read_bytes() == gathered.read_bytes()


def test_a_shard_too_many_is_named(tmp_path, audio):
    with pytest.raises(ParameterError, match=r"feature_shards=6 must be at most 5: the 19 clips"):
        compute_shard(tmp_path / "bank.npy", audio, shard_spec(0, 6), 1)


def test_shards_in_another_order_or_of_another_number_are_refused(tmp_path, audio):
    first, second = write_shards(tmp_path, audio, 2)
    with pytest.raises(StoreError, match=r"shard\.number: stored 1, asked for 0"):
        gather_bank(tmp_path / "bank.npy", [second, first], SPEC)
    with pytest.raises(StoreError, match=r"shard\.shards: stored 2, asked for 1"):
        gather_bank(tmp_path / "bank.npy", [first], SPEC)
    assert not (tmp_path / "bank.npy").exists()


@told
def test_what_was_read_and_written_does_not_stay_in_memory(tmp_path, audio, monkeypatch):
    waveforms = audio.values.filename
    monkeypatch.setattr(store, "sha256_of", lambda path: record(path))
    left = []

    def record(path):  # when the bank is written, and mapped still
        left.append(mapped_bytes(path) + mapped_bytes(waveforms))
        return files.sha256_of(path)

    compute_bank(tmp_path / "bank.npy", audio, SPEC, n_threads=1)
    assert left == [0]
