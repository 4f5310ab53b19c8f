"""Sounds of the synthetic data set: ten made-up ones, each in the likeness of an ESC-50 class.

A sound is a function of a `Scene` to a waveform, shape (n_samples,), of any level. What it draws
from ``scene.recording`` is common to all takes of a recording (pitch, rate, colour); what it draws
from ``scene.take`` is this take's own (when things happen, how loud, the noise).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft

Waveform = npt.NDArray[np.float64]

LOWEST_HZ = 20.0
# The ratios of a bell's partials to its strike note: hum, prime, tierce, quint, nominal and above.
BELL_PARTIALS = np.array([0.5, 1.0, 1.2, 1.5, 2.0, 2.5, 2.67, 3.0, 4.0])


@dataclass(frozen=True)
class Scene:
    """The place and moment of a sound, from which all that is drawn of it comes.

    Attributes
    ----------
    recording, take : numpy.random.Generator
        What all takes of a recording share, and what is this take's own.
    n_samples : int
        Length of the waveform.
    sample_rate : int
        In Hz.
    """

    recording: np.random.Generator
    take: np.random.Generator
    n_samples: int
    sample_rate: int

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.sample_rate

    def time(self, seconds: float | None = None) -> Waveform:
        """Return the times of all samples, or of those of a shorter sound.

        Parameters
        ----------
        seconds : float, optional
            Length of the sound; that of the scene without it.

        Returns
        -------
        ndarray, shape (n_samples,) or (n_times,)
            Seconds, from 0.

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> Scene(rng, rng, n_samples=16000, sample_rate=16000).time(0.0002)
        array([0.00e+00, 6.25e-05, 1.25e-04])
        """
        length = self.n_samples if seconds is None else max(1, round(seconds * self.sample_rate))
        return np.arange(length) / self.sample_rate

    def noise(self, low: float, high: float, slope: float = 0.0) -> Waveform:
        r"""Return Gaussian noise of unit RMS.

        Its power falls from `low` downwards and from `high` upwards by 12 dB an octave, and between
        with the frequency to the power of `-slope`:

        .. math:: P(f) \propto \frac{f^{-slope}}{(1 + (low / f)^2)^2 \, (1 + (f / high)^2)^2}

        Parameters
        ----------
        low, high : float
            Hz.
        slope : float
            0 is white, 1 pink, 2 brown.

        Returns
        -------
        ndarray, shape (n_samples,)
        """
        f = scipy.fft.rfftfreq(self.n_samples, 1 / self.sample_rate).astype(np.float32)
        f = np.maximum(f, LOWEST_HZ)
        gain = f ** (-slope / 2) / ((1 + (low / f) ** 2) * (1 + (f / high) ** 2))
        spectrum = np.empty(len(f), np.complex64)
        spectrum.real = self.take.standard_normal(len(f), np.float32) * gain
        spectrum.imag = self.take.standard_normal(len(f), np.float32) * gain
        waveform = scipy.fft.irfft(spectrum, self.n_samples).astype(np.float64)
        return np.asarray(waveform / np.sqrt(np.mean(np.square(waveform))))

    def place(self, pulse: Waveform, times: Waveform, levels: npt.ArrayLike = 1.0) -> Waveform:
        """Return the sum of copies of a pulse, those at the end cut off there.

        Parameters
        ----------
        pulse : ndarray, shape (n_pulse,)
            Samples.
        times : ndarray, shape (n_times,)
            When they start, in seconds from 0.
        levels : array_like, shape (n_times,) or ()
            What each is multiplied by.

        Returns
        -------
        ndarray, shape (n_samples,)

        Examples
        --------
        >>> rng = np.random.default_rng(0)
        >>> scene = Scene(rng, rng, n_samples=6, sample_rate=2)
        >>> scene.place(np.array([1.0, 0.5]), np.array([0.5, 2.5]), [1.0, 2.0])
        array([0. , 1. , 0.5, 0. , 0. , 2. ])
        """
        waveform = np.zeros(self.n_samples)
        starts = np.round(times * self.sample_rate).astype(int)
        for start, level in zip(starts, np.broadcast_to(levels, starts.shape), strict=True):
            part = waveform[start : start + len(pulse)]
            part += level * pulse[: len(part)]
        return waveform

    def scattered(self, per_second: float) -> Waveform:
        """Return random times, on average so many a second and at least one: (n_times,), in s."""
        count = max(1, self.take.poisson(per_second * self.duration))
        return self.take.uniform(0, self.duration * (1 - 1 / (count + 1)), count)

    def regular(self, period: float, jitter: float = 0.0) -> Waveform:
        """Return times at one distance, each a little off.

        Parameters
        ----------
        period : float
            Seconds from one to the next.
        jitter : float
            Standard deviation of each, in periods.

        Returns
        -------
        ndarray, shape (n_times,)
            Seconds, at most 95 % of the duration.
        """
        times = np.arange(self.take.uniform(0, min(period, self.duration)), self.duration, period)
        times += self.take.normal(0, jitter * period, len(times))
        return np.asarray(np.clip(times, 0, 0.95 * self.duration))


Sound = Callable[[Scene], Waveform]


def dog(scene: Scene) -> Waveform:
    """Return barks (n_samples,): harmonics of a falling pitch under two formants, and breath."""
    pitch, length = scene.recording.uniform(250, 700), scene.recording.uniform(0.12, 0.3)
    formants = scene.recording.uniform([600, 1400], [1100, 2600])
    t = scene.time(length)
    phase = 2 * np.pi * pitch * (t + 0.04 * np.sin(np.pi * t / length))
    bark = np.zeros(len(t))
    for n in range(1, 1 + int(0.4 * scene.sample_rate / pitch)):
        bark += _resonance(n * pitch, formants, 250.0) * np.sin(n * phase)
    bark += 0.2 * np.std(bark) * scene.take.standard_normal(len(t))
    times = scene.scattered(scene.recording.uniform(0.5, 1.6))
    return scene.place(bark * _swell(t, 0.02), times, scene.take.uniform(0.6, 1.0, len(times)))


def chirping_birds(scene: Scene) -> Waveform:
    """Return chirps (n_samples,): short sweeps of a few kHz with a quick warble, in phrases."""
    start, span = scene.recording.uniform(2500, 5000), scene.recording.uniform(-1200, 1800)
    warble, length = scene.recording.uniform(15, 60), scene.recording.uniform(0.05, 0.18)
    t = scene.time(length)
    frequency = start + span * t / length + 200 * np.sin(2 * np.pi * warble * t)
    chirp = np.sin(2 * np.pi * np.cumsum(frequency) / scene.sample_rate) * np.sin(
        np.pi * t / length
    )
    phrase = np.arange(scene.recording.integers(2, 7)) * length * scene.recording.uniform(1.2, 2.0)
    times = np.add.outer(scene.scattered(0.7), phrase).ravel()
    return scene.place(chirp, times, scene.take.uniform(0.3, 1.0, len(times)))


def rain(scene: Scene) -> Waveform:
    """Return rain (n_samples,): a steady hiss, and drops that ring for some milliseconds."""
    hiss = scene.noise(
        scene.recording.uniform(300, 1500), scene.recording.uniform(5000, 12000), 0.5
    )
    times = scene.scattered(scene.recording.uniform(20, 150))
    drop = _ring(scene.time(0.02), scene.recording.uniform(1500, 5000), 0.004)
    drops = scene.place(drop, times, scene.take.exponential(1.0, len(times)))
    return hiss + scene.recording.uniform(0.5, 3.0) * drops


def sea_waves(scene: Scene) -> Waveform:
    """Return waves (n_samples,): coloured noise that swells and falls back every few seconds."""
    t, period = scene.time(), scene.recording.uniform(2.5, 7.0)
    phase = 2 * np.pi * (t / period + scene.take.uniform())
    swell = np.exp(scene.recording.uniform(0.7, 1.6) * np.sin(phase + 0.5 * np.sin(phase)))
    return swell * scene.noise(60, scene.recording.uniform(1200, 5000), 1.0)


def crackling_fire(scene: Scene) -> Waveform:
    """Return a fire (n_samples,): clicks of very unequal strength above a low rumble."""
    times = scene.scattered(scene.recording.uniform(8, 40))
    click = _ring(scene.time(0.01), scene.recording.uniform(1500, 6000), 0.0015)
    clicks = scene.place(click, times, np.minimum(scene.take.pareto(1.5, len(times)), 20.0))
    return clicks + scene.recording.uniform(0.1, 0.5) * scene.noise(30, 250, 1.0)


def clapping(scene: Scene) -> Waveform:
    """Return claps (n_samples,): bursts of noise at 1 to 2 kHz, several a second, not regular."""
    centre = scene.recording.uniform(900, 2200)
    t = scene.time(0.08)
    clap = scene.recording.standard_normal(len(t)) * np.exp(
        -t / scene.recording.uniform(0.006, 0.02)
    )
    times = scene.regular(scene.recording.uniform(0.18, 0.4), 0.06)
    levels = scene.take.uniform(0.5, 1.0, len(times))
    body = _ring(t, centre, 0.008)
    return scene.place(np.convolve(clap, body)[: len(t)], times, levels)


def clock_tick(scene: Scene) -> Waveform:
    """Return ticks (n_samples,): two short rings in turn at a steady rate."""
    period = 1 / scene.recording.choice([2.0, 3.0, 4.0, 5.0])
    tones = scene.recording.uniform([2000, 1500], [6000, 4500])
    times = scene.regular(period, 0.002)
    t, decay = scene.time(0.06), scene.recording.uniform(0.003, 0.01)
    tick = scene.place(_ring(t, tones[0], decay), times[::2])
    return tick + 0.8 * scene.place(_ring(t, tones[1], decay), times[1::2])


def siren(scene: Scene) -> Waveform:
    """Return a siren (n_samples,): a tone with harmonics whose pitch goes up and down."""
    low, ratio = scene.recording.uniform(450, 800), scene.recording.uniform(1.4, 2.4)
    turns = scene.time() * scene.recording.uniform(0.25, 3.0) + scene.take.uniform()
    climb = np.abs(2 * (turns % 1) - 1)
    phase = 2 * np.pi * np.cumsum(low * ratio**climb) / scene.sample_rate
    levels = scene.recording.uniform(0.1, 0.7, 4) / np.arange(2, 6)
    tone = np.sin(phase)
    for n, level in enumerate(levels, start=2):
        tone += level * np.sin(n * phase)
    return tone


def engine(scene: Scene) -> Waveform:
    """Return an engine (n_samples,): harmonics of a low, unsteady rate, noise in the same pulse."""
    rate, t = scene.recording.uniform(22, 70), scene.time()
    drift = 1 + 0.03 * np.sin(2 * np.pi * (0.3 * t + scene.take.uniform()))
    phase = 2 * np.pi * np.cumsum(rate * drift) / scene.sample_rate
    n_harmonics = 24
    levels = scene.recording.uniform(0.2, 1.0, n_harmonics) / np.arange(1, n_harmonics + 1) ** 0.7
    shifts = scene.recording.uniform(0, 2 * np.pi, n_harmonics)
    # One period of the harmonics, looked up by phase: 24 sines for the price of one.
    table = np.linspace(0, 2 * np.pi, 4096)
    period = (levels * np.sin(np.outer(table, np.arange(1, n_harmonics + 1)) + shifts)).sum(axis=1)
    pulse = np.interp(phase % (2 * np.pi), table, period)
    return np.asarray(pulse + 0.4 * (1 + np.cos(phase)) * scene.noise(100, 3000, 1.0))


def church_bells(scene: Scene) -> Waveform:
    """Return bells (n_samples,): strikes of inharmonic partials, the higher ones dying sooner."""
    note = scene.recording.uniform(220, 650)
    decays = scene.recording.uniform(0.8, 2.5) / BELL_PARTIALS
    levels = scene.recording.uniform(0.3, 1.0, len(BELL_PARTIALS))
    t = scene.time(min(3.0, scene.duration))
    partials = zip(levels, BELL_PARTIALS, decays, strict=True)
    bell = np.sum([a * _ring(t, note * ratio, decay) for a, ratio, decay in partials], axis=0)
    times = scene.regular(scene.recording.uniform(0.9, 2.2), 0.02)
    return scene.place(bell, times, scene.take.uniform(0.6, 1.0, len(times)))


SOUNDS: dict[str, Sound] = {
    sound.__name__: sound
    for sound in (
        dog,
        rain,
        sea_waves,
        crackling_fire,
        chirping_birds,
        clapping,
        clock_tick,
        siren,
        engine,
        church_bells,
    )
}


def _ring(t: Waveform, frequency: float, decay: float) -> Waveform:
    """Return a sine that falls by 1/e in `decay` seconds."""
    return np.asarray(np.exp(-t / decay) * np.sin(2 * np.pi * frequency * t))


def _swell(t: Waveform, attack: float) -> Waveform:
    """Return an envelope that rises over `attack` seconds and is back at 0 at the end of `t`."""
    return np.asarray(np.minimum(t / attack, 1.0) * np.cos(np.pi / 2 * t / t[-1]) ** 2)


def _resonance(frequency: float, centres: Waveform, width: float) -> float:
    """Return the gain at `frequency` of resonances at `centres`, all in Hz."""
    return float(np.sum(1 / (1 + ((frequency - centres) / width) ** 2)))
