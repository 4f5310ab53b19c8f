"""YAML files of a config, looked at for what reading them would lose without a word.

Of a key that stands twice in one block the last one wins, and a key that is written as a number is
another key than its text. Both are faults that name the file and the line.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from resound.errors import ConfigError
from resound.files import absence, not_utf8

TEXT = "tag:yaml.org,2002:str"
MERGE = "tag:yaml.org,2002:merge"


def text_of(file: str | Path) -> str:
    """Return the text of a YAML file; ConfigError where it is none, or in another encoding."""
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror}): {absence(file)}") from error
    if foreign := not_utf8(content):
        raise ConfigError(f"{file}: {foreign}")
    return content.decode("utf-8-sig")


def faults(files: Iterable[str | Path]) -> Iterator[str]:
    """Yield a line for each key of some YAML files that would be lost or taken for another."""
    for file in files:
        try:
            root = yaml.compose(text_of(file), yaml.SafeLoader)
        except (ConfigError, yaml.YAMLError):
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
