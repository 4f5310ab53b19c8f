"""Environmental sound: features from first principles, distances, searches and experiments.

>>> import resound
>>> sorted(set(dir(resound)) & {"load", "extract", "dtw", "similar", "plot"})
['dtw', 'extract', 'load', 'plot', 'similar']

- `load(path, sample_rate=..., duration=...)` reads a sound;
- `extract("mfcc", waveform, sample_rate=...)` returns a feature of it;
- `dtw(x, y)` returns the distance of two features of any length;
- `similar(query, clips, k=10)` returns the nearest of many;
- `plot(waveform, "picture.png", sample_rate=...)` draws a sound and its features.

Each is imported when it is first asked for, so that `import resound` takes no time.
"""

import importlib
from importlib import metadata
from typing import Any

DECIDES_NO_NUMBER = "It names what other modules hold."

VERBS = {
    "load": "resound.audio.reading",
    "extract": "resound.features.extraction",
    "dtw": "resound.distances.dtw",
    "similar": "resound.distances.nearest",
    "plot": "resound.plots.clips",
}
__all__ = ["__version__", *VERBS]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return metadata.version("resound")
    if name in VERBS:
        return getattr(importlib.import_module(VERBS[name]), name)
    raise AttributeError(f"module 'resound' has no {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
