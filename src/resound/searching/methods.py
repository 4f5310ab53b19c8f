"""Methods: what turns windows of sound into vectors that are compared by the cosine.

A method is an encoder with its weights, or the statistics of a feature: the mean and the standard
deviation over the frames of a window of each of its dims. Vectors have unit length; that of a
window without direction, such as silence may be, is zero and like nothing.
"""

import importlib.util
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from resound.errors import DataError, EnvironmentProblem, ParameterError, check_choice, unknown
from resound.experiment.weights import PUBLISHED, Published, Weights, find
from resound.features.extraction import COMMON, extract_batch, feature_shape, options_of
from resound.files import sha256_of
from resound.registry import ENCODERS, FEATURES

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

PREFERRED = ("efficientat", "mn04_as_mAP_432.pt")
OTHERWISE = "mfcc_derivatives_dct"
# The benchmark's setting of the features by which DTW and cosine find most.
FRAMING = {"sample_rate": 44_100, "n_fft": 4096, "hop_length": 1024}
ENCODER, STATISTICS = "encoder", "statistics"
CLIPS_A_BATCH = 8


class Method(Protocol):
    """What turns windows into vectors.

    Attributes
    ----------
    spec : dict
        All that decides the vectors, of plain built-ins.
    title : str
        What it is, for a person.
    sample_rate : int
        Of the waveforms it reads, Hz.
    minimum : int
        Samples of the shortest window that it can read.
    dimension : int
        Numbers of a vector.
    reads_words : bool
        Whether it makes vectors of words too.
    """

    spec: dict[str, Any]
    title: str
    sample_rate: int
    minimum: int
    dimension: int
    reads_words: bool

    def vectors(self, waveforms: Float32) -> Float32:
        """Return the vectors (n, dimension) of windows `waveforms` (n, samples)."""

    def of_words(self, words: str) -> Float32:
        """Return the vector (dimension,) of a sentence."""


class Statistics:
    """Mean and standard deviation over the frames of a window, of every dim of a feature.

    Each number is centred and scaled by what stands in the spec, which was fitted once on windows
    of the folder that is searched.

    Parameters
    ----------
    spec : mapping
        ``kind, feature, sample_rate, n_fft, hop_length, options``, and `centre` and `scale`, lists
        of as many numbers as a vector has; without these it is not fitted yet.
    """

    reads_words = False

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self.spec = dict(spec)
        self.sample_rate, self.minimum = spec["sample_rate"], spec["n_fft"]
        self._framing = {name: spec[name] for name in COMMON}
        shape = feature_shape(spec["feature"], self.sample_rate, **self._framing, **spec["options"])
        self.dimension = 2 * shape[1]
        self.title = f"mean and deviation of {spec['feature']} over the frames, standardised"

    @property
    def is_fitted(self) -> bool:
        """Whether it knows how to centre and scale."""
        return "scale" in self.spec

    def fit(self, found: Float64) -> None:
        """Take centre and scale from what `raw` made, `found` (n, dimension)."""
        deviation = found.std(axis=0)
        # A number that is the same everywhere, or nearly, says nothing and is not blown up.
        scale = np.where(deviation > 1e-6 * np.abs(found).max(axis=0, initial=0), deviation, 1.0)
        scale[scale == 0] = 1.0
        self.spec |= {"centre": found.mean(axis=0).tolist(), "scale": scale.tolist()}

    def vectors(self, waveforms: Float32) -> Float32:
        """Return the vectors (n, dimension) of windows `waveforms` (n, samples)."""
        raw = self.raw(waveforms)
        return unit((raw - np.array(self.spec["centre"])) / np.array(self.spec["scale"]))

    def of_words(self, words: str) -> Float32:
        """Raise ParameterError: statistics have no words; no shape `(dimension,)` comes back."""
        raise ParameterError(_no_words(self.spec["feature"]))

    def raw(self, waveforms: Float32) -> Float64:
        """Return mean and deviation (n, dimension) of windows `waveforms` (n, samples)."""
        spec = self.spec
        frames = extract_batch(spec["feature"], waveforms, **self._framing, **spec["options"])
        wide = frames.astype(np.float64)
        found: Float64 = np.concatenate([wide.mean(axis=1), wide.std(axis=1)], axis=1)
        return found


class Embeddings:
    """The embedding of a window by an encoder. Sets torch's number of threads to 1.

    Parameters
    ----------
    spec : mapping
        ``kind, family, sha256, options``.
    weights : mapping
        Where its weights are: `source`, and perhaps `revision`.
    """

    def __init__(self, spec: Mapping[str, Any], weights: Mapping[str, Any]) -> None:
        import torch

        # Windows are shared among threads; each of them has one for itself.
        torch.set_num_threads(1)
        self.spec = dict(spec)
        family = spec["family"]
        block = {**weights, "sha256": spec["sha256"]}
        self._encoder: Any = ENCODERS[family](block, name=family, **spec["options"])
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._encoder.to(self._device).eval()
        self.sample_rate, self.minimum = self._encoder.sample_rate, self._encoder.minimum
        self.dimension = self._encoder.dimension
        self.reads_words = bool(self._encoder.has_text)
        self.title = f"{family}, {Path(weights['source']).name}, sha256 {spec['sha256'][:12]}"

    def vectors(self, waveforms: Float32) -> Float32:
        """Return the vectors (n, dimension) of windows `waveforms` (n, samples)."""
        import torch

        parts = []
        with torch.inference_mode():
            for first in range(0, len(waveforms), CLIPS_A_BATCH):
                batch = torch.from_numpy(waveforms[first : first + CLIPS_A_BATCH])
                parts.append(self._encoder.embed(batch.to(self._device)).float().cpu().numpy())
        return unit(np.concatenate(parts))

    def of_words(self, words: str) -> Float32:
        """Return the vector (dimension,) of a sentence."""
        import torch

        if not self.reads_words:
            raise ParameterError(_no_words(self.spec["family"]))
        with torch.inference_mode():
            found = self._encoder.embed_text([words]).float().cpu().numpy()
        vector: Float32 = unit(found)[0]
        return vector


class Choice:
    """A method as it is asked for: what it is, before anything heavy is loaded.

    Attributes
    ----------
    spec : dict
        As `Method.spec`, as far as it is known before an index is made.
    weights : dict or None
        Where an encoder's weights are.
    note : str
        What a person should know of the choice; may be empty.
    """

    def __init__(
        self, spec: dict[str, Any], weights: dict[str, Any] | None = None, note: str = ""
    ) -> None:
        self.spec, self.weights, self.note = spec, weights, note

    def load(self) -> Method:
        """Return the method; CheckpointError where the weights are not what they should be."""
        if self.weights is None:
            return Statistics(self.spec)
        return Embeddings(self.spec, self.weights)

    def is_of(self, spec: Mapping[str, Any]) -> bool:
        """Return whether the method of an index is this one, whatever was fitted for it."""
        return all(spec.get(key) == value for key, value in self.spec.items())


def choose(by: str | None, *, weights: str | None = None, options: Iterable[str] = ()) -> Choice:
    """Return the method of a name.

    Parameters
    ----------
    by : str or None
        A family of encoders or a feature; None: the best that works without a download.
    weights : str, optional
        A path, hub id or URL of the encoder's weights; the published ones by default.
    options : iterable of str
        ``name=value``: those of the family or of the feature, and of a feature `sample_rate`,
        `n_fft` and `hop_length`.

    Raises
    ------
    ParameterError
        For a name, option or weights that do not go together.
    CheckpointError
        When weights are not here and cannot be had.
    EnvironmentProblem
        When the encoder's packages are not installed.

    Examples
    --------
    >>> choose("mfcc", options=["n_mfcc=20"]).spec["options"]
    {'n_mfcc': 20}
    """
    given = dict(_option(pair) for pair in options)
    note = ""
    if by is None:
        by, note = _default() if weights is None else (None, "")
    if by is None:
        raise ParameterError(
            f"weights={weights!r} needs the family of its encoder: --by efficientat"
        )
    if by in FEATURES:
        if weights is not None:
            raise ParameterError(f"weights={weights!r}: the feature {by!r} has none")
        return Choice(_of_feature(by, given), None, note)
    if by in ENCODERS:
        return _of_encoder(by, weights, given, note)
    raise ParameterError(f"method {by!r} {unknown(by, [*ENCODERS, *FEATURES])}")


def unit(vectors: npt.NDArray[Any]) -> Float32:
    """Return `vectors` (n, dimension) at length 1, those of zeros as they are, (n, dimension).

    Raises
    ------
    DataError
        When one of them is not finite.

    Examples
    --------
    >>> unit(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]], dtype=float32)
    """
    if not np.isfinite(vectors).all():
        raise DataError("the method makes NaN or infinity of a window; choose another")
    length = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return (vectors / np.where(length > 0, length, 1)).astype(np.float32)


def _default() -> tuple[str, str]:
    """Return the name of the best method that works here at once, and what is to be said of it."""
    published = _preferred()
    here = find(Weights(published.sources[0][0])) is not None
    if here and importlib.util.find_spec("torch") is not None:
        return PREFERRED[0], ""
    size = f"{published.size / 1e6:.0f} MB"
    return OTHERWISE, f"`--by {PREFERRED[0]}` hears better; it downloads {size} once, needs torch"


def _preferred() -> Published:
    return next(entry for entry in PUBLISHED if (entry.encoder, entry.file) == PREFERRED)


def _of_feature(name: str, given: dict[str, Any]) -> dict[str, Any]:
    allowed = [*FRAMING, *options_of(name)]
    for option in given:
        check_choice(f"option of {name}", option, allowed)
    framing = {key: given.pop(key, value) for key, value in FRAMING.items()}
    return {"kind": STATISTICS, "feature": name, **framing, "options": given}


def _of_encoder(family: str, weights: str | None, given: dict[str, Any], note: str) -> Choice:
    if importlib.util.find_spec("torch") is None:
        raise EnvironmentProblem(
            f"{family} needs torch; install it with `python -m pip install 'resound[encoders]'`, "
            f"or choose a feature: --by {OTHERWISE}"
        )
    from resound.encoders.weights import check_path, locate

    for option in given:
        check_choice(f"option of {family}", option, ENCODERS.options(family))
    block: dict[str, Any] = {"source": weights} if weights else _published(family)
    path = locate(family, block)
    file = check_path(path, family, Weights.of(block))
    digest = sha256_of(file)
    if Path(block["source"]).exists():
        block["source"] = str(Path(block["source"]).resolve())
    spec = {"kind": ENCODER, "family": family, "sha256": digest, "options": given}
    return Choice(spec, block, note)


def _published(family: str) -> dict[str, Any]:
    """Return where a family's published weights are: the first that are here, or else the first."""
    known = [
        {"source": source, "revision": revision}
        for entry in sorted(PUBLISHED, key=lambda entry: (entry.encoder, entry.file) != PREFERRED)
        if entry.encoder == family
        for source, revision in entry.sources[:1]
    ]
    if not known:
        raise ParameterError(
            f"{family} reads weights of many kinds; name some: --by {family} --weights <path or id>"
        )
    here = [block for block in known if find(Weights.of(block)) is not None]
    return (here or known)[0]


def _option(pair: str) -> tuple[str, Any]:
    name, equals, value = pair.partition("=")
    if not equals:
        raise ParameterError(f"option {pair!r} must be name=value")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _no_words(name: str) -> str:
    texts = [family for family in ENCODERS if ENCODERS.entry(family).traits.get("text")]
    return f"{name} compares no words; make an index by an encoder that reads them: --by {texts[0]}"
