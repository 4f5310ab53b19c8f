"""Containers of audio: what a file claims to hold, against the bytes that are there.

libsndfile believes lengths that headers state, cut to the bytes at hand: a file that was cut short
looks like a whole one, and of a file whose header states too little the rest is never heard. So
the containers that are accepted are those whose bytes tell better:

====================== ============================================================================
WAV, RF64, W64, AIFF   the chunk of audio ends within the file
AU                     so does the audio, whose length the header states
CAF                    as libsndfile finds
Ogg                    the last page is whole and ends the stream, and no other stream follows it
FLAC                   the last frame ends where the header says that the stream does
MP3                    the frames that are there hold no more than is decoded
====================== ============================================================================

Sources: the RIFF specification (Microsoft and IBM 1991), EBU Tech 3306 (RF64), Apple's AIFF 1.3,
Sun's audio(4), RFC 3533 (Ogg), RFC 9639 (FLAC), ISO/IEC 11172-3 and 13818-3 (MPEG audio).
"""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

# By soundfile's names. Other containers do not state what they hold, or hold no recordings.
CONTAINERS = ("WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "OGG", "FLAC", "MP3")
# What encoders claim that write to a pipe and cannot know: sox 0x7FFFF000, ffmpeg 0xFFFFFFFF.
STREAMED_BYTES = 0x7FFFF000
W64_HEADER = 24  # of a chunk: its GUID and its size, which counts them
OGG_BEGINS, OGG_ENDS = 0x02, 0x04
FLAC_TAIL_BYTES = 2**18  # more than the longest frame of eight channels has
# kbit/s by (version 1, layer) and index; Hz by version; ISO/IEC 11172-3 and 13818-3, 2.4.2.3.
MPEG_BITRATES = {
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
MPEG_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
# Encoder and decoder add as many, which a header with a count of frames lets a decoder take off.
MPEG_PADDING_FRAMES = 4


class Fault(NamedTuple):
    """A rule that a file breaks, ``truncated`` or ``undecodable``, and what was found in it."""

    rule: str
    detail: str


def fault_of(path: Path, container: str, n_frames: int) -> Fault | None:
    """Return why the length of a file cannot be believed; None where it can.

    Parameters
    ----------
    path : pathlib.Path
        A file of one byte or more.
    container : str
        As soundfile names it.
    n_frames : int
        As libsndfile finds them.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import soundfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "clip.wav")
    ...     soundfile.write(path, np.zeros(8000), 8000)
    ...     size = path.write_bytes(path.read_bytes()[:10_000])
    ...     fault_of(path, "WAV", 4978)
    Fault(rule='truncated', detail='its header claims 16044 bytes and the file has 10000')
    """
    if container not in CONTAINERS:
        kinds = ", ".join(CONTAINERS)
        detail = f"{container} does not tell whether a file is whole; write it as one of {kinds}"
        return Fault("undecodable", detail)
    if container == "CAF":
        return None
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        match container:
            case "OGG":
                return _fault_of_ogg(data)
            case "FLAC":
                return _beyond(_end_of_flac(data), n_frames, 0)
            case "MP3":
                n_samples, a_frame = _samples_of_mpeg(data)
                return _beyond(n_samples, n_frames, MPEG_PADDING_FRAMES * a_frame)
            case "AU":
                end = _end_of_au(data)
            case "W64":
                end = _end_of_w64(data)
            case _:
                end = _end_of_chunks(data)
        size = len(data)
    if end <= size:
        return None
    return Fault("truncated", f"its header claims {end} bytes and the file has {size}")


def _beyond(n_samples: int, n_frames: int, margin: int) -> Fault | None:
    """Return the fault of a stream that goes on where its header lets the decoder stop."""
    if n_samples <= n_frames + margin:
        return None
    detail = f"{n_frames} frames would be read of {n_samples}: its header is wrong; write it again"
    return Fault("undecodable", detail)


# Chunks


def _end_of_chunks(data: mmap.mmap) -> int:
    """Return the byte at which the audio of RIFF, RF64 or FORM claims to end; 0 for none."""
    layout, name = (">4sI", b"SSND") if data[:4] == b"FORM" else ("<4sI", b"data")
    at, long = 12, 0
    while at + 8 <= len(data):
        chunk, length = struct.unpack_from(layout, data, at)
        if chunk == b"ds64" and at + 24 <= len(data):
            (long,) = struct.unpack_from("<Q", data, at + 16)
        if chunk == name:
            if data[:4] == b"RF64" and length == 0xFFFFFFFF:
                return at + 8 + long
            return 0 if length >= STREAMED_BYTES else at + 8 + length
        at += 8 + length + length % 2
    return 0


def _end_of_w64(data: mmap.mmap) -> int:
    """Return the byte at which the audio of Sony's Wave64 claims to end; 0 for none."""
    at = W64_HEADER + 16
    while at + W64_HEADER <= len(data):
        (length,) = struct.unpack_from("<Q", data, at + 16)
        if data[at : at + 4] == b"data":
            return at + int(length)
        at += max(W64_HEADER, length + -length % 8)
    return 0


def _end_of_au(data: mmap.mmap) -> int:
    order = "<" if data[:4] == b"dns." else ">"
    if len(data) < 12:
        return 0
    start, length = struct.unpack_from(f"{order}II", data, 4)
    return 0 if length >= STREAMED_BYTES else start + length


# Ogg


def _fault_of_ogg(data: mmap.mmap) -> Fault | None:
    flags, ended, at = 0, False, 0
    while data[at : at + 4] == b"OggS":
        n_segments = data[at + 26] if at + 27 <= len(data) else 0
        end = at + 27 + n_segments
        end += sum(data[at + 27 : end])
        if end > len(data):
            return Fault("truncated", f"its last page claims {end} bytes of the {len(data)}")
        flags = data[at + 5]
        if ended and flags & OGG_BEGINS:
            detail = "another stream follows the first, which alone would be heard; divide them"
            return Fault("undecodable", detail)
        ended, at = ended or bool(flags & OGG_ENDS), end
    if ended:
        return None
    return Fault("truncated", "the page that ends an Ogg stream is not there")


# FLAC


def _end_of_flac(data: mmap.mmap) -> int:
    """Return the samples up to the end of the last frame, by its header; 0 where none is found."""
    if len(data) < 42 or data[:4] != b"fLaC":
        return 0
    (block_size,) = struct.unpack_from(">H", data, 8)
    at = len(data)
    while (at := data.rfind(b"\xff", max(0, len(data) - FLAC_TAIL_BYTES), at)) >= 0:
        if data[at + 1 : at + 2] in (b"\xf8", b"\xf9"):
            end = _end_of_flac_frame(data[at : at + 16], block_size)
            if end:
                return end
    return 0


def _end_of_flac_frame(head: bytes, block_size: int) -> int:
    """Return the samples up to the end of a frame; 0 where `head` is not one's (RFC 9639, 9.1)."""
    if len(head) < 6 or head[3] & 1:
        return 0
    length = max(1, 8 - (head[4] ^ 0xFF).bit_length())  # of the coded number, in UTF-8's way
    number = head[4] & (0x7F if length == 1 else 0xFF >> (length + 1))
    for byte in head[5 : 4 + length]:
        number = number << 6 | byte & 0x3F
    at, code, rate = 4 + length, head[2] >> 4, head[2] & 15
    sizes = {1: 192, **{c: 144 << c for c in range(2, 6)}, **{c: 1 << c for c in range(8, 16)}}
    extra = {6: 1, 7: 2}.get(code, 0)
    size = sizes.get(code, int.from_bytes(head[at : at + extra], "big") + 1 if extra else 0)
    at += extra + {12: 1, 13: 2, 14: 2}.get(rate, 0)
    if not size or at >= len(head) or _crc8(head[:at]) != head[at]:
        return 0
    return number + size if head[1] & 1 else number * block_size + size


def _crc8(content: bytes) -> int:
    """Return the cyclic redundancy check by x^8 + x^2 + x + 1."""
    found = 0
    for byte in content:
        found ^= byte
        for _ in range(8):
            found = (found << 1 ^ 0x07) & 0xFF if found & 0x80 else found << 1
    return found


# MPEG audio


def _samples_of_mpeg(data: mmap.mmap) -> tuple[int, int]:
    """Return the samples of all frames that follow each other, and those of the last one."""
    found = a_frame = 0
    for a_frame in _mpeg_frames(data):
        found += a_frame
    return found, a_frame


def _mpeg_frames(data: mmap.mmap) -> Iterator[int]:
    """Yield the samples of each frame, from the first that another follows on."""
    at = 0
    while data[at : at + 3] == b"ID3" and at + 10 <= len(data):
        b = data[at + 6 : at + 10]
        at += 10 + (b[0] << 21 | b[1] << 14 | b[2] << 7 | b[3])
    while (at := data.find(b"\xff", at)) >= 0:
        frame = _mpeg_frame(data[at : at + 4])
        if frame and _mpeg_frame(data[at + frame[0] : at + frame[0] + 4]):
            break
        at += 1
    while at >= 0 and (frame := _mpeg_frame(data[at : at + 4])):
        yield frame[1]
        at += frame[0]


def _mpeg_frame(head: bytes) -> tuple[int, int] | None:
    """Return the bytes and the samples of the frame of a header; None where it is not one."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    bitrate, rate, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer == 4 or bitrate in (0, 15) or rate == 3:
        return None
    bits = 1000 * MPEG_BITRATES[version == 3, layer][bitrate - 1]
    hertz = MPEG_RATES[version][rate]
    if layer == 1:
        return (12 * bits // hertz + padding) * 4, 384
    n_samples = 576 if layer == 3 and version != 3 else 1152
    return n_samples // 8 * bits // hertz + padding, n_samples
