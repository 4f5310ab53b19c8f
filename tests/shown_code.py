"""The code that the pages of docs/ and the README show, for the tests that run it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a page in one language."""
    return _blocks((ROOT / page).read_text(), language)


def block_of(part: str, language: str = "yaml") -> tuple[str, str]:
    """Return the Python of one part of docs/extending.md, and its block in another language."""
    text = (ROOT / "docs/extending.md").read_text()
    (section,) = re.findall(rf"^## {part}: one file.*?\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return _blocks(section, "python")[0], _blocks(section, language)[0]


def _blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)
