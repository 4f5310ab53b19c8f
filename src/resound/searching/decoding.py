"""Sounds of any length as streams of mono blocks: by soundfile, or else by ffmpeg.

Whatever soundfile decodes passes the checks of `resound.audio.reading`, block by block. What it
does not know goes to ffmpeg, where that is installed, which writes Sun's ``.au`` into a pipe: its
header is the shortest that tells rate and channels of a stream.
"""

import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import soxr

from resound.audio.reading import (
    BLOCK_SAMPLES,
    SAMPLE_RATES,
    UnreadableAudio,
    mono_blocks,
    open_audio,
)
from resound.files import AnyPath

Float32 = npt.NDArray[np.float32]

FFMPEG = "ffmpeg"
AU_HEADER = struct.Struct(">4s5I")  # magic, offset of the samples, bytes, encoding, rate, channels
AU_FLOAT = 6


class Stream(NamedTuple):
    """A sound that is being decoded.

    Attributes
    ----------
    sample_rate : int
        Of the blocks, Hz.
    blocks : iterator of ndarray, each of shape (frames,)
        The mean of the channels in float32, full scale being 1.
    duration : float or None
        Of the whole sound in seconds, where its header tells it.
    """

    sample_rate: int
    blocks: Iterator[Float32]
    duration: float | None


@contextmanager
def open_sound(path: AnyPath, *, start: float = 0.0, stop: float | None = None) -> Iterator[Stream]:
    """Open a sound, or a stretch of it, for one pass; memory does not grow with its length.

    Parameters
    ----------
    path : path
        A file in any format that soundfile reads, or that ffmpeg does where it is installed.
    start, stop : float
        Seconds from its beginning; to its end by default.

    Yields
    ------
    Stream
        At the file's own rate.

    Raises
    ------
    UnreadableAudio
        When the file breaks a rule of `resound.audio.reading`; of frames, as they are read.
    """
    with ExitStack() as opened:
        try:
            file = opened.enter_context(open_audio(path))
        except UnreadableAudio as error:
            if error.rule != "undecodable":
                raise
            if shutil.which(FFMPEG) is None:
                detail = f"{error.detail} ffmpeg is not installed, which may know it"
                raise UnreadableAudio(error.path, error.rule, detail) from error
            stream = opened.enter_context(_by_ffmpeg(Path(path), start, stop))
        else:
            stream = _by_soundfile(file, start, stop)
        yield stream


def resampled(stream: Stream, sample_rate: int) -> Iterator[Float32]:
    """Yield a stream at another rate, by soxr's HQ, as `resound.audio.reading.load` resamples.

    Parameters
    ----------
    stream : Stream
        As `open_sound` yields it.
    sample_rate : int
        Hz.

    Yields
    ------
    ndarray of float32, shape (samples,)
        Block after block; never an empty one.
    """
    if stream.sample_rate == sample_rate:
        yield from stream.blocks
        return
    resampler = soxr.ResampleStream(stream.sample_rate, sample_rate, 1, "float32", "HQ")
    for block in stream.blocks:
        if len(done := resampler.resample_chunk(np.ascontiguousarray(block))):
            yield done
    if len(rest := resampler.resample_chunk(np.zeros(0, np.float32), last=True)):
        yield rest


def whole(stream: Stream, sample_rate: int) -> Float32:
    """Return all that is left of a short stream at another rate, shape (samples,)."""
    return np.concatenate([np.zeros(0, np.float32), *resampled(stream, sample_rate)])


def _by_soundfile(file: Any, start: float, stop: float | None) -> Stream:
    rate, frames = file.samplerate, file.frames
    first = min(round(start * rate), frames)
    last = frames if stop is None else min(max(first, round(stop * rate)), frames)
    if first:
        file.seek(first)
    return Stream(rate, mono_blocks(file, limit=last - first), frames / rate)


@contextmanager
def _by_ffmpeg(path: Path, start: float, stop: float | None) -> Iterator[Stream]:
    # The name of a protocol before the path: one with a colon or a dash in it is a path still.
    command = [FFMPEG, "-v", "error", "-nostdin", "-protocol_whitelist", "file,pipe"]
    command += ["-ss", str(start)] if start else []
    command += ["-to", str(stop)] if stop is not None else []
    command += ["-i", f"file:{path}", "-map", "0:a:0", "-c:a", "pcm_f32be", "-f", "au", "-"]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said) as process,
    ):
        try:
            assert process.stdout is not None
            rate, channels = _au_header(path, process.stdout, said)
            yield Stream(rate, _au_blocks(path, process, channels, said), None)
        finally:
            process.kill()


def _au_header(path: Path, stdout: IO[bytes], said: IO[bytes]) -> tuple[int, int]:
    head = stdout.read(AU_HEADER.size)
    if len(head) < AU_HEADER.size:
        raise UnreadableAudio(path, "undecodable", f"by ffmpeg: {_last_line(said)}")
    magic, offset, _, encoding, rate, channels = AU_HEADER.unpack(head)
    if (magic, encoding) != (b".snd", AU_FLOAT) or channels < 1 or rate not in SAMPLE_RATES:
        detail = f"ffmpeg makes {channels} channels of {rate} Hz of it, encoding {encoding}"
        raise UnreadableAudio(path, "undecodable", detail)
    stdout.read(offset - AU_HEADER.size)
    return rate, channels


def _au_blocks(
    path: Path, process: "subprocess.Popen[bytes]", channels: int, said: IO[bytes]
) -> Iterator[Float32]:
    assert process.stdout is not None
    done = 0
    while raw := process.stdout.read(4 * channels * max(1, BLOCK_SAMPLES // channels)):
        frames = len(raw) // (4 * channels)
        block = np.frombuffer(raw, ">f4", frames * channels).reshape(frames, channels)
        if not np.isfinite(block).all():
            where = done + int(np.argmin(np.isfinite(block).all(axis=1)))
            raise UnreadableAudio(path, "not_finite", f"frame {where} is NaN or infinite")
        done += frames
        yield block.mean(axis=1, dtype=np.float32)
    if process.wait() or not done:
        raise UnreadableAudio(path, "truncated" if done else "empty", _last_line(said))


def _last_line(said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no sound came out of ffmpeg"
