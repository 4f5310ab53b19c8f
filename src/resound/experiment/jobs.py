"""The inputs, params and patterns of jobs, as functions of their wildcards.

Rules are made of these. Nothing here knows Snakemake: wildcards are any object with the attributes
that a rule's paths name, and a file begins with ``<results>/``, which stands for the results'
folder.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from resound.experiment import parts, resources, robustness, searches, shown, specs
from resound.experiment.coordinates import (
    FINETUNED,
    FROZEN,
    TAGS,
    WORDS,
    ZERO_SHOT,
    Changed,
    Classifier,
    Combined,
    Disturbed,
    Embedding,
    Encoding,
    Feature,
    HeadTraining,
    Part,
    Pretrained,
    Run,
    Split,
    Training,
)
from resound.experiment.divisions import shard_paths
from resound.experiment.inventory import Inventory
from resound.provenance import code_digest
from resound.registry import Entry, Registry

TileFiles = Callable[..., list[str]]
SHARD_THREADS = 4  # of a shard of a corpus; more wait for the one that decodes


class Jobs:
    """The jobs of an experiment.

    Parameters
    ----------
    inventory : Inventory
        What there is to show, of a plan.
    scripts : pathlib.Path
        The folder of the rules' scripts.
    tile_files : callable
        Lists a file of every tile of a run; known once its split is.
    """

    def __init__(self, inventory: Inventory, scripts: Path, tile_files: TileFiles) -> None:
        self.inventory, self.scripts, self.tile_files = inventory, scripts, tile_files
        self.plan, self.config = inventory.plan, inventory.plan.config

    # What a job is about

    def run(self, wildcards: Any) -> Run:
        """Return the run of a job, which its paths name whole, or by how it combines several."""
        if hasattr(wildcards, "run"):
            changed = {**parts.partial_runs(self.plan), **robustness.disturbed_runs(self.plan)}
            return changed.get(wildcards.run) or self.plan.run(wildcards.run)
        of, split = self.combined(wildcards)
        return Run(of.kind, of, split)

    def combined(self, wildcards: Any) -> tuple[Combined, Split]:
        """Return the fusion or the two-stage search of a job, and its split."""
        split = self.plan.split(wildcards.split)
        if hasattr(wildcards, "fusion"):
            return self.plan.fusion(wildcards.fusion), split
        return self.plan.two_stage(wildcards.two_stage), split

    def parts(self, wildcards: Any) -> list[Run]:
        """Return the runs whose distances make one ranking."""
        of, split = self.combined(wildcards)
        return of.asked(split)

    def within(self, wildcards: Any) -> list[Run]:
        """Return the same runs within the gallery."""
        of, split = self.combined(wildcards)
        return of.within(split)

    def feature(self, wildcards: Any) -> Feature:
        """Return the feature of a job."""
        return self.plan.feature_at(wildcards.feature)

    def training(self, wildcards: Any) -> Any:
        """Return the training of a job."""
        return self.plan.training(wildcards.training)

    def encoder(self, wildcards: Any) -> Pretrained:
        """Return the encoder of a job, which its paths name, or of its training."""
        named = getattr(wildcards, "encoder", None)
        if named is None:
            encoder: Pretrained = self.training(wildcards).encoder
            return encoder
        return self.plan.encoder(named)

    def tuned(self, wildcards: Any) -> Training:
        """Return the fine-tuning whose network makes vectors."""
        return self.plan.training(f"{wildcards.encoder}_{FINETUNED}/{wildcards.at}")

    def long_search(self, wildcards: Any) -> searches.LongSearch:
        """Return the search in files of a job."""
        return searches.long_search(self.plan, wildcards.search)

    # Which files it reads

    def split_file(self, wildcards: Any) -> str:
        """Return the split of a run."""
        return f"<results>/index/splits/{self.run(wildcards).split.name}.csv"

    def gallery_split(self, wildcards: Any) -> str:
        """Return the split within the gallery of what combines several distances."""
        _, split = self.combined(wildcards)
        return f"<results>/index/splits/{split.gallery.name}.csv"

    def bank(self, wildcards: Any) -> str:
        """Return the bank of a run."""
        return f"<results>/{self.run(wildcards).bank.folder}/bank.npy"

    def asking(self, wildcards: Any, file: str = "bank.npy") -> str | list[str]:
        """Return the bank of the changed clips that ask; nothing where clips ask as they are."""
        bank = self.run(wildcards).bank
        return f"<results>/{bank.asking}/{file}" if isinstance(bank, Changed) else []

    def changed(self, wildcards: Any, vector: str = FROZEN) -> Changed:
        """Return the changed clips that a job makes a bank of; of an encoder's, one vector."""
        of: Feature | Embedding | Encoding
        if hasattr(wildcards, "feature"):
            of = self.feature(wildcards)
        elif hasattr(wildcards, "training"):
            of = Embedding(self.training(wildcards))
        else:
            tuned = self.tuned(wildcards) if hasattr(wildcards, "at") else None
            of = Encoding("", self.encoder(wildcards), vector, cast(HeadTraining | None, tuned))
        if hasattr(wildcards, "condition"):
            return Disturbed(of, wildcards.condition)
        return Part(of, int(wildcards.milliseconds) / 1000)

    def changed_waveforms(self, wildcards: Any) -> str:
        """Return the changed clips, at the sample rate at which they are made into a bank."""
        return f"<results>/{self.changed(wildcards).audio}/waveforms.npy"

    def changed_feature(self, wildcards: Any, file: str = "bank.npy") -> str:
        """Return the feature of the disturbed clips that a network is to embed."""
        of = Disturbed(self.training(wildcards).feature, wildcards.condition)
        return f"<results>/{of.asking}/{file}"

    def answering(self, wildcards: Any) -> dict[str, str]:
        """Return what tells the classes of disturbed clips, by what is learned: see the rule."""
        of = self.training(wildcards)
        models = f"<results>/models/{of.path}"
        if isinstance(of, Classifier):
            asking: Embedding | Encoding = Embedding(of)
            told = {"weights": f"{models}/weights.safetensors", "model": f"{models}/model.json"}
        elif of.kind == ZERO_SHOT:
            by_words = of.encoder.names_by == WORDS
            asking = Encoding("", of.encoder, FROZEN if by_words else TAGS, None)
            told = {"words": self.words(wildcards)} if by_words else {}
        elif of.kind == FINETUNED:
            asking = Encoding("", of.encoder, "probabilities", of)
            told = {"model": f"{models}/model.json"}
        else:
            asking = Encoding("", of.encoder, FROZEN, None)
            told = {"bank": self.frozen_bank(wildcards), "choice": f"{models}/choice.csv"}
        folder = f"<results>/{Disturbed(asking, wildcards.condition).asking}"
        return {"asking": f"{folder}/bank.npy", "asking_spec": f"{folder}/spec.json", **told}

    def answering_modules(self, wildcards: Any) -> list[str]:
        """Return the module of the network that tells the classes of disturbed clips, if any."""
        of = self.training(wildcards)
        return [of.module] if isinstance(of, Classifier) else []

    def bank_record(self, wildcards: Any) -> str:
        """Return the record beside the bank of a run."""
        return f"<results>/{self.run(wildcards).bank.folder}/spec.json"

    def part_banks(self, wildcards: Any, file: str = "bank.npy") -> list[str]:
        """Return a file of what each of several distances compares."""
        return [f"<results>/{run.bank.folder}/{file}" for run in self.parts(wildcards)]

    def model(self, wildcards: Any) -> str | list[str]:
        """Return the record of the training behind a run; nothing where nothing was trained."""
        training = self.run(wildcards).bank.training
        return f"<results>/models/{training.path}/model.json" if training else []

    def trained_bank(self, wildcards: Any) -> str:
        """Return the bank that a network is trained on."""
        return f"<results>/{self.training(wildcards).feature.folder}/bank.npy"

    def trained_record(self, wildcards: Any) -> str:
        """Return the record beside the bank that a network is trained on."""
        return f"<results>/{self.training(wildcards).feature.folder}/spec.json"

    def member_files(self, wildcards: Any, file: str) -> list[str]:
        """Return a file of each network that answers together with others."""
        return [f"<results>/models/{of.path}/{file}" for of in self.training(wildcards).members]

    def member_banks(self, wildcards: Any) -> list[str]:
        """Return the bank that each of them reads."""
        members = self.training(wildcards).members
        return [f"<results>/{of.feature.folder}/bank.npy" for of in members]

    def mapped_bank(self, wildcards: Any, file: str = "bank.npy") -> str:
        """Return the bank whose clips are mapped."""
        return f"<results>/{self.plan.maps()[wildcards.embedding].bank.folder}/{file}"

    def frozen_bank(self, wildcards: Any, file: str = "bank.npy") -> str:
        """Return what the encoder behind a training makes of all clips, as it was published."""
        return self._published(wildcards, FROZEN, file)

    def tags(self, wildcards: Any, file: str = "bank.npy") -> str:
        """Return the tags that the encoder behind a training gives all clips."""
        return self._published(wildcards, TAGS, file)

    def _published(self, wildcards: Any, vector: str, file: str) -> str:
        folder = Encoding("", self.encoder(wildcards), vector, None).folder
        return f"<results>/{folder}/{file}"

    def words(self, wildcards: Any, file: str = "bank.npy") -> str:
        """Return what the encoder behind a training makes of the classes' names."""
        return f"<results>/embeddings/{self.encoder(wildcards).name}_words/{file}"

    def heard(self, wildcards: Any) -> str:
        """Return the decoded clips at the sample rate at which the encoder of a job hears."""
        return waveforms_at(self.encoder(wildcards).sample_rate)

    def laid_sounds(self, wildcards: Any, part: str = "sounds") -> str:
        """Return the folder of the files that a search looks into."""
        return f"<results>/long_files/{self.long_search(wildcards).laid}/{part}"

    def laid_places(self, wildcards: Any) -> str:
        """Return which clip lies where in the files that a search looks into."""
        return self.laid_sounds(wildcards, "places.csv")

    def long_split(self, wildcards: Any) -> str:
        """Return the split of a search in files."""
        return f"<results>/index/splits/{self.long_search(wildcards).split.name}.csv"

    def weights(self, wildcards: Any) -> str | list[str]:
        """Return the weights that a network starts from; nothing when it starts at random."""
        network = self.training(wildcards).network
        named = specs.starting_weights(self.config, network)
        return f"<results>/weights/{network}.weights" if named else []

    def shards(self, wildcards: Any, file: str = "bank.npy") -> list[str]:
        """List a file of every shard of a bank; none where it is made as a whole."""
        paths = shard_paths(self.config, self.feature(wildcards), file)
        return [f"<results>/{path}" for path in paths]

    def tied_files(self, wildcards: Any) -> tuple[str | list[str], list[str]]:
        """Return the split and the tiles of a run with random orders of ties; else nothing."""
        run = self.run(wildcards)
        if not specs.ties(self.config, run):
            return [], []
        return self.split_file(wildcards), self.tile_files(run)

    # What decides it, and what it takes

    def code(self, script: str, *modules: str) -> str:
        """Return the digest of a script and of all that it reaches in the package."""
        return f"code {code_digest(self.scripts / f'{script}.py', *modules)}"

    def threads(self, wildcards: Any) -> int:
        """Return the threads that a network on a feature is computed with."""
        return resources.n_threads(self.config, self.training(wildcards).block)

    def part_gpus(self, wildcards: Any) -> int:
        """Return how many GPUs a job takes that computes several distances."""
        return max(resources.n_gpus(self.config, run) for run in self.parts(wildcards))

    def encoder_threads(self, wildcards: Any) -> int:
        """Return the threads that an encoder is computed with."""
        return int(self._encoder_block(wildcards)["threads"])

    def encoder_weights(self, wildcards: Any) -> Mapping[str, Any]:
        """Return where the weights of the encoder of a job are: its block ``weights``."""
        weights: Mapping[str, Any] = self._encoder_block(wildcards)["weights"]
        return weights

    def searched_weights(self, wildcards: Any) -> Mapping[str, Any] | None:
        """Return where the weights of a search's encoder are; None of a feature."""
        return searches.weights_of(self.config, self.long_search(wildcards).method)

    def corpus_weights(self) -> Mapping[str, Any] | None:
        """Return where the weights are that hear the corpus; None of a feature."""
        return searches.weights_of(self.config, searches.corpus_method(self.plan))

    def part_code(self, wildcards: Any, script: str) -> str:
        """Return the digest of a script and of what computes several distances."""
        every = (specs.distance_modules(self.config, run) for run in self.parts(wildcards))
        return self.code(script, *(module for modules in every for module in modules))

    def corpus_code(self, script: str) -> str:
        """Return the digest of a script and of what makes the corpus's vectors."""
        return self.code(script, searches.corpus_method(self.plan).module)

    def shard_minutes(self, n_bytes: int, shards: int, attempt: int) -> int:
        """Return the minutes that a shard of the corpus, of so many bytes in all, may take."""
        of, hop = searches.corpus_method(self.plan), self.config["corpus"]["hop"]
        family = of.family if isinstance(of, Pretrained) else None
        return resources.shard_minutes(
            family, n_bytes // shards, hop=hop, threads=SHARD_THREADS, attempt=attempt
        )

    def _encoder_block(self, wildcards: Any) -> Mapping[str, Any]:
        """Return the config's block of the encoder of a job."""
        block: Mapping[str, Any] = self.config["encoders"][self.encoder(wildcards).name]
        return block

    # Which names a rule is for

    def trained_as(self, *types: type) -> str:
        """Return a pattern of the paths of all trainings of some types."""
        return one_of(p for p, of in self.plan.trainings.items() if isinstance(of, types))

    def learned_as(self, *kinds: str) -> str:
        """Return a pattern of the paths of all that is learned on encoders in some ways."""
        heads = (of for of in self.plan.trainings.values() if isinstance(of, HeadTraining))
        return one_of(of.path for of in heads if of.kind in kinds)

    def named_by(self, by: str) -> str:
        """Return a pattern of the paths of all zero-shot classes named by ``words``, say."""
        heads = (of for of in self.plan.trainings.values() if isinstance(of, HeadTraining))
        return one_of(of.path for of in heads if (of.kind, of.encoder.names_by) == (ZERO_SHOT, by))

    def named_as(self, registry: Registry, kind: str) -> str:
        """Return a pattern of the names of all tables or figures of one kind."""
        return one_of(shown.names_of(registry.entry(kind), kind, self.inventory))

    # Tables and figures of one kind, as functions of their wildcards

    def needs_of(self, registry: Registry, kind: str) -> Callable[[Any], dict[str, list[str]]]:
        """Return what gives the files that a table or figure needs, by the words for them."""
        return lambda wildcards: shown.needed(*self._shown(registry, kind, wildcards))

    def spec_of(self, registry: Registry, kind: str) -> Callable[[Any], dict[str, Any]]:
        """Return what gives the spec of a table or figure."""
        return lambda wildcards: shown.told(*self._shown(registry, kind, wildcards))

    def code_of(self, registry: Registry, kind: str, script: str) -> Callable[[Any], str]:
        """Return what gives the digest of the code of a table or figure."""
        return lambda wildcards: self.code(
            script, *shown.modules(*self._shown(registry, kind, wildcards))
        )

    def _shown(self, registry: Registry, kind: str, wildcards: Any) -> tuple[Entry, shown.Shown]:
        entry = registry.entry(kind)
        item = shown.item_of(entry, wildcards.name)
        return entry, shown.Shown(self.plan, self.inventory, item, self.tile_files)


def one_of(names: Iterable[str]) -> str:
    """Return a pattern that matches some names and no other.

    Examples
    --------
    >>> one_of(["mel", "mfcc"])
    'mel|mfcc'
    """
    return "|".join(map(re.escape, names)) or "(?!)"


def waveforms_at(sample_rate: int) -> str:
    """Return the decoded clips at a sample rate in Hz."""
    return f"<results>/audio/sr{sample_rate}/waveforms.npy"


def vector_files(vectors: Iterable[str], folder: str = "") -> dict[str, str]:
    """Return the banks of vectors that one job makes, and their records, by the names of both.

    They stand below the results, or below a `folder` there.
    """
    return {
        name.format(vector): f"<results>/{folder}embeddings/{{encoder}}_{vector}/{{at}}/{file}"
        for vector in vectors
        for name, file in {"{}": "bank.npy", "{}_spec": "spec.json"}.items()
    }


def grows(base: float, per_input_mb: float = 0) -> Callable[..., int]:
    """Return a resource that grows with the size of a job's input, and with every retry."""

    def amount(wildcards: Any, input: Any, attempt: int) -> int:
        size_mb = input.size_mb if per_input_mb else 0
        return math.ceil(attempt * (base + per_input_mb * size_mb))

    return amount
