"""Disturbances of clips: what becomes of a sound between its source and a recording of it.

Each takes a mono waveform and gives back one of the same length, without silence added: what a
method loses is then due to the disturbance. A silent clip stays as it is.

======== ============================ ==================================================
kind     value                        what is done
======== ============================ ==================================================
noise    signal-to-noise ratio, dB    white Gaussian noise is added
gain     dB                           the level changes
lowpass  Hz                           a Butterworth filter of order 4 (24 dB an octave)
highpass Hz                           the same above
clip     share of the peak, 0 to 1    samples beyond it are cut to it
mp3      compression level, 0 to 1    coded and decoded again, as libsndfile has the level
vorbis   compression level, 0 to 1    the same as Ogg Vorbis
speed    factor, 1/4 to 4             resampled: pitch and tempo change together; what gets
                                      longer is cropped, what gets shorter begins again
pitch    semitones, -24 to 24         the pitch changes and the tempo does not: time is
                                      stretched by a phase vocoder, then resampled
shift    seconds                      moved round: what leaves at the end comes in at the
                                      beginning
======== ============================ ==================================================
"""

import hashlib
import io
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from scipy import signal

from resound import store
from resound.dsp.stretch import time_stretch
from resound.errors import ParameterError, check_choice
from resound.jobs.progress import track
from resound.pages import give_back

Float32 = npt.NDArray[np.float32]
FILTER_ORDER = 4


class Kind(NamedTuple):
    """A kind of disturbance.

    Attributes
    ----------
    apply : callable
        Takes a waveform, the value, the sample rate in Hz and a generator; returns a waveform.
    low, high : float
        Between which its value lies.
    unit : str
        Of the value, for people.
    """

    apply: Callable[[Float32, float, int, np.random.Generator], npt.NDArray[np.floating[Any]]]
    low: float
    high: float
    unit: str


def disturbed(
    waveform: npt.ArrayLike, kind: str, value: float, *, sample_rate: int, seed: str = ""
) -> Float32:
    """Return a disturbed waveform; see the module.

    Parameters
    ----------
    waveform : array_like, shape (samples,)
        One clip, full scale 1.
    kind : str
        One of `KINDS`.
    value : float
        How much of it.
    sample_rate : int
        Hz.
    seed : str
        Decides the noise: the id of the clip.

    Returns
    -------
    ndarray of float32, shape (samples,)

    Raises
    ------
    ParameterError
        For a kind that is not known, or a value out of its range.

    Examples
    --------
    >>> disturbed([0.1, -0.4, 0.2], "clip", 0.5, sample_rate=8000)
    array([ 0.1, -0.2,  0.2], dtype=float32)
    """
    x = np.asarray(waveform, np.float32)
    of = KINDS[check_choice("kind", kind, KINDS)]
    if not of.low <= value <= of.high:
        raise ParameterError(f"{kind}={value!r} must lie between {of.low:g} and {of.high:g}")
    if not x.any():
        return x
    digest = hashlib.sha256(f"{kind} {value} {seed}".encode()).digest()
    rng = np.random.default_rng(list(digest))
    return np.asarray(of.apply(x, float(value), sample_rate, rng), np.float32)


def disturb_clips(
    spec: Mapping[str, Any], *, waveforms: store.AnyPath, output: store.AnyPath
) -> None:
    """Store all clips disturbed.

    Parameters
    ----------
    spec : mapping
        As `resound.experiment.specs.disturbed_audio` makes it.
    waveforms : path
        The clips (clips, samples).
    output : path
        The same clips, disturbed.
    """
    clean = {key: value for key, value in spec.items() if key != "disturbance"}
    audio = store.open_array(waveforms, spec=clean)
    ((kind, value),) = spec["disturbance"].items()
    with store.create_array(
        output, audio.values.shape, "float32", spec=spec, ids=audio.ids
    ) as found:
        for row, clip in enumerate(track(audio.ids["clips"], "disturb clips")):
            found[row] = disturbed(
                audio.values[row], kind, value, sample_rate=spec["sample_rate"], seed=clip
            )
            give_back(found)


def _noise(
    x: Float32, ratio: float, sample_rate: int, rng: np.random.Generator
) -> npt.NDArray[np.floating[Any]]:
    noise = rng.standard_normal(len(x))
    power = np.mean(np.square(x, dtype=np.float64)) / 10 ** (ratio / 10)
    noisy: npt.NDArray[np.float64] = x + np.sqrt(power / np.mean(noise**2)) * noise
    return noisy


def _gain(x: Float32, decibel: float, *_: Any) -> npt.NDArray[np.floating[Any]]:
    return x * 10 ** (decibel / 20)


def _lowpass(x: Float32, hertz: float, rate: int, _: Any) -> npt.NDArray[np.floating[Any]]:
    return _filtered(x, hertz, rate, "lowpass")


def _highpass(x: Float32, hertz: float, rate: int, _: Any) -> npt.NDArray[np.floating[Any]]:
    return _filtered(x, hertz, rate, "highpass")


def _filtered(x: Float32, hertz: float, rate: int, kind: str) -> npt.NDArray[np.floating[Any]]:
    if 2 * hertz >= rate:
        if kind == "lowpass":  # nothing of the clip lies above
            return x
        raise ParameterError(f"highpass={hertz:g} Hz leaves nothing of clips at {rate} Hz")
    sections = signal.butter(FILTER_ORDER, hertz, kind, fs=rate, output="sos")
    found: npt.NDArray[np.floating[Any]] = signal.sosfilt(sections, x)
    return found


def _clip(x: Float32, share: float, *_: Any) -> npt.NDArray[np.floating[Any]]:
    limit = share * np.abs(x).max()
    cut: Float32 = np.clip(x, -limit, limit)
    return cut


def _mp3(x: Float32, level: float, rate: int, _: Any) -> npt.NDArray[np.floating[Any]]:
    return _coded(x, rate, "MP3", "MPEG_LAYER_III", level)


def _vorbis(x: Float32, level: float, rate: int, _: Any) -> npt.NDArray[np.floating[Any]]:
    return _coded(x, rate, "OGG", "VORBIS", level)


def _coded(x: Float32, rate: int, container: str, subtype: str, level: float) -> Float32:
    content = io.BytesIO()
    soundfile.write(content, x, rate, format=container, subtype=subtype, compression_level=level)
    content.seek(0)
    decoded: Float32 = soundfile.read(content, dtype="float32")[0]
    return np.resize(decoded, len(x))  # codecs may add a few samples or leave some out


def _speed(x: Float32, factor: float, rate: int, _: Any) -> npt.NDArray[np.floating[Any]]:
    moved: Float32 = soxr.resample(x, rate * factor, rate, "HQ")
    return np.resize(moved, len(x))


def _pitch(x: Float32, semitones: float, rate: int, _: Any) -> npt.NDArray[np.floating[Any]]:
    factor = 2 ** (semitones / 12)
    stretched = time_stretch(x, 1 / factor)
    moved: Float32 = soxr.resample(stretched, rate * factor, rate, "HQ")
    return np.resize(moved, len(x))


def _shift(x: Float32, seconds: float, rate: int, _: Any) -> npt.NDArray[np.floating[Any]]:
    moved: Float32 = np.roll(x, round(seconds * rate))
    return moved


KINDS = {
    "noise": Kind(_noise, -60, 120, "dB"),
    "gain": Kind(_gain, -120, 60, "dB"),
    "lowpass": Kind(_lowpass, 1, 1e6, "Hz"),
    "highpass": Kind(_highpass, 1, 1e6, "Hz"),
    "clip": Kind(_clip, 0.001, 1, ""),
    "mp3": Kind(_mp3, 0, 1, ""),
    "vorbis": Kind(_vorbis, 0, 1, ""),
    "speed": Kind(_speed, 0.25, 4, ""),
    "pitch": Kind(_pitch, -24, 24, "semitones"),
    "shift": Kind(_shift, -1e4, 1e4, "s"),
}
