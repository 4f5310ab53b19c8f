"""Index of a data set: every clip with what its file holds, and an audit of all that is odd.

Each oddity has one rule, and each rule one policy:

================ ========================================================= ======================
rule             meaning                                                   action
================ ========================================================= ======================
missing          the file is not there                                     error, or skipped
empty            no bytes or no frames                                     error, or skipped
undecodable      soundfile cannot decode it                                error, or skipped
truncated        less audio than its header claims                         error, or skipped
not_finite       a sample is NaN or infinite                               error, or skipped
sample_rate      another rate than the data set's                          resampled
channels         more than one channel                                     mixed down
shorter          fewer frames than `duration`                              padded with zeros
longer           more frames than `duration`                               cropped
silent           no 10 ms of it reach `silence_db`                         kept
unlisted         a file in ``audio/`` that the CSV does not list           ignored
unbalanced       in a folder, a class has unequal numbers in the folds     kept
split_recording  a clip's recording has clips in another fold too          kept, or left out where
                                                                           its recording asks
copy             a file of the same bytes is there too                     of a folder: taken for
                                                                           one recording
level            a sample exceeds ten times full scale                     kept
near_names       names of classes, recordings or clips that are read as    kept, or an error
                 one
================ ========================================================= ======================

The first five are errors with ``on_bad_audio="error"``, one `AudioError` for all files, and are
left out with ``"skip"``. Wrong numbers of clips in ESC-50, ESC-10 or the synthetic set are a
`DataError` always; so is a recording that spans folds, but for those of which ESC-50's own folds
do, and in a folder with ``on_split_recording`` ``"exclude"`` or ``"keep"``. In a folder the same
bytes under two classes are a `DataError` too.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from resound.audio.reading import AnyPath, UnreadableAudio, count_samples, mono_blocks, open_audio
from resound.data.alike import (
    NEAR_NAME_POLICIES,
    check_labels_of_copies,
    check_near_names,
    copies,
    near_names,
    with_copies_as_one_recording,
)
from resound.data.cliplist import AUDIO, find_list
from resound.data.faults import faulty, raise_faults
from resound.data.folds import (
    SPLIT_RECORDING_POLICIES,
    check_recordings,
    describe_split_recordings,
    imbalances,
    made_folds,
)
from resound.data.layout import CONTENTS, check_contents, read_meta
from resound.data.sounding import SILENCE_DB, WINDOWS_PER_SECOND, windows_of
from resound.errors import AudioError, check_choice, check_positive_int
from resound.files import is_file
from resound.jobs.progress import track
from resound.store import read_csv, sha256_of

CLIP_DTYPES = {
    "id": "str",
    "file": "str",
    "fold": "int64",
    "target": "int64",
    "category": "str",
    "group": "str",
    "src_file": "str",
    "sha256": "str",
    "sample_rate": "int64",
    "channels": "int64",
    "frames": "int64",
    "peak": "float64",
    "rms_dbfs": "float64",
    "near_silence_share": "float64",
    "zero_tail_seconds": "float64",
}
AUDIT_DTYPES = {"file": "str", "rule": "str", "detail": "str", "action": "str"}
# One lowest bit of 24 in five seconds at 44.1 kHz has -192 dBFS: only exact zeros lie below.
RMS_FLOOR_DBFS = -200.0
IMPLAUSIBLE_PEAK = 10.0


def build_index(
    data_root: AnyPath,
    dataset: str,
    *,
    duration: float,
    sample_rate: int = 44_100,
    on_bad_audio: str = "error",
    on_split_recording: str = "error",
    on_near_names: str = "keep",
    make_folds: int | None = None,
    silence_db: float = SILENCE_DB,
    n_threads: int = 1,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read every clip of a data set once, and say what its file holds.

    Parameters
    ----------
    data_root : path
        A folder in ESC-50's layout.
    dataset : str
        ``esc50``, ``esc10``, ``synthetic`` or ``folder``.
    duration : float
        Length in seconds to which clips are padded or cropped later on.
    sample_rate : int
        The data set's own rate in Hz; files of another rate are listed in the audit.
    on_bad_audio : str
        ``error`` or ``skip``: what to do with files that cannot be used.
    on_split_recording : {"error", "exclude", "keep"}
        What to do in a folder with recordings in several folds: see `resound.data.folds`.
    on_near_names : {"keep", "error"}
        What to do when classes, recordings or clips have names that a person reads as one.
    make_folds : int, optional
        How many folds are made for a folder that has none: see `resound.data.folds.made_folds`.
    silence_db : float
        Windows of 10 ms whose RMS is below this many dBFS count as near-silent.
    n_threads : int
        Threads that read.

    Returns
    -------
    clips : DataFrame
        One row a usable clip, sorted by id, with the columns of `CLIP_DTYPES`: those of
        `resound.data.layout.read_meta`, then `sha256` of the file's bytes, the header's
        `sample_rate`, `channels` and `frames`, and of the mono mix of the whole file `peak`
        (largest absolute sample, full scale 1), `rms_dbfs` (``20 log10 rms``, -200 at the lowest),
        `near_silence_share` (of the file's length, 0 to 1) and `zero_tail_seconds` (length of the
        exact zeros at the end).
    audit : DataFrame
        One row an oddity: `file`, `rule`, `detail`, `action`, as in the module's table.

    Raises
    ------
    AudioError
        Tells of the unusable files (its `details` are all of them), with
        ``on_bad_audio="error"`` or when no file is usable; or names a file that was replaced while
        it was read.
    DataError
        When the layout is broken, the numbers of clips are wrong, a recording spans folds
        that may not, or names are read as one that may not be.

    Examples
    --------
    >>> import tempfile
    >>> from resound.data.synthetic import generate
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     root = Path(folder, "data")
    ...     generate(root, recordings=1, takes=1, duration=0.1, sample_rate=16000)
    ...     clips, audit = build_index(root, "synthetic", duration=0.1, sample_rate=16000)
    >>> len(clips), sorted(clips["fold"].unique().tolist()), int(clips["frames"].max())
    (50, [1, 2, 3, 4, 5], 1600)
    """
    check_choice("on_bad_audio", on_bad_audio, ("error", "skip"))
    check_choice("on_split_recording", on_split_recording, SPLIT_RECORDING_POLICIES)
    check_choice("on_near_names", on_near_names, NEAR_NAME_POLICIES)
    check_positive_int("n_threads", n_threads)
    count_samples(duration, sample_rate)
    data_root = Path(data_root)
    meta = read_meta(data_root, dataset)
    _check_meta(meta, dataset, on_split_recording)
    if on_near_names == "error":
        check_near_names(meta)
    with ThreadPoolExecutor(n_threads) as pool:
        read = pool.map(lambda file: _measure(data_root / file, silence_db), meta["file"])
        found = list(track(read, "read clips", total=len(meta)))
    _check_usable(found, on_bad_audio)
    clips = _clips_frame(meta, found)
    if dataset == "folder":
        check_labels_of_copies(clips)
        clips = with_copies_as_one_recording(clips)
        if make_folds:
            clips["fold"] = made_folds(clips, make_folds)
        if on_split_recording == "error":
            check_recordings(clips)
    # ESC-10 is a part of a folder, and a folder that is its own list leaves no sound out.
    names_files = dataset != "esc10" and find_list(data_root, dataset).is_csv
    audit = [
        *_file_oddities(meta, found, duration, sample_rate),
        *(_unlisted(data_root / AUDIO, meta) if names_files else ()),
        *(("", "unbalanced", detail, "kept") for detail in imbalances(clips)),
        *_split_recordings(clips, on_split_recording),
        *_copies(clips, "taken for one recording" if dataset == "folder" else "kept"),
        *(("", "near_names", detail, "kept") for detail in near_names(meta)),
    ]
    return clips, pd.DataFrame(audit, columns=list(AUDIT_DTYPES)).astype(AUDIT_DTYPES)


def read_clips(path: AnyPath) -> pd.DataFrame:
    """Read a ``clips.csv`` with the dtypes of `CLIP_DTYPES`; raises StoreError as `read_csv`."""
    return read_csv(path, dtypes=CLIP_DTYPES)


def _check_meta(meta: pd.DataFrame, dataset: str, on_split_recording: str) -> None:
    if dataset in CONTENTS:
        check_contents(meta, CONTENTS[dataset])
    if dataset == "synthetic":
        raise_faults("unbalanced folds", imbalances(meta), "generate the data set again")
    if dataset in CONTENTS:
        check_recordings(meta, CONTENTS[dataset].split_recordings)
    elif on_split_recording == "error":
        check_recordings(meta)


def _measure(path: Path, silence_db: float) -> dict[str, Any] | UnreadableAudio:
    """Return what a file holds as the last columns of the clips, or why it cannot be used."""
    before = _version(path)
    try:
        with open_audio(path) as file:
            levels = _levels(file, silence_db)
            header = {
                "sample_rate": file.samplerate,
                "channels": file.channels,
                "frames": file.frames,
            }
    except UnreadableAudio as error:
        return error
    digest = sha256_of(path)
    if _version(path) != before:
        raise AudioError(f"{path}: was replaced while it was read; run the workflow again")
    return {"sha256": digest, **header, **levels}


def _version(path: Path) -> tuple[int, ...]:
    """Return what changes when a file is replaced or written to; nothing when it is not there."""
    if not is_file(path):
        return ()
    about = path.stat()
    return about.st_ino, about.st_size, about.st_mtime_ns


def _levels(file: Any, silence_db: float) -> dict[str, float]:
    """Measure the levels of an open file in one pass over its blocks."""
    window = file.samplerate // WINDOWS_PER_SECOND
    peak, energy, n_silent, n_tail = 0.0, 0.0, 0, 0
    for block in mono_blocks(file, window=window):
        energies, lengths, silent = windows_of(block, window, silence_db)
        n_silent += int(lengths[silent].sum())
        energy += float(energies.sum())
        peak = max(peak, float(np.abs(block).max()))
        sounding = np.flatnonzero(block)
        n_tail = len(block) - 1 - int(sounding[-1]) if len(sounding) else n_tail + len(block)
    floor = 10 ** (RMS_FLOOR_DBFS / 10)
    return {
        "peak": peak,
        "rms_dbfs": float(10 * np.log10(max(energy / file.frames, floor))),
        "near_silence_share": n_silent / file.frames,
        "zero_tail_seconds": n_tail / file.samplerate,
    }


def _check_usable(found: list[dict[str, Any] | UnreadableAudio], on_bad_audio: str) -> None:
    bad = [item for item in found if isinstance(item, UnreadableAudio)]
    if bad and (on_bad_audio == "error" or len(bad) == len(found)):
        raise faulty(
            f"{len(bad)} of {len(found)} audio files cannot be used",
            [f"{item.path}: {item.rule}: {item.detail}" for item in bad],
            "replace them; `on_bad_audio: skip` leaves them out where others remain",
            AudioError,
        )


def _clips_frame(meta: pd.DataFrame, found: list[dict[str, Any] | UnreadableAudio]) -> pd.DataFrame:
    usable = [isinstance(item, dict) for item in found]
    measured = pd.DataFrame([item for item in found if isinstance(item, dict)])
    clips = pd.concat([meta[usable].reset_index(drop=True), measured], axis=1)
    return clips[list(CLIP_DTYPES)].astype(CLIP_DTYPES)


def _file_oddities(
    meta: pd.DataFrame,
    found: list[dict[str, Any] | UnreadableAudio],
    duration: float,
    sample_rate: int,
) -> Iterator[tuple[str, str, str, str]]:
    for file, item in zip(meta["file"], found, strict=True):
        if isinstance(item, UnreadableAudio):
            yield file, item.rule, item.detail, "skipped"
            continue
        if item["sample_rate"] != sample_rate:
            detail = f"{item['sample_rate']} Hz, not {sample_rate} Hz"
            yield file, "sample_rate", detail, "resampled"
        if item["channels"] != 1:
            yield file, "channels", f"{item['channels']} channels", "mixed down"
        wanted = count_samples(duration, item["sample_rate"])
        detail = f"{item['frames']} frames at {item['sample_rate']} Hz, not {wanted}"
        if item["frames"] < wanted:
            yield file, "shorter", detail, "padded with zeros"
        if item["frames"] > wanted:
            yield file, "longer", detail, "cropped"
        if item["peak"] > IMPLAUSIBLE_PEAK:
            detail = f"its samples reach {item['peak']:g}, where full scale is 1"
            yield file, "level", detail, "kept"
        if item["near_silence_share"] == 1:
            yield file, "silent", f"RMS {item['rms_dbfs']:.1f} dBFS", "kept"


def _split_recordings(clips: pd.DataFrame, policy: str) -> Iterator[tuple[str, str, str, str]]:
    action = "left out where its recording asks" if policy == "exclude" else "kept"
    files = dict(zip(clips["id"], clips["file"], strict=True))
    for clip, detail in describe_split_recordings(clips).items():
        yield files[clip], "split_recording", detail, action


def _copies(clips: pd.DataFrame, action: str) -> Iterator[tuple[str, str, str, str]]:
    for part in copies(clips):
        for file in part["file"]:
            others = [other for other in part["file"] if other != file]
            yield file, "copy", f"the bytes of {', '.join(others)}", action


def _unlisted(folder: Path, meta: pd.DataFrame) -> Iterator[tuple[str, str, str, str]]:
    listed = set(meta["file"])
    for path in sorted(folder.iterdir()):
        # A name in another encoding cannot be written as it is.
        file = f"{AUDIO}/{os.fsencode(path.name).decode(errors='backslashreplace')}"
        if file not in listed and not path.name.startswith("."):
            yield file, "unlisted", "not in the CSV", "ignored"
