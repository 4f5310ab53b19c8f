"""Asides of a job: what it is told besides its spec, and what decides none of its values.

Snakemake compares the params that are plain built-ins and no others. These are frozen types, so a
change of one re-runs nothing that is made.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from resound.provenance import spec_digest


@dataclass(frozen=True)
class Tracking:
    """Where a training reports to."""

    mode: str
    project: str
    entity: str | None
    folder: str


@dataclass(frozen=True)
class WeightsAt:
    """Where an encoder's weights are; what they are is told by the digest in its spec."""

    block: Mapping[str, Any] | None


@dataclass(frozen=True)
class Names:
    """The names of what a job makes, as tables list them: fields and their values."""

    about: Mapping[str, str]


@dataclass(frozen=True)
class Division:
    """How the distances of a run are divided among jobs, and by which way its hits are found.

    Attributes
    ----------
    queries, gallery : int
        Clips a side of one tile.
    mode : str
        ``full``, all distances, or ``top_k``, an exact search.
    """

    queries: int
    gallery: int
    mode: str

    @property
    def tile_size(self) -> dict[str, int]:
        """Clips a side of one tile, by side."""
        return {"queries": self.queries, "gallery": self.gallery}


@dataclass(frozen=True)
class PartDivisions:
    """How the distances of the parts of a fusion are divided.

    Attributes
    ----------
    asked, within : tuple of (str, Division)
        Of the queries to the gallery, and within it: of each part the path of its run.
    """

    asked: tuple[tuple[str, Division], ...]
    within: tuple[tuple[str, Division], ...]


@dataclass(frozen=True)
class Shards:
    """Among how many jobs the sounds of a corpus are divided."""

    shards: int


def record_of(division: Mapping[str, Any], spec: Mapping[str, Any]) -> str:
    """Return the record, JSON, of how something of a spec was divided."""
    return json.dumps({"division": dict(division), "spec": spec_digest(spec)}) + "\n"
