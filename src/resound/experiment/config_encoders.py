"""Encoders of a config: what is wrong with their blocks, their rows and their fine-tuning."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from resound.errors import unknown
from resound.experiment import config_types
from resound.experiment.coordinates import MASKED, NAMES_BY, TAGS, WINDOWS, ZERO_SHOT
from resound.experiment.faults import length_faults, name_faults
from resound.experiment.plan import EncodingRow, own_recipe, recipe
from resound.experiment.specs import ENCODER_KEYS, without_windows
from resound.experiment.weights import Weights
from resound.registry import ENCODERS, FEATURES, HEADS

Config = Mapping[str, Any]
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


def encoder_faults(config: Config) -> Iterator[str]:
    """Yield the faults of the blocks of encoders, of where they are listed, and of their rows."""
    encoders = config["encoders"]
    for name, options in encoders.items():
        yield from _family(f"encoders.{name}", options)
        if Weights.of(options["weights"]).digest is None:
            yield (
                f"encoders.{name}.weights.sha256: {options['weights']['source']} is not published "
                "under a known digest; name its own (sha256sum <file>)"
            )
    for part in ("zero_shot", "probe", "finetune"):
        yield from name_faults(f"{part}.encoders", config[part]["encoders"], encoders)
    named = config[ZERO_SHOT]["encoders"]
    yield from _having(NEEDED_TRAITS[ZERO_SHOT], "zero_shot.encoders", named, encoders)
    for name, encoding in config["encodings"].items():
        where, row = f"encodings.{name}", EncodingRow(encoding["encoder"], encoding["vector"])
        yield from name_faults(f"{where}.encoder", [row.encoder], encoders)
        yield from vector_faults(f"{where}.vector", [row], encoders)
        if row.vector != WINDOWS and "pooling" in encoding:
            yield (
                f"{where}.pooling: {row.vector} is one vector of a clip; pool those of "
                f"vector: {WINDOWS}"
            )


def vector_faults(
    where: str, rows: Sequence[EncodingRow], encoders: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    """Yield a fault for each row whose encoder does not make the vector that it compares."""
    for vector, traits in NEEDED_TRAITS.items():
        asked = [row.encoder for row in rows if row.vector == vector]
        yield from _having(traits, where, asked, encoders)
    asked = [row.encoder for row in rows if row.vector == WINDOWS]
    yield from _having_windows(where, asked, encoders)


def finetuning_faults(config: Config) -> Iterator[str]:
    """Yield the faults of the block ``finetune``."""
    encoders, block = config["encoders"], config["finetune"]
    typed = cast(config_types.Config, config)
    for name in block["encoders"]:
        family = encoders.get(name, {}).get("family")
        if family in ENCODERS and ENCODERS.entry(family).traits.get("frozen"):
            yield f"finetune.encoders: {name}, of the family {family}, cannot be trained; probe it"
    yield from length_faults("finetune", recipe(typed, "finetune"))
    yield from name_faults("finetune.recipes", list(block["recipes"]), encoders)
    for name in block["recipes"]:
        yield from length_faults(f"finetune.recipes.{name}", own_recipe(typed, "finetune", name))
    headless = [name for name in block["encoders"] if name not in block["heads"]]
    yield from (
        f"finetune.heads: {name} has none; give it one of: {', '.join(HEADS)}" for name in headless
    )
    yield from name_faults("finetune.heads", list(block["heads"].values()), HEADS)
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
