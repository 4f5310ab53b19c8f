"""Published weights: what is known of them, and where those that a config names lie.

Weights are named by a *source* in one of four forms: a path to a file or folder; a hub id
``owner/name``, a folder of transformers' files; one file of a hub repository,
``hf://owner/name/file`` or ``hf://datasets/owner/name/file``; or the address of a file,
``https://...``. `find` looks on this machine alone, in plain files, in the hub's cache and in
torch's; nothing is imported that the workflow could not parse with.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from resound.errors import ConfigError, ParameterError
from resound.experiment.config_types import Config

HUB_FILE = re.compile(r"hf://(datasets/)?([\w.-]+/[\w.-]+)/(.+)")
ADDRESS = re.compile(r"https?://.+")
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
# What transformers reads weights from, in the order in which it is looked for.
WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
DEFAULT_REVISION = "main"


class Published(NamedTuple):
    """A published file of weights.

    Attributes
    ----------
    encoder, title : str
        Whose they are, and what sets them apart.
    file : str
        Its name.
    size : int
        Bytes.
    sha256, licence : str
        Of the file.
    sources : tuple of (str, str or None)
        Where it lies, with the commit that is known to hold it.
    """

    encoder: str
    title: str
    file: str
    size: int
    sha256: str
    licence: str
    sources: tuple[tuple[str, str | None], ...] = ()


PUBLISHED = (
    Published(
        "beats",
        "self-supervised and AudioSet labels, not fine-tuned",
        "BEATs_iter3_plus_AS2M.pt",
        361_499_833,
        "d43cbfad4d7b56381c061d7a24774f908d4d94c72961f6eb1d9090ff18cd8d34",
        "MIT",
        (
            (
                "hf://datasets/Bencr/beats-checkpoints/BEATs_iter3_plus_AS2M.pt",
                "082fb1849d55bef1ee52ee8d8910b3adc69d4bc8",
            ),
            (
                "hf://mooneyko/BEATs/BEATs_iter3_plus_AS2M.pt",
                "18cfdf9d43820b2db86c6dfde4ae2f7531d1f5ad",
            ),
            ("https://zenodo.org/records/15097779", None),
        ),
    ),
    Published(
        "beats",
        "fine-tuned on AudioSet, second version",
        "BEATs_iter3_plus_AS2M_finetuned_on_AS2M_cpt2.pt",
        363_145_291,
        "e5815275a04b6885e7b8af63d120b29bffae2cd2225cf4915e1ec6d819d3022c",
        "MIT",
        (
            (
                "hf://WeiChihChen/BEATs_iter3_plus_AS2M_finetuned_on_AS2M_cpt2/"
                "BEATs_iter3_plus_AS2M_finetuned_on_AS2M_cpt2.pt",
                "172e4071a2912392d9151c70750b9a12f55fc54e",
            ),
        ),
    ),
    Published(
        "beats",
        "fine-tuned on AudioSet, first version",
        "BEATs_iter3_plus_AS2M_finetuned_on_AS2M_cpt1.pt",
        363_145_291,
        "7f9362028ac6e5c049e8dc314d87e90e4f82a15a8e472deb56af55d7f9b34d6a",
        "MIT",
    ),
    Published(
        "beats",
        "self-supervised alone",
        "BEATs_iter3.pt",
        361_499_833,
        "8d1b234032a9ccff353612dc6c20982346dc2968b205b79d97303eb5e77bfb34",
        "MIT",
    ),
    Published(
        "clap",
        "HTSAT-tiny, unfused",
        "pytorch_model.bin",
        614_525_833,
        "1cd3c601bc4afe0fa87be3de4c13dd2cfadd249fac1e29acf74a9b296c3219bb",
        "Apache-2.0",
        (("laion/clap-htsat-unfused", "8fa0f1c6d0433df6e97c127f64b2a1d6c0dcda8a"),),
    ),
    Published(
        "clap",
        "HTSAT-base",
        "pytorch_model.bin",
        776_444_665,
        "314eb00cce6ad68d25237b8446b659ccdb136ed4672c1bca470f142f72455026",
        "Apache-2.0",
        (("laion/larger_clap_general", "ada0c23a36c4e8582805bb38fec3905903f18b41"),),
    ),
    Published(
        "ast",
        "fine-tuned on AudioSet",
        "model.safetensors",
        346_404_948,
        "ae0c1e2ad4e1381d851fa9bf298ba13ebc9c5a914cdee2dbe427a6583869924d",
        "BSD-3-Clause",
        (
            (
                "MIT/ast-finetuned-audioset-10-10-0.4593",
                "f826b80d28226b62986cc218e5cec390b1096902",
            ),
        ),
    ),
    Published(
        "efficientat",
        "MobileNet of width 0.4, trained on AudioSet",
        "mn04_as_mAP_432.pt",
        4_066_513,
        "899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c",
        "MIT",
        (
            (
                "https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1/"
                "mn04_as_mAP_432.pt",
                None,
            ),
        ),
    ),
)


class Hub(NamedTuple):
    """A place on the hub: a repository, of which one file is meant where `file` is not None."""

    repository: str
    file: str | None
    kind: str


class Weights(NamedTuple):
    """The weights of an encoder as its config block names them.

    Attributes
    ----------
    source : str
        A path, a hub id, a file of the hub or the address of a file.
    revision : str or None
        Commit of a hub's repository.
    sha256 : str or None
        Digest that the file must have; None: the published one, where one is known.
    local_files_only : bool
        True: nothing is downloaded, as with the environment's ``HF_HUB_OFFLINE=1``.
    """

    source: str
    revision: str | None = None
    sha256: str | None = None
    local_files_only: bool = False

    @classmethod
    def of(cls, block: Mapping[str, Any]) -> "Weights":
        """Return what a block names; raise ParameterError when it has no source or other keys."""
        unknown = sorted(set(block) - set(cls._fields))
        if unknown or not isinstance(block.get("source"), str) or not block["source"]:
            raise ParameterError(
                f"weights={dict(block)!r} must hold source, a path, hub id or URL, and may hold "
                f"{', '.join(cls._fields[1:])}"
            )
        return cls(**block)

    @property
    def hub(self) -> Hub | None:
        """Where on the hub they are; None for a path of this machine."""
        return hub_place(self.source)

    @property
    def url(self) -> str | None:
        """The address of their file; None where the source is none."""
        return self.source if ADDRESS.fullmatch(self.source) else None

    @property
    def published(self) -> Published | None:
        """What is known of them by name: a place on the hub, or a file of a published name."""
        for entry in PUBLISHED:
            if any(self.source == place for place, _ in entry.sources):
                return entry
            if entry.file == Path(self.source).name and entry.file not in WEIGHT_FILES:
                return entry
        return None

    @property
    def digest(self) -> str | None:
        """The sha256 that the config tells, or the published one; None where neither is known."""
        return self.sha256 or (self.published.sha256 if self.published else None)

    def published_as(self, file_name: str) -> Published | None:
        """Return what is known of them when they are read from a file of this name."""
        known = self.published
        return known if known and known.file == file_name else None


def hub_place(source: str) -> Hub | None:
    """Return the hub's place that `source` names; None for a path.

    ``owner/name`` is a hub id only when there is neither such a path nor a folder ``owner`` here.

    Examples
    --------
    >>> hub_place("hf://datasets/owner/name/file.pt")
    Hub(repository='owner/name', file='file.pt', kind='dataset')
    """
    file = HUB_FILE.fullmatch(source)
    if file:
        return Hub(file[2], file[3], "dataset" if file[1] else "model")
    here = Path(source)
    if HUB_ID.fullmatch(source) and not here.exists() and not here.parent.is_dir():
        return Hub(source, None, "model")
    return None


def find(weights: Weights) -> Path | None:
    """Return the file or folder of weights where it is on this machine, or None.

    A hub's repository is here when its cache holds the revision, with a file of weights in it; the
    file of an address, when torch's cache holds one of that name.
    """
    if weights.url:
        path = cached_file(weights.url)
        return path if path.is_file() else None
    if weights.hub is None:
        path = Path(weights.source).expanduser()
        return path if path.exists() else None
    folder = _snapshot(weights.hub, weights.revision or DEFAULT_REVISION)
    if weights.hub.file is not None:
        path = folder / weights.hub.file
        return path if path.is_file() else None
    return folder if weight_file(folder) else None


def weight_file(path: Path) -> Path | None:
    """Return the file of weights that `path` is, or that a folder in transformers' form holds."""
    if path.is_file():
        return path
    return next((path / name for name in WEIGHT_FILES if (path / name).is_file()), None)


def hub_cache() -> Path:
    """Return the folder of the hub's cache, as huggingface_hub finds it."""
    home = os.environ.get("HF_HOME")
    if not home:
        cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        home = f"{cache}/huggingface"
    named = os.environ.get("HF_HUB_CACHE") or f"{home}/hub"
    return Path(os.path.expandvars(named)).expanduser()


def cached_file(url: str) -> Path:
    """Return where torch's cache keeps the file of an address, as ``torch.hub`` does."""
    home = os.environ.get("TORCH_HOME")
    if not home:
        cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        home = f"{cache}/torch"
    name = Path(unquote(urlsplit(url).path)).name
    return Path(home).expanduser() / "hub" / "checkpoints" / name


def _snapshot(hub: Hub, revision: str) -> Path:
    repository = hub_cache() / f"{hub.kind}s--{hub.repository.replace('/', '--')}"
    reference = repository / "refs" / revision
    commit = reference.read_text().strip() if reference.is_file() else revision
    return repository / "snapshots" / commit


def encoder_weights(config: Config, encoder: str) -> Weights:
    """Return what a config names as the weights of an encoder."""
    return Weights.of(config["encoders"][encoder]["weights"])


def absent_encoders(config: Config, encoders: Iterable[str]) -> list[str]:
    """Return those of some encoders whose weights are not on this machine."""
    return [name for name in encoders if find(encoder_weights(config, name)) is None]


def check_weights(config: Config, absent: Iterable[str]) -> None:
    """Raise ConfigError when weights are absent of encoders that are not optional."""
    required = [name for name in absent if not config["encoders"][name]["optional"]]
    if required:
        lines = "\n".join(f"  {_told(name, encoder_weights(config, name))}" for name in required)
        raise ConfigError(
            f"weights that the config asks for are not on this machine:\n{lines}\n"
            "`resound weights` tells where to get them; with optional: true in their block of "
            "encoders their rows are left without numbers"
        )


def _told(encoder: str, weights: Weights) -> str:
    at = f" at revision {weights.revision}" if weights.revision else ""
    file = f", file {weights.published.file}" if weights.published else ""
    return f"encoders.{encoder}.weights.source: {weights.source}{at}{file}, sha256 {weights.digest}"
