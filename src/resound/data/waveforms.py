"""Waveforms of the clips of an index, at one rate and of one length."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from resound import store
from resound.audio import reading as audio
from resound.data.index import read_clips


def decode_audio(
    spec: Mapping[str, Any],
    *,
    clips: store.AnyPath,
    data_root: store.AnyPath,
    output: store.AnyPath,
    n_threads: int,
) -> None:
    """Store the waveforms (clips, samples) of all clips.

    Parameters
    ----------
    spec : mapping
        ``sample_rate`` in Hz, ``duration`` in seconds, ``resampling``: as
        `resound.experiment.specs.audio` makes it.
    clips : path
        The index.
    data_root : path
        The folder that its files lie below.
    output : path
        The waveforms.
    n_threads : int
        Clips that are decoded at a time.
    """
    index = read_clips(clips)
    shape = len(index), audio.count_samples(spec["duration"], spec["sample_rate"])
    ids = {"clips": list(index["id"])}
    with store.create_array(output, shape, "float32", spec=spec, ids=ids) as waveforms:
        audio.decode_clips(
            [Path(data_root, file) for file in index["file"]],
            waveforms,
            sample_rate=spec["sample_rate"],
            duration=spec["duration"],
            quality=spec["resampling"],
            n_threads=n_threads,
            digests=list(index["sha256"]),
        )
