"""Checks of a config, which say in one go all that is wrong with it.

The schema holds the form; here follow the rules that tie one key to another and to the code: names
that must exist, options that a feature must know, windows that must fit into a clip.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import jsonschema

from resound.errors import ConfigError, unknown
from resound.experiment import config_types, reading
from resound.experiment.coordinates import MASKED, NAMES_BY, TAGS, WINDOWS, ZERO_SHOT
from resound.experiment.plan import VARIANT_OF, encodings, finetune_recipe, recipe
from resound.experiment.specs import ENCODER_KEYS, FINDING, without_windows
from resound.experiment.weights import Weights
from resound.files import one_spelling
from resound.registry import (
    DISTANCES,
    ENCODERS,
    FEATURES,
    FIGURES,
    HEADS,
    LOSSES,
    NETWORKS,
    SEARCHES,
    Registry,
)

Config = Mapping[str, Any]
# Keys that are paths.
PLACES = ("data_root", "results_dir")
# Of the frames that an encoder reads, beside the options of the feature mel.
FRAMING = ("n_fft", "hop_length")
# What an encoder's registration must say of it for the vector to exist: one of these traits.
NEEDED_TRAITS = {ZERO_SHOT: tuple(NAMES_BY.values()), TAGS: ("tags",), MASKED: ("masked",)}
# What an encoder without a trait is said to be like.
LACKS = {
    "text": "embeds no words",
    "tags": "has no tags of AudioSet",
    "masked": "cannot leave parts of a clip out",
    "own_layer": "has no layer of its own before classes",
}


def open_config(
    config: dict[str, Any], schema: Mapping[str, Any], files: Iterable[str | Path] = ()
) -> config_types.Config:
    """Return a config that was checked with the files that it was read from.

    Its paths are brought to one spelling.

    Raises
    ------
    ConfigError
        With a line for each fault.
    """
    check(config, schema, files)
    for place in PLACES:
        config[place] = one_spelling(config[place])
    return cast(config_types.Config, config)


def check(config: Config, schema: Mapping[str, Any], files: Iterable[str | Path] = ()) -> None:
    """Raise one ConfigError with a line for each fault of `config`; return when it has none.

    Parameters
    ----------
    config : mapping
        All blocks, as they were read.
    schema : mapping
        ``workflow/schemas/config.schema.yaml``.
    files : iterable of path, optional
        The YAML files that it was read from, of which what was lost in reading is a fault, too.
    """
    faults = list(reading.faults(files)) or list(_form(config, _with_losses(schema)))
    faults = faults or list(_meaning(config))
    if faults:
        lines = "\n".join(f"  {fault}" for fault in faults)
        raise ConfigError(
            f"the configuration has {len(faults)} fault{'s'[: len(faults) > 1]} "
            f"(config.yaml, --configfile or --config):\n{lines}"
        )


def _with_losses(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema with a block of options for every loss that it does not know itself."""
    known = schema["properties"]["classification"]
    others = {name: {"type": "object"} for name in LOSSES if name not in known["properties"]}
    blocks = {**known["properties"], **others}
    classification = {**known, "properties": blocks}
    return {**schema, "properties": {**schema["properties"], "classification": classification}}


def _form(config: Config, schema: Mapping[str, Any]) -> Iterator[str]:
    yield from _not_finite("", config)
    validator = jsonschema.Draft202012Validator(schema)
    for error in sorted(validator.iter_errors(config), key=lambda e: list(map(str, e.path))):
        where = ".".join(map(str, error.absolute_path))
        if error.validator == "additionalProperties":
            known = list(error.schema.get("properties", ()))
            for key in sorted(set(map(str, error.instance)) - set(known)):
                yield f"{'.'.join(filter(None, [where, key]))}: this key {unknown(key, known)}"
        elif error.validator == "required":
            missing = [key for key in error.validator_value if key not in error.instance]
            if error.message.startswith(repr(missing[0])):
                yield f"{where or 'top level'}: the keys {', '.join(missing)} are missing"
        elif error.validator == "type" and error.validator_value == "string":
            yield f"{where}: {error.instance!r} is no text; quote it: '{error.instance}'"
        elif error.validator == "minimum":
            kind = "an integer of " if error.schema.get("type") == "integer" else ""
            yield f"{where}: {error.instance!r} must be {kind}at least {error.validator_value}"
        else:
            yield f"{where or 'top level'}: {error.message}"


def _not_finite(where: str, value: Any) -> Iterator[str]:
    """Name the numbers that are none: YAML has .inf and .nan, and a schema lets them pass."""
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{where}: {value!r} must be a finite number"
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from _not_finite(f"{where}.{key}" if where else str(key), inner)


def _meaning(config: Config) -> Iterator[str]:
    retrieval = config["retrieval"]
    yield from _features(config["features"])
    yield from _distances(retrieval["distances"])
    for name, stft in config["stft"].items():
        yield from _window(f"stft.{name}", stft, config["audio"]["duration"])
    yield from _matrix(config["matrix_spectrogram"], config["audio"]["duration"])
    for name, table in retrieval["tables"].items():
        where = f"retrieval.tables.{name}"
        named = table["distance"]
        distances = [named] if isinstance(named, str) else named
        yield from _names(f"{where}.distance", distances, retrieval["distances"])
        yield from _names(f"{where}.features", table.get("features", []), config["features"])
        yield from _names(f"{where}.stft", table.get("stft", []), config["stft"])
        named = table.get("encodings", [])
        known = encodings(config)
        yield from _names(f"{where}.encodings", named, known)
        asked = [known[name] for name in named if name in known]
        for vector, traits in NEEDED_TRAITS.items():
            lacking = [row.encoder for row in asked if row.vector == vector]
            yield from _having(traits, f"{where}.encodings", lacking, config["encoders"])
        cut = [row.encoder for row in asked if row.vector == WINDOWS]
        yield from _having_windows(f"{where}.encodings", cut, config["encoders"])
    yield from _names("validation.features", config["validation"]["features"], config["features"])
    yield from _names("validation.stft", config["validation"]["stft"], config["stft"])
    yield from _trainings(config)
    yield from _encoders(config)
    yield from _finetuning(config)
    yield from _figures(config)
    yield from _report(config)
    if config["dataset"] != "folder" and max(retrieval["query_folds"]) > 5:
        yield (
            f"retrieval.query_folds: {retrieval['query_folds']} must lie in 1 to 5, "
            f"the folds of {config['dataset']}"
        )


def _features(blocks: Mapping[str, Config]) -> Iterator[str]:
    """Check the options of features, of those that are variants of another one too."""
    for name, block in blocks.items():
        options, of = dict(block), block.get(VARIANT_OF)
        options.pop(VARIANT_OF, None)
        if of is None:
            yield from _options("features", {name: options}, FEATURES)
        elif name in FEATURES and of != name:
            yield f"features.{name}: this feature is registered itself and no variant of {of!r}"
        elif of not in FEATURES:
            yield f"features.{name}.{VARIANT_OF}: {of!r} {unknown(of, FEATURES)}"
        else:
            known = FEATURES.options(of)
            for option in options:
                if option not in known:
                    yield f"features.{name}.{option}: this option {unknown(option, known)}"


def _distances(blocks: Mapping[str, Config]) -> Iterator[str]:
    """Check the options of distances, and whether their hits can be found as is asked."""
    measured = {
        name: {key: value for key, value in block.items() if key not in FINDING}
        for name, block in blocks.items()
    }
    yield from _options("retrieval.distances", measured, DISTANCES)
    for name, block in blocks.items():
        where, searches = f"retrieval.distances.{name}", block.get("mode") == "top_k"
        if name not in DISTANCES:
            continue
        if searches and name not in SEARCHES:
            yield f"{where}.mode: no search finds its hits; there are: {', '.join(SEARCHES)}"
        if block.get("device") == "cuda" and "cuda" not in DISTANCES.entry(name).traits:
            yield f"{where}.device: it has no code for a GPU; set device: cpu"
        elif searches and block.get("device") == "cuda":
            yield (
                f"{where}: the search of mode: top_k has no device: cuda; set device: cpu, or "
                "mode: full"
            )


def _trainings(config: Config) -> Iterator[str]:
    block = config["classification"]
    yield from _options("networks", config["networks"], NETWORKS)
    yield from _names("classification.networks", block["networks"], config["networks"])
    yield from _names("classification.features", block["features"], config["features"])
    yield from _names("classification.stft", block["stft"], config["stft"])
    yield from _names("classification.losses", block["losses"], LOSSES)
    losses = {name: block[name] for name in LOSSES if name in block}
    yield from _options("classification", losses, LOSSES)
    yield from _warmup("classification", config)
    coder = config["autoencoder"]
    yield from _names("autoencoder.features", coder["features"], config["features"])
    yield from _names("autoencoder.stft", coder["stft"], config["stft"])
    yield from _warmup("autoencoder", config)


def _encoders(config: Config) -> Iterator[str]:
    encoders = config["encoders"]
    for name, options in encoders.items():
        yield from _family(f"encoders.{name}", options)
        if Weights.of(options["weights"]).digest is None:
            yield (
                f"encoders.{name}.weights.sha256: {options['weights']['source']} is not published "
                "under a known digest; name its own (sha256sum <file>)"
            )
    for part in ("zero_shot", "probe", "finetune"):
        yield from _names(f"{part}.encoders", config[part]["encoders"], encoders)
    named = config[ZERO_SHOT]["encoders"]
    yield from _having(NEEDED_TRAITS[ZERO_SHOT], "zero_shot.encoders", named, encoders)
    for name, encoding in config["encodings"].items():
        where, encoder = f"encodings.{name}", encoding["encoder"]
        yield from _names(f"{where}.encoder", [encoder], encoders)
        if encoding["vector"] in NEEDED_TRAITS:
            traits = NEEDED_TRAITS[encoding["vector"]]
            yield from _having(traits, f"{where}.vector", [encoder], encoders)
        if encoding["vector"] == WINDOWS:
            yield from _having_windows(f"{where}.vector", [encoder], encoders)
        elif "pooling" in encoding:
            yield (
                f"{where}.pooling: {encoding['vector']} is one vector of a clip; pool those of "
                f"vector: {WINDOWS}"
            )


def _finetuning(config: Config) -> Iterator[str]:
    encoders, block = config["encoders"], config["finetune"]
    for name in block["encoders"]:
        family = encoders.get(name, {}).get("family")
        if family in ENCODERS and ENCODERS.entry(family).traits.get("frozen"):
            yield f"finetune.encoders: {name}, of the family {family}, cannot be trained; probe it"
    yield from _warmup("finetune", config)
    yield from _names("finetune.recipes", list(block["recipes"]), encoders)
    typed = cast(config_types.Config, config)
    for name in block["recipes"]:
        yield from _warmup_within(f"finetune.recipes.{name}", finetune_recipe(typed, name))
    headless = [name for name in block["encoders"] if name not in block["heads"]]
    yield from (
        f"finetune.heads: {name} has none; give it one of: {', '.join(HEADS)}" for name in headless
    )
    yield from _names("finetune.heads", list(block["heads"].values()), HEADS)
    needing = {name: block["heads"].get(name) for name in block["encoders"]}
    own = [n for n, h in needing.items() if h in HEADS and HEADS.entry(h).traits.get("own_layer")]
    yield from _having(("own_layer",), "finetune.heads", own, encoders)


def _family(where: str, block: Mapping[str, Any]) -> Iterator[str]:
    """Yield a fault for an unknown family, and for each key that it does not know or lacks."""
    family = block["family"]
    if family not in ENCODERS:
        yield f"{where}.family: {family!r} {unknown(family, ENCODERS)}"
        return
    options = ENCODERS.options(family)
    known = (*ENCODER_KEYS, *options)
    for key in block:
        if key not in known:
            yield f"{where}.{key}: this key of the family {family} {unknown(key, known)}"
    cut = block.get(WINDOWS)
    if cut and cut["hop"] > cut["seconds"]:
        yield (
            f"{where}.{WINDOWS}.hop: {cut['hop']} s must not be more than seconds, "
            f"{cut['seconds']}: what lies between two windows would stand in none"
        )
    if "sample_rate" in options and "sample_rate" not in block:
        yield f"{where}.sample_rate: tell the rate in Hz that the model was trained at"
    if isinstance(frames := block.get("mel"), Mapping):
        known = (*FRAMING, *FEATURES.options("mel"))
        for key in frames:
            if key not in known:
                yield f"{where}.mel.{key}: this option {unknown(key, known)}"


def _having(
    traits: Sequence[str], where: str, names: list[str], encoders: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    """Yield a fault for each encoder of the config whose family lacks all of some traits."""
    families = {name: block["family"] for name, block in encoders.items()}
    known = {name: of for name, of in families.items() if of in ENCODERS}
    having = [name for name, of in known.items() if any(map(ENCODERS.entry(of).traits.get, traits))]
    for name in names:
        if name in known and name not in having:
            what = " and ".join(LACKS[trait] for trait in traits)
            yield f"{where}: {name} {what}; there are: {', '.join(having)}"


def _having_windows(
    where: str, names: list[str], encoders: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    """Yield a fault for each encoder of the config whose windows are not told."""
    for name in dict.fromkeys(names):
        if name in encoders and not encoders[name].get(WINDOWS):
            yield f"{where}: {without_windows(name)}"


def _figures(config: Config) -> Iterator[str]:
    block = config["figures"]
    yield from _names("figures.show", block["show"], FIGURES)
    for figure in ("features", "dtw"):
        yield from _names(f"figures.{figure}.stft", [block[figure]["stft"]], config["stft"])
    drawn = block["dtw"]["feature"]
    yield from _names("figures.dtw.feature", [drawn], config["features"])
    feature = config["features"].get(drawn, {}).get(VARIANT_OF, drawn)
    if feature in FEATURES and not FEATURES.entry(feature).traits.get("framed", True):
        yield f"figures.dtw.feature: {feature!r} has no frames to align; mfcc has"


def _report(config: Config) -> Iterator[str]:
    block, deepest = config["report"], max(config["retrieval"]["top_k"])
    yield from _names("report.stft", [block["stft"]], config["stft"])
    if block["top_k"] > deepest:
        yield (
            f"report.top_k: {block['top_k']} must not be more than the largest of "
            f"retrieval.top_k, {deepest}: rankings may end there"
        )


def _warmup(where: str, config: Config) -> Iterator[str]:
    yield from _warmup_within(where, recipe(cast(config_types.Config, config), where))


def _warmup_within(where: str, block: Mapping[str, Any]) -> Iterator[str]:
    if block["warmup_epochs"] > block["epochs"]:
        yield (
            f"{where}.warmup_epochs: {block['warmup_epochs']} must not be more than "
            f"epochs, {block['epochs']}"
        )


def _names(where: str, names: list[str], known: Mapping[str, Any] | Registry) -> Iterator[str]:
    for name in names:
        if name not in known:
            yield f"{where}: {name!r} {unknown(name, known)}"


def _options(where: str, blocks: Mapping[str, Config], registry: Registry) -> Iterator[str]:
    for name, options in blocks.items():
        if name not in registry:
            yield f"{where}.{name}: {registry.kind} {name!r} {unknown(name, registry)}"
            continue
        known = registry.options(name)
        for option in options:
            if option not in known:
                yield f"{where}.{name}.{option}: this option {unknown(option, known)}"


def _matrix(block: Config, duration: float) -> Iterator[str]:
    n_fft, figure = block["n_fft"], block["figure"]
    for part, sizes in (("figure", [figure["n_samples"]]), ("table", block["table"]["n_samples"])):
        for size in sizes:
            if size < n_fft:
                where = f"matrix_spectrogram.{part}.n_samples"
                yield f"{where}: {size} samples are fewer than one frame has, n_fft: {n_fft}"
    clip = {"n_fft": n_fft, "sample_rate": figure["sample_rate"]}
    yield from _window("matrix_spectrogram", clip, duration)


def _window(where: str, stft: Mapping[str, int], duration: float) -> Iterator[str]:
    samples = round(duration * stft["sample_rate"])
    if stft["n_fft"] > samples:
        yield (
            f"{where}.n_fft: {stft['n_fft']} samples are more than a clip has: audio.duration "
            f"{duration} s at {stft['sample_rate']} Hz are {samples}"
        )
