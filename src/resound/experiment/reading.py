"""YAML files of a config, looked at for what reading them would lose without a word.

Of a key that stands twice in one block the last one wins, and a key that is written as a number is
another key than its text. Both are faults that name the file and the line.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

TEXT = "tag:yaml.org,2002:str"
MERGE = "tag:yaml.org,2002:merge"


def faults(files: Iterable[str | Path]) -> Iterator[str]:
    """Yield a line for each key of some YAML files that would be lost or taken for another."""
    for file in files:
        try:
            root = yaml.compose(Path(file).read_text(encoding="utf-8"), yaml.SafeLoader)
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            continue  # whoever reads the file says so
        if root is not None:
            yield from (f"{file}, {fault}" for fault in _of_node(root, ""))


def _of_node(node: yaml.Node, where: str) -> Iterator[str]:
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _of_node(item, f"{where}[{number}]")
    elif isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            name = str(key.value)
            path, line = f"{where}.{name}" if where else name, key.start_mark.line + 1
            if key.tag not in (TEXT, MERGE):
                yield f"line {line}: {path}: the key {name} is no text; quote it: '{name}'"
            if name in lines:
                yield (
                    f"line {line}: {path}: this key stands in line {lines[name]} already, and only "
                    "the last would count; delete one of them"
                )
            lines[name] = line
            yield from _of_node(value, path)
