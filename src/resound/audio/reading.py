"""Audio files as mono waveforms of one length: decoded, mixed down, resampled, padded or cropped.

soundfile decodes, in blocks whose size no header can inflate, and soxr resamples. A file that
cannot be used raises `UnreadableAudio`, an `AudioError` that carries the rule the file breaks:

============== ====================================================================================
missing        there is no such file, but nothing, a folder, a pipe or a link that leads nowhere
empty          the file has no bytes, or no audio frames
undecodable    soundfile cannot decode it, or not to its end, or its container does not tell whether
               it is whole (`resound.audio.containers`), or its rate lies outside 1 kHz to 1 MHz
truncated      it holds less audio than its header claims, or an Ogg stream lacks its last page
not_finite     a decoded sample is NaN or infinite, or above 1e12, full scale being 1
============== ====================================================================================
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from resound.audio.containers import CONTAINERS, fault_of
from resound.errors import AudioError, ParameterError, check_choice, check_positive_int
from resound.files import AnyPath as AnyPath
from resound.files import absence, is_file, sha256_of
from resound.jobs.progress import track
from resound.pages import give_back

QUALITIES = ("QQ", "LQ", "MQ", "HQ", "VHQ")
SAMPLE_RATES = range(1_000, 1_000_001)
BLOCK_SAMPLES = 2**20
MARGIN_SECONDS = 1.0
# Of samples that no recording has, whose spectra overflow float32.
LARGEST_SAMPLE = 1e12
UNKNOWN_FRAMES = 2**63 - 1
UNRECOGNISED = 1  # SF_ERR_UNRECOGNISED_FORMAT of sndfile.h


class UnreadableAudio(AudioError):
    """One audio file that cannot be used.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    rule : str
        The rule that it breaks, one of those in the module's table.
    detail : str
        What was found in it.
    """

    def __init__(self, path: Path, rule: str, detail: str) -> None:
        super().__init__(f"{path}: {rule}: {detail}; replace the file or leave it out of the CSV")
        self.path, self.rule, self.detail = path, rule, detail


def load(
    path: AnyPath, *, sample_rate: int, duration: float, quality: str = "HQ"
) -> npt.NDArray[np.float32]:
    """Return a file's first `duration` seconds, mono, at `sample_rate`.

    Channels are averaged; another rate is resampled; a shorter file gets zeros at its end.

    Parameters
    ----------
    path : path
        A file in any format that soundfile reads.
    sample_rate : int
        Rate of the result in Hz.
    duration : float
        Length of the result in seconds.
    quality : str
        soxr's quality: ``QQ``, ``LQ``, ``MQ``, ``HQ`` or ``VHQ``.

    Returns
    -------
    ndarray of float32, shape (round(duration * sample_rate),)
        Samples in [-1, 1], full scale being 1; lossy formats and resampling may overshoot it.

    Raises
    ------
    UnreadableAudio
        When the file breaks a rule of the module's table within the part that is read.
    ParameterError
        When an argument is out of its range.

    Examples
    --------
    Half a second of a constant, read as one second at twice the rate:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "clip.wav")
    ...     soundfile.write(path, np.full(4000, 0.5), 8000)
    ...     waveform = load(path, sample_rate=16000, duration=1.0)
    >>> waveform.shape, waveform.dtype, float(waveform[4000].round(2)), float(waveform[-1])
    ((16000,), dtype('float32'), 0.5, 0.0)
    """
    n_samples = count_samples(duration, sample_rate)
    check_choice("quality", quality, QUALITIES)
    with open_audio(path) as file:
        # The resampler's filter reaches past the cut: without a margin the last samples differ.
        limit = int(np.ceil((duration + MARGIN_SECONDS) * file.samplerate))
        waveform = np.concatenate(list(mono_blocks(file, limit=limit)))
        if file.samplerate != sample_rate:
            waveform = soxr.resample(waveform, file.samplerate, sample_rate, quality)
    return fit_length(waveform, n_samples)


def decode_clips(
    paths: Sequence[AnyPath],
    out: npt.NDArray[np.float32],
    *,
    sample_rate: int,
    duration: float,
    quality: str = "HQ",
    n_threads: int = 1,
    digests: Sequence[str] | None = None,
) -> None:
    """Decode one file into each row of `out`, as `load` does.

    Parameters
    ----------
    paths : sequence of paths
        The files, one a row.
    out : ndarray of float32, shape (len(paths), round(duration * sample_rate))
        Where the waveforms go; may be memory-mapped.
    sample_rate, duration, quality
        As in `load`.
    n_threads : int
        Threads that decode; soundfile and soxr release the interpreter's lock.
    digests : sequence of str, optional
        The sha256 of each file when it was indexed. It is compared after the file was decoded, so
        that a file replaced since then, or at this moment, is found out.

    Raises
    ------
    AudioError
        Lists every file that cannot be used or was replaced, after all others were decoded.
    ParameterError
        When an argument is out of its range or `out` has another shape or dtype.
    """
    shape = (len(paths), count_samples(duration, sample_rate))
    if out.shape != shape or out.dtype != np.float32:
        raise ParameterError(f"out is {out.dtype} {out.shape}; these clips need float32 {shape}")

    def decode(row: int) -> AudioError | None:
        try:
            out[row] = load(paths[row], sample_rate=sample_rate, duration=duration, quality=quality)
            give_back(out)
            if digests is not None:
                _check_unchanged(Path(paths[row]), digests[row])
        except AudioError as error:
            return error
        return None

    with ThreadPoolExecutor(check_positive_int("n_threads", n_threads)) as pool:
        outcomes = track(pool.map(decode, range(len(paths))), "decode clips", total=len(paths))
        unreadable = [error for error in outcomes if error is not None]
    if unreadable:
        raise AudioError("\n".join(str(error) for error in unreadable))


def count_samples(duration: float, sample_rate: int) -> int:
    """Return the length in samples of `duration` seconds at `sample_rate` Hz, at least 1.

    Parameters
    ----------
    duration : float
        Seconds.
    sample_rate : int
        Hz.

    Returns
    -------
    int
        ``round(duration * sample_rate)``.

    Raises
    ------
    ParameterError
        For a duration that is not finite or holds no sample, or a rate that is not a positive
        integer.

    Examples
    --------
    >>> count_samples(5.0, 44100)
    220500
    """
    check_positive_int("sample_rate", sample_rate, "Hz")
    n_samples = round(duration * sample_rate) if np.isfinite(duration) else 0
    if n_samples < 1:
        raise ParameterError(
            f"duration={duration!r} must be a finite number of seconds that holds at least one "
            f"sample at {sample_rate} Hz"
        )
    return n_samples


def fit_length(waveform: npt.NDArray[np.float32], n_samples: int) -> npt.NDArray[np.float32]:
    """Return `waveform` with exactly `n_samples`: cropped, or with zeros at its end.

    Parameters
    ----------
    waveform : ndarray of float32, shape (samples,)
        One clip.
    n_samples : int
        The length asked for.

    Returns
    -------
    ndarray of float32, shape (n_samples,)

    Examples
    --------
    >>> fit_length(np.ones(2, np.float32), 4)
    array([1., 1., 0., 0.], dtype=float32)
    """
    return np.pad(waveform[:n_samples], (0, max(0, n_samples - len(waveform))))


@contextmanager
def open_audio(path: AnyPath) -> Iterator[Any]:
    """Open a file as a `soundfile.SoundFile`; failures inside the block name the file too.

    Raises
    ------
    UnreadableAudio
        When the file breaks a rule of the module's table that its header shows.
    """
    path = Path(path)
    if not is_file(path):
        raise UnreadableAudio(path, "missing", absence(path))
    if path.stat().st_size == 0:
        raise UnreadableAudio(path, "empty", "the file has 0 bytes")
    try:
        with soundfile.SoundFile(named(path)) as file:
            _check_header(path, file)
            yield file
    except soundfile.LibsndfileError as error:
        raise UnreadableAudio(path, "undecodable", _reason(path, error)) from error


def mono_blocks(
    file: Any, *, window: int = 1, limit: int | None = None
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield a file's audio as mono blocks, so that memory is bounded whatever its header says.

    Parameters
    ----------
    file : soundfile.SoundFile
        As `open_audio` gives it, at its start.
    window : int
        Every block but the last is a multiple of this many frames.
    limit : int, optional
        Stop after this many frames.

    Yields
    ------
    ndarray of float32, shape (frames,)
        The mean of the channels, full scale being 1.

    Raises
    ------
    UnreadableAudio
        When a frame is not finite, or there are fewer of them than the header claims.
    """
    path, length = (
        Path(os.fsdecode(file.name)),
        max(1, BLOCK_SAMPLES // (file.channels * window)) * window,
    )
    wanted = file.frames if limit is None else min(limit, file.frames)
    done = 0
    while done < wanted:
        block = file.read(min(length, wanted - done), dtype="float32", always_2d=True)
        if not len(block):
            detail = f"{done} frames could be decoded where its header claims {file.frames}"
            raise UnreadableAudio(path, "truncated", detail)
        usable = (np.abs(block) <= LARGEST_SAMPLE).all(axis=1)  # not of NaN
        if not usable.all():
            where = int(np.argmin(usable))
            found = "NaN or infinite"
            if np.isfinite(block[where]).all():
                found = f"{np.abs(block[where]).max():g}, where full scale is 1"
            raise UnreadableAudio(path, "not_finite", f"frame {done + where} is {found}")
        done += len(block)
        yield block[:, 0] if file.channels == 1 else block.mean(axis=1)


def _check_unchanged(path: Path, digest: str) -> None:
    if sha256_of(path) != digest:
        raise AudioError(
            f"{path}: was replaced after the index was made (sha256); run the workflow again with "
            "--forcerun build_index"
        )


def named(path: Path) -> Path | bytes:
    """Return a path as soundfile takes it: as bytes where its name need not be text."""
    return os.fsencode(path) if os.name == "posix" else path


def _reason(path: Path, error: soundfile.LibsndfileError) -> str:
    """Say why libsndfile cannot open a file, in more words than its own where those are too few."""
    reason = error.error_string.strip().rstrip(".") or f"libsndfile error {error.code}"
    if error.code == UNRECOGNISED:
        return f"{reason}; write it as one of {', '.join(CONTAINERS)}"
    if not os.access(path, os.R_OK):
        return "it may not be read by you; change its permissions"
    return reason


def _check_header(path: Path, file: Any) -> None:
    if file.frames == 0:
        raise UnreadableAudio(path, "empty", "the file holds 0 audio frames")
    if file.frames == UNKNOWN_FRAMES:
        detail = (
            "its header does not state how many frames it holds; write it again to a plain file"
        )
        raise UnreadableAudio(path, "undecodable", detail)
    if file.samplerate not in SAMPLE_RATES:
        detail = f"its header claims {file.samplerate} Hz, outside 1 kHz to 1 MHz"
        raise UnreadableAudio(path, "undecodable", detail)
    fault = fault_of(path, file.format, file.frames)
    if fault:
        raise UnreadableAudio(path, *fault)
