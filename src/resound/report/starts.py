"""Starting weights of a network, by the name that tables give them."""

from resound.experiment.coordinates import RANDOM
from resound.experiment.weights import PUBLISHED

IMAGENET = "ImageNet"
# Published files that a table can name; others it shows by the first digits of their digest.
KNOWN = {
    "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec": IMAGENET,  # torchvision's
    **{entry.sha256: f"{entry.encoder} ({entry.title})" for entry in PUBLISHED},
}


def started_from(start: str) -> str:
    """Name a start as an experiment's `starts` tells it: ``random``, or a digest.

    Examples
    --------
    >>> started_from("random"), started_from("0123456789abcdef")
    ('random', 'sha256 01234567')
    """
    return start if start == RANDOM else KNOWN.get(start, f"sha256 {start[:8]}")
