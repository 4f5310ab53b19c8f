"""Specs of jobs, which decide all outputs: functions of the config and of a coordinate.

A *spec* is a nested dict of plain built-ins that holds all that decides the output of a job, the
specs of its inputs included, and nothing else. Snakemake re-runs a job whose spec has changed; a
stored artefact carries its spec, and a reader refuses another.
"""

import functools
from collections.abc import Sequence
from importlib import resources
from typing import Any

from resound.errors import ConfigError, ParameterError
from resound.experiment.config_types import Config
from resound.experiment.coordinates import (
    FINETUNED,
    FUSION,
    LEAVE_ONE_OUT,
    LINEAR,
    MASKED,
    TAGS,
    TWO_STAGE,
    WINDOWS,
    WORDS,
    ZERO_SHOT,
    Autoencoder,
    Bank,
    Changed,
    Classifier,
    Combined,
    Disturbed,
    Embedding,
    Encoding,
    Ensemble,
    Feature,
    Fusion,
    HeadTraining,
    NetworkTraining,
    Part,
    Pretrained,
    Run,
    Split,
    Training,
    TwoStage,
)
from resound.experiment.plan import NETWORK_OF, NORMALISE, VARIANT_OF, own_recipe, recipe
from resound.experiment.weights import encoder_weights
from resound.provenance import (
    NUMERIC_LIBRARIES,
    TRAINING_LIBRARIES,
    numeric_versions,
    spec_digest,
)
from resound.registry import DISTANCES, ENCODERS, FEATURES, HEADS

Spec = dict[str, Any]

# Options that are part of a training's spec as they stand: of every one, of a classifier's and of
# a fine-tuning's.
TRAINING_OPTIONS = (
    "epochs",
    "steps",
    "batch_size",
    "learning_rate",
    "weight_decay",
    "warmup_epochs",
    "average",
    "accelerator",
    "precision",
    "threads",
)
CLASSIFIER_OPTIONS = ("selection", "label_smoothing", "augmentation")
FINETUNE_OPTIONS = (
    "selection",
    "epochs",
    "steps",
    "batch_size",
    "accumulate",
    "learning_rate",
    "encoder_learning_rate",
    "layer_decay",
    "weight_decay",
    "warmup_epochs",
    "average",
    "label_smoothing",
    "gradient_clip",
    "augmentation",
    "accelerator",
    "precision",
)
# Keys of every encoder's block in the config; the others are its options.
ENCODER_KEYS = ("family", "weights", "optional", "threads", "trained_on", WINDOWS)
# Keys of a distance's block that say how it is found and not what it measures.
FINDING = ("mode", "device")
# Keys of several distances that make one ranking: which ones they are.
PARTS = ("parts", "proposes", "decides")

# Data


def dataset(config: Config) -> Spec:
    """Return the spec of the data set: which one, and where it comes from."""
    origin = {
        "synthetic": {**config["synthetic"], "duration": config["audio"]["duration"]},
        "folder": {},
    }
    name = config["dataset"]
    return {"dataset": name, "origin": origin.get(name, config["archive"])}


def on_split_recording(config: Config) -> str:
    """Return what becomes of recordings in several folds: those of ESC-50 stay as released."""
    chosen = {"folder": config["on_split_recording"], "synthetic": "error"}
    policy: str = chosen.get(config["dataset"], "keep")
    return policy


def index(config: Config) -> Spec:
    """Return the spec of the list of clips and of its audit."""
    # The released sets have none.
    names = {"on_near_names": config["on_near_names"]} if config["dataset"] == "folder" else {}
    return {
        "dataset": config["dataset"],
        "duration": config["audio"]["duration"],
        "on_bad_audio": config["on_bad_audio"],
        "on_split_recording": on_split_recording(config),
        **names,
        **({"make_folds": config["make_folds"]} if config["make_folds"] else {}),
    }


def split(config: Config, split: Split) -> Spec:
    """Return the spec of a split: which clips ask and which answer."""
    return {
        "query_folds": list(split.query_folds),
        "on_split_recording": on_split_recording(config),
        **({"within": True} if split.within else {}),
    }


def audio(config: Config, sample_rate: int) -> Spec:
    """Return the spec of the waveforms that are decoded at a sample rate in Hz."""
    return {**config["audio"], "sample_rate": sample_rate, **versions(config)}


def part_audio(config: Config, sample_rate: int, seconds: float) -> Spec:
    """Return the spec of the first seconds of all clips at a sample rate in Hz."""
    return {**audio(config, sample_rate), "seconds": seconds}


def disturbed_audio(config: Config, sample_rate: int, condition: str) -> Spec:
    """Return the spec of all clips at a sample rate in Hz, disturbed as a condition says."""
    named: dict[str, Any] = {**config["robustness"]["conditions"][condition]}
    disturbance = {kind: float(value) for kind, value in named.items()}
    return {**audio(config, sample_rate), "disturbance": disturbance}


def versions(config: Config, libraries: Sequence[str] = NUMERIC_LIBRARIES) -> Spec:
    """Return the versions of libraries that are part of a spec: none unless asked for."""
    found = numeric_versions(config["provenance"]["strict"], libraries)
    return {"versions": found} if found else {}


# Banks


def bank(config: Config, source: Bank) -> Spec:
    """Return the spec of what a run compares; ParameterError of several, which have no bank."""
    match source:
        case Fusion() | TwoStage():
            raise ParameterError(f"{source.name} has no bank, its parts have")
        case Part() | Disturbed():
            return bank(config, source.bank)
        case Feature():
            return feature_bank(config, source)
        case Embedding():
            return embedding(config, source.training)
        case Encoding():
            return encoding(config, source)


def asking(config: Config, changed: Changed) -> Spec:
    """Return the spec of a bank of changed clips: that of the clips as they are, of other audio."""
    rate = changed.setting.sample_rate
    if isinstance(changed, Part):
        return {**bank(config, changed.bank), "audio": part_audio(config, rate, changed.seconds)}
    audio = disturbed_audio(config, rate, changed.condition)
    return {**bank(config, changed.bank), "audio": audio}


def disturbed_training(config: Config, of: NetworkTraining | HeadTraining, condition: str) -> Spec:
    """Return the spec of what a training tells of all clips, disturbed as a condition says."""
    setting = of.encoder.setting if isinstance(of, HeadTraining) else of.feature.setting
    audio = disturbed_audio(config, setting.sample_rate, condition)
    return {"training": training(config, of), "audio": audio}


def feature_bank(config: Config, feature: Feature) -> Spec:
    """Return the spec of a bank of one feature at one setting."""
    block = config["features"].get(feature.name, {})
    options = {key: block[key] for key in block if key not in (VARIANT_OF, NORMALISE)}
    return {
        "audio": audio(config, feature.setting.sample_rate),
        "feature": feature.kind,
        "stft": feature.setting.spec,
        "options": options,
    }


def embedding(config: Config, of: NetworkTraining) -> Spec:
    """Return the spec of what a trained network makes of all clips."""
    return {"training": training(config, of)}


def encoding(config: Config, source: Encoding) -> Spec:
    """Return the spec of one vector of all clips by an encoder, or by what was trained on it."""
    if source.vector == WINDOWS:
        return windows(config, source.encoder)
    if source.vector == TAGS:
        return tags(config, source.encoder)
    if source.training is None:
        return frozen(config, source.encoder)
    return vector(config, source.training, source.vector)


def frozen(config: Config, of: Pretrained) -> Spec:
    """Return the spec of the embeddings of all clips by an encoder as it was published."""
    return {
        "audio": audio(config, of.sample_rate),
        "encoder": encoder(config, of),
        **versions(config, TRAINING_LIBRARIES),
    }


def tags(config: Config, of: Pretrained) -> Spec:
    """Return the spec of the logits of AudioSet's classes of all clips by an encoder."""
    return {**frozen(config, of), "vector": TAGS}


def windows(config: Config, of: Pretrained) -> Spec:
    """Return the spec of the embeddings of windows of all clips by an encoder as published.

    Raises
    ------
    ConfigError
        When the config does not say how the encoder's clips are cut.
    """
    block = config["encoders"][of.name].get(WINDOWS)
    if not block:
        raise ConfigError(without_windows(of.name))
    return {**frozen(config, of), WINDOWS: {key: float(block[key]) for key in sorted(block)}}


def without_windows(encoder: str) -> str:
    """Say of an encoder of the config that its windows are not told, and where to tell them."""
    return (
        f"{encoder} cuts no clip into windows; say how in "
        f"encoders.{encoder}.{WINDOWS}: {{seconds: 2.0, hop: 1.0}}"
    )


def encoder(config: Config, of: Pretrained) -> Spec:
    """Return the spec of an encoder: its weights, and the options that decide its embeddings."""
    block, texts = config["encoders"][of.name], _text_options(of)
    return {
        "name": of.name,
        "family": of.family,
        "sha256": encoder_weights(config, of.name).digest,
        "threads": int(block["threads"]),
        "options": {k: v for k, v in block.items() if k not in (*ENCODER_KEYS, *texts)},
    }


def encoder_modules(config: Config, of: Pretrained, *, tuned: bool = False) -> list[str]:
    """Return the module of an encoder and, where it is fine-tuned, that of its head."""
    head = [HEADS.entry(config["finetune"]["heads"][of.name]).module] if tuned else []
    return [of.module, *head]


def words(config: Config, of: Pretrained) -> Spec:
    """Return the spec of the embeddings of the classes' names."""
    block, spec = config["encoders"][of.name], encoder(config, of)
    texts = {key: block[key] for key in _text_options(of) if key in block}
    return {"encoder": {**spec, "options": {**spec["options"], **texts}}}


@functools.cache
def tag_map() -> str:
    """Return a digest of the file that says which classes of AudioSet stand for a category."""
    return spec_digest(resources.files("resound.data").joinpath("audioset.csv").read_text("utf-8"))


def vector(config: Config, of: HeadTraining, name: str) -> Spec:
    """Return the spec of one of the vectors that a training on an encoder makes of all clips."""
    spec = {"training": training(config, of), "vector": name}
    return spec | ({"masked": dict(config["finetune"]["masked"])} if name == MASKED else {})


def _text_options(of: Pretrained) -> tuple[str, ...]:
    return tuple(ENCODERS.entry(of.family).traits.get("text_options", ()))


# Trainings


def training(config: Config, of: Training) -> Spec:
    """Return the spec of a training: its input, its options, its recipe, its seed."""
    match of:
        case HeadTraining():
            return _head(config, of)
        case Classifier():
            return _classifier(config, of)
        case Ensemble():
            return _ensemble(config, of)
        case Autoencoder():
            return _on_feature(config, of, recipe(config, of.block), _autoencoder(config, of))


def _on_feature(config: Config, of: NetworkTraining, block: Spec, own: Spec) -> Spec:
    traits = FEATURES.entry(of.feature.kind).traits
    return {
        "bank": feature_bank(config, of.feature),
        "split": split(config, of.split),
        **own,
        "input": {
            "n_planes": traits.get("planes", 1),
            "scale": traits.get("scale", "decibel"),
            "max_bins": block["max_bins"],
        },
        "seed": int(of.seed),
        **{key: block[key] for key in TRAINING_OPTIONS},
        **versions(config, TRAINING_LIBRARIES),
    }


def _classifier(config: Config, of: Classifier) -> Spec:
    block = own_recipe(config, of.block, of.network)
    weights, named = starting_weights(config, of.network), config["networks"][of.network]
    options = {key: named[key] for key in named if key not in ("weights", NETWORK_OF)}
    own = {
        "network": of.kind,
        "options": options,
        "weights": weights and weights["sha256"],
        "loss": {"name": of.loss, **block.get(of.loss, {})},
        **{key: block[key] for key in CLASSIFIER_OPTIONS},
    }
    return _on_feature(config, of, block, own)


def _ensemble(config: Config, of: Ensemble) -> Spec:
    members = [training(config, member) for member in of.members]
    return {
        "network": of.name,
        "split": split(config, of.split),
        "selection": members[0]["selection"],
        "views": of.views,
        "members": members,
    }


def _autoencoder(config: Config, of: Autoencoder) -> Spec:
    channels = list(config["autoencoder"]["channels"])
    return {
        "network": of.network,
        "options": {"code_size": of.code_size, "channels": channels},
        "selection": "fixed",
    }


def _head(config: Config, of: HeadTraining) -> Spec:
    """Return the spec of what is learned on an encoder, by its kind."""
    about = {
        "network": of.name,
        "weights": encoder(config, of.encoder)["sha256"],
        "split": split(config, of.split),
    }
    if of.kind == FINETUNED:
        return {**about, **frozen(config, of.encoder), **_finetuned(config, of)}
    if of.kind == ZERO_SHOT:
        return {**about, **_named(config, of.encoder)}
    about["frozen"] = frozen(config, of.encoder)
    grid = config["probe"]["regularisation" if of.kind == LINEAR else "neighbours"]
    return {**about, "head": of.kind, "grid": sorted(grid)}


def _named(config: Config, of: Pretrained) -> Spec:
    """Return the specs of what names classes without training: words, or AudioSet's tags."""
    if of.names_by == WORDS:
        return {"frozen": frozen(config, of), "words": words(config, of)}
    return {"tags": tags(config, of), "map": tag_map()}


def _finetuned(config: Config, of: HeadTraining) -> Spec:
    block = own_recipe(config, "finetune", of.encoder.name)
    return {
        "head": {"width": block["width"], "dropout": block["dropout"]}
        | {"name": block["heads"][of.encoder.name]},
        "seed": int(of.seed),
        **{key: block[key] for key in FINETUNE_OPTIONS},
    }


def starting_weights(config: Config, network: str) -> Spec | None:
    """Return where the weights are that a network starts from; None when at random."""
    found: Spec | None = config["networks"][network].get("weights")
    return found


# Retrieval


def distances(config: Config, run: Run) -> Spec:
    """Return the spec of the distances between the queries and the gallery of a run."""
    if isinstance(run.bank, Combined):
        return {
            **choice(config, run.bank, run.split),
            "asked": [distances(config, part) for part in run.bank.asked(run.split)],
            "split": split(config, run.split),
            **_own_recording(config),
        }
    changed = {"asking": asking(config, run.bank)} if isinstance(run.bank, Changed) else {}
    return {
        "bank": bank(config, run.bank),
        **changed,
        **pooling(run.bank),
        **normalise(run.bank),
        "distance": run.distance,
        "options": distance_options(config, run.distance),
        "hardware": hardware(config, run),
        "split": split(config, run.split),
    }


def choice(config: Config, of: Combined, on: Split) -> Spec:
    """Return the spec of the choice of how distances are combined, which sees the gallery alone."""
    blocks: dict[str, Any] = {
        FUSION: config["retrieval"]["fusions"],
        TWO_STAGE: config["retrieval"]["two_stage"],
    }
    within = [distances(config, part) for part in of.within(on)]
    options = {key: value for key, value in blocks[of.kind][of.name].items() if key not in PARTS}
    return {"within": within, "methods": options, "gallery": split(config, on.gallery)}


def pooling(source: Bank) -> dict[str, str]:
    """Return the ``pooling`` of a bank of windows, where one vector of each clip is compared."""
    of = source.bank if isinstance(source, Changed) else source
    pooled = of.pooling if isinstance(of, Encoding) else None
    return {"pooling": pooled} if pooled else {}


def normalise(source: Bank) -> dict[str, list[str]]:
    """Return what is done to the clips of a bank before they are compared, where it is."""
    of = source.bank if isinstance(source, Changed) else source
    steps = of.normalise if isinstance(of, Feature | Encoding) else ()
    return {"normalise": list(steps)} if steps else {}


def distance_options(config: Config, distance: str) -> Spec:
    """Return the options that decide the values of a distance."""
    block = config["retrieval"]["distances"].get(distance, {})
    return {key: value for key, value in block.items() if key not in FINDING}


def hardware(config: Config, run: Run) -> dict[str, str]:
    """Return the ``device`` of a run whose distance can be computed on several."""
    block = config["retrieval"]["distances"].get(run.distance, {})
    return {"device": block["device"]} if "device" in block else {}


def mode(config: Config, run: Run) -> str:
    """Return how the hits of a run are found: ``full`` or ``top_k``."""
    found: str = config["retrieval"]["distances"].get(run.distance, {}).get("mode", "full")
    return found


def distance_modules(config: Config, run: Run) -> list[str]:
    """Return the modules that compute a run's distances, a device's own one included."""
    traits, devices = DISTANCES.entry(run.distance).traits, hardware(config, run).values()
    return [run.module, *(traits[name] for name in devices if name in traits)]


def ranking(config: Config, run: Run) -> Spec:
    """Return the spec of the ranked hits of every query of a run."""
    retrieval = config["retrieval"]
    spec: Spec = {"distances": distances(config, run), "top_k": sorted(retrieval["top_k"])}
    return {**spec, **_own_recording(config)}


def _own_recording(config: Config) -> Spec:
    """Return whether a query may find its own recording, where every clip asks all others."""
    retrieval = config["retrieval"]
    if retrieval["protocol"] != LEAVE_ONE_OUT:
        return {}
    return {"exclude_same_recording": retrieval["exclude_same_recording"]}


def ties(config: Config, run: Run) -> Spec | None:
    """Return under which random orders of ties a run is ranked; None where by clip id."""
    asked = config["retrieval"]["ties"]
    return dict(asked) if asked["orders"] and mode(config, run) == "full" else None


def scores(config: Config, run: Run) -> Spec:
    """Return the spec of the metrics of every query of a run."""
    orders = ties(config, run)
    return {"ranking": ranking(config, run), **({"ties": orders} if orders else {})}


# Features beside librosa's, and the spectrogram as a matrix


def validation(config: Config, feature: Feature) -> Spec:
    """Return the spec of the comparison of one feature with librosa's."""
    return {**feature_bank(config, feature), "clips": config["validation"]["clips"]}


def matrix(config: Config) -> Spec:
    """Return the spec of the spectrogram as a matrix."""
    block = config["matrix_spectrogram"]
    return {key: block[key] for key in ("n_fft", "hop_length", "window", "periodic")}


def matrix_costs(config: Config) -> Spec:
    """Return the spec of what is measured of the spectrogram as a matrix."""
    table = config["matrix_spectrogram"]["table"]
    return {
        "matrix": matrix(config),
        "n_samples": sorted(table["n_samples"]),
        "rounds": table["rounds"],
        **versions(config),
    }
