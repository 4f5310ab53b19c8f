"""The types of a config, written from its schema: a TypedDict for each block.

`resound/experiment/config_types.py` is this module's output. So mypy knows every key that the
package reads of a config, and a reader finds each with its type.
"""

from collections.abc import Iterator, Mapping
from typing import Any

HEAD = '''"""The types of a config, one for each block of it.

Written from ``workflow/schemas/config.schema.yaml`` by ``make docs``; a test compares the two.
"""

from typing import Any, Literal, NotRequired, TypedDict
'''
NAMES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
Schema = Mapping[str, Any]


def render(schema: Schema) -> str:
    """Return the module of the types of a schema, those of blocks before what holds them."""
    return HEAD + "".join(f"\n\n{text}" for text in _classes("Config", schema, schema))


def _classes(name: str, block: Schema, root: Schema) -> Iterator[str]:
    """Yield the classes of a block: those of the blocks in it, then its own."""
    lines = []
    for key, inner in block["properties"].items():
        found = _resolved(inner, root)
        own = _class_name(name, key)
        if _is_block(found):
            yield from _classes(own, found, root)
        inside = _inside(found, root)
        if inside is not None:
            yield from _classes(own, inside, root)
        typed = _type(own, found, root)
        needed = typed if key in block.get("required", ()) else f"NotRequired[{typed}]"
        lines.append(f"    {key}: {needed}\n")
    told = "A whole config." if name == "Config" else f"The keys of a block `{_spaced(name)}`."
    yield f'class {name}(TypedDict):\n    """{told}"""\n\n{"".join(lines)}'


def _inside(schema: Schema, root: Schema) -> Schema | None:
    """Return the block that lists or objects of a schema hold at last, if one does."""
    for many in ("additionalProperties", "items"):
        values = schema.get(many)
        if not _is_block(schema) and isinstance(values, Mapping):
            found = _resolved(values, root)
            return found if _is_block(found) else _inside(found, root)
    return None


def _type(name: str, schema: Schema, root: Schema) -> str:
    schema = _resolved(schema, root)
    if _is_block(schema):
        return name
    if "enum" in schema:
        return f"Literal[{', '.join(map(_quoted, schema['enum']))}]"
    if "oneOf" in schema:
        return " | ".join(sorted({_type(name, one, root) for one in schema["oneOf"]}, key=_last))
    if isinstance(schema["type"], list):
        return " | ".join(NAMES[one] for one in schema["type"])
    if schema["type"] == "array":
        return f"list[{_type(name, schema['items'], root)}]"
    if schema["type"] != "object":
        return NAMES[schema["type"]]
    values = schema.get("additionalProperties")
    return f"dict[str, {_type(name, values, root) if isinstance(values, Mapping) else 'Any'}]"


def _is_block(schema: Any) -> bool:
    """Whether a schema is of an object of which all keys are known."""
    return isinstance(schema, Mapping) and schema.get("additionalProperties") is False


def _resolved(schema: Schema, root: Schema) -> Schema:
    where = schema.get("$ref", "").removeprefix("#/$defs/")
    found: Schema = root["$defs"][where] if where else schema
    return found


def _class_name(outer: str, key: str) -> str:
    own = "".join(part.capitalize() for part in key.split("_"))
    return own if outer == "Config" else f"{outer}{own}"


def _spaced(name: str) -> str:
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()


def _quoted(value: str) -> str:
    return f'"{value}"'


def _last(name: str) -> tuple[bool, str]:
    return name == "None", name
