"""How many examples a property is tried on, where the profile's number is too few or too dear."""

from hypothesis import settings


def examples(*, times: float) -> settings:
    """Return the profile's settings with so many times its examples."""
    return settings(max_examples=round(times * settings.default.max_examples))
