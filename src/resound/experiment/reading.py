"""YAML files of a config, looked at for what reading them would lose without a word.

Of a key that stands twice in one block the last one wins, and a key that is written as a number is
another key than its text. Both are faults that name the file and the line.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

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


class Written:
    """What stands in YAML files for each key, before it is read as a number, a date or the like.

    Parameters
    ----------
    files : iterable of path
        Those of a config.
    """

    def __init__(self, files: Iterable[str | Path]) -> None:
        self._texts: dict[str, list[tuple[str, str]]] = {}
        for file in files:
            try:
                root = yaml.compose(text_of(file), yaml.SafeLoader)
            except (ConfigError, yaml.YAMLError):
                continue
            for path, node in _scalars(root, ""):
                where = f"{file}, line {node.start_mark.line + 1}"
                self._texts.setdefault(path, []).append((node.value, where))

    def no_text(self, path: str, value: Any) -> str:
        """Say that the value of a key is no text, what was written, and how to write a text."""
        if value is None:
            return f"{path}: is empty; write a text"
        for text, where in self._texts.get(path, ()):
            if yaml.safe_load(text) == value:
                read = f" is read as {value}, which" if text != str(value) else ""
                return f"{path}: {text}{read} is no text; quote it: '{text}' ({where})"
        return (
            f"{path}: {value!r} is no text; --config takes digits, also with _ between them, for "
            "a number: a path begins with ./ then, and other texts are set in a file"
        )


def _scalars(node: yaml.Node | None, where: str) -> Iterator[tuple[str, yaml.ScalarNode]]:
    if isinstance(node, yaml.ScalarNode):
        yield where, node
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _scalars(item, f"{where}.{number}")
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = str(key.value)
            yield from _scalars(value, f"{where}.{name}" if where else name)


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
