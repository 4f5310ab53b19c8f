"""Feature banks: one feature of all clips in one file, made at once or shard by shard.

Shards that are put together have the same bytes as a bank that is made at once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from resound import store
from resound.errors import ParameterError
from resound.experiment.shards import Shard
from resound.features.extraction import extract_batch, feature_shape
from resound.jobs.progress import track
from resound.pages import give_back

Spec = Mapping[str, Any]

CLIPS_A_BATCH = 4  # keeps the spectra of a batch within the cache


def compute_bank(path: store.AnyPath, audio: store.StoredArray, spec: Spec, n_threads: int) -> None:
    """Compute one feature of all clips, batch by batch.

    Parameters
    ----------
    path : path
        The bank's file, (clips, frames, dims) in float32 and the unit of the feature.
    audio : StoredArray
        The decoded clips, (clips, samples) in float32.
    spec : mapping
        As `resound.experiment.specs.feature_bank` makes it.
    n_threads : int
        Threads of the feature.

    Raises
    ------
    StoreError
        When the bank cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> stft = {"sample_rate": 16000, "n_fft": 2048, "hop_length": 512}
    >>> spec = {"feature": "mfcc", "stft": stft, "options": {}}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path, ids = Path(folder, "waveforms.npy"), {"clips": ["a", "b"]}
    ...     with store.create_array(path, (2, 16000), "float32", spec={}, ids=ids) as waveforms:
    ...         waveforms[:] = 0.0
    ...     bank_path = Path(folder, "bank", "bank.npy")
    ...     bank_path.parent.mkdir()
    ...     compute_bank(bank_path, store.open_array(path), spec, n_threads=1)
    ...     store.open_array(bank_path).values.shape
    (2, 32, 13)
    """
    _compute(path, audio, range(len(audio.values)), spec, spec, n_threads)


def compute_shard(
    path: store.AnyPath, audio: store.StoredArray, spec: Spec, n_threads: int
) -> None:
    """Compute one feature of the clips of one shard.

    Parameters
    ----------
    path : path
        The shard's file.
    audio : StoredArray
        All decoded clips, (clips, samples) in float32.
    spec : mapping
        As `resound.experiment.divisions.shard_of` makes it.
    n_threads : int
        Threads of the feature.

    Raises
    ------
    ParameterError
        When there are more shards than batches of clips.
    """
    shard, n_clips = Shard(**spec["shard"]), len(audio.values)
    if shard.shards * CLIPS_A_BATCH >= n_clips + CLIPS_A_BATCH:
        raise ParameterError(
            f"feature_shards={shard.shards} must be at most {-(-n_clips // CLIPS_A_BATCH)}: the "
            f"{n_clips} clips are divided in batches of {CLIPS_A_BATCH}; lower it in config.yaml"
        )
    rows = shard.rows(n_clips, CLIPS_A_BATCH)
    _compute(path, audio, rows, spec["bank"], spec, n_threads)


def gather_bank(path: store.AnyPath, shards: Sequence[store.AnyPath], spec: Spec) -> None:
    """Put the shards of a bank together, in their order.

    Parameters
    ----------
    path : path
        The bank's file: the one that `compute_bank` writes, to the byte.
    shards : sequence of path
        The shards' files.
    spec : mapping
        Spec of the bank, as `resound.experiment.specs.feature_bank` makes it.

    Raises
    ------
    StoreError
        When a shard is missing, damaged or of another spec.
    """
    parts = []
    for number, shard in enumerate(shards):
        asked = {"bank": spec, "shard": Shard(number, len(shards))._asdict()}
        parts.append(store.open_array(shard, spec=asked))
    ids = [name for part in parts for name in part.ids["clips"]]
    shape = (len(ids), *parts[0].values.shape[1:])
    with store.create_array(path, shape, "float32", spec=spec, ids={"clips": ids}) as bank:
        start = 0
        for part in parts:
            bank[start : start + len(part.values)] = part.values
            start += len(part.values)
            give_back(part.values)
            give_back(bank)


def _compute(
    path: store.AnyPath,
    audio: store.StoredArray,
    rows: range,
    spec: Spec,
    stored: Spec,
    n_threads: int,
) -> None:
    name, settings = spec["feature"], {**spec["stft"], **spec["options"]}
    clips = slice(rows.start, rows.stop)
    shape = (len(rows), *feature_shape(name, audio.values.shape[1], **settings))
    ids = {"clips": audio.ids["clips"][clips]}
    with store.create_array(path, shape, "float32", spec=stored, ids=ids) as bank:
        waveforms = audio.values[clips]
        for start in track(range(0, len(rows), CLIPS_A_BATCH), name):
            batch = slice(start, start + CLIPS_A_BATCH)
            bank[batch] = extract_batch(name, waveforms[batch], n_threads=n_threads, **settings)
            give_back(waveforms)
            give_back(bank)
