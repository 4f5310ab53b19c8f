"""Short names of methods: no longer than it takes to tell them apart."""

import re
from collections import Counter
from collections.abc import Sequence

Names = tuple[str, ...]
SETTING = re.compile(r"sr(\d+)")


def short_labels(methods: Sequence[Names]) -> list[str]:
    """Return a name for each method: without its setting, with its sample rate, or in full.

    Parameters
    ----------
    methods : sequence of tuple of str
        What names each in a table: distance, network, feature, setting.
    """
    forms = [[_form(names, depth) for names in methods] for depth in range(3)]
    counts = [Counter(labels) for labels in forms]
    return [
        next((label[depth] for depth in range(3) if counts[depth][label[depth]] == 1), label[-1])
        for label in zip(*forms, strict=True)
    ]


def _form(names: Names, depth: int) -> str:
    """Write a name without setting (0), with the setting's sample rate (1), or in full (2)."""
    parts = []
    for name in names:
        setting = SETTING.match(name)
        if setting is None or depth == 2:
            parts.append(name)
        elif depth == 1:
            parts.append(f"{int(setting[1]) / 1000:g} kHz")
    return " · ".join(parts)
