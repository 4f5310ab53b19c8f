"""Inputs near to good ones: the faults of a reader lie there and not among random bytes."""

from typing import Any

from hypothesis import strategies as st

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([2**31, 2**63, 2**64, -1, 0, "../../etc/passwd", "/etc/passwd", "9" * 5000])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)
)


class Content(bytes):
    """The bytes of a file, which a report does not print whole."""

    def __repr__(self) -> str:
        return f"{bytes(self[:80])!r}... of {len(self)} bytes"


@st.composite
def damaged(draw: st.DrawFn, good: bytes) -> Content:
    """Overwrite, delete or insert some bytes of `good`, or cut it off."""
    content = bytearray(good)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content)))
        new = draw(st.binary(max_size=8))
        gone = draw(st.sampled_from([0, len(new), draw(st.integers(0, 16))]))
        content[at : at + gone] = new
    if draw(st.integers(0, 3)) == 0:
        del content[draw(st.integers(0, len(content))) :]
    return Content(content)


@st.composite
def with_other_value(draw: st.DrawFn, good: Any, values: st.SearchStrategy[Any] = VALUES) -> Any:
    """Replace or delete one node of nested dicts and lists."""
    if not isinstance(good, dict | list) or not good or draw(st.integers(0, 5)) == 0:
        return draw(values)
    copy = dict(good) if isinstance(good, dict) else list(good)
    key = draw(st.sampled_from(list(good) if isinstance(good, dict) else range(len(good))))
    action = draw(st.integers(0, 9))
    if action == 0:
        del copy[key]
    elif action == 1 and isinstance(copy, dict):
        copy[draw(st.text(max_size=5) | st.integers())] = draw(values)
    else:
        copy[key] = draw(with_other_value(good[key], values))
    return copy
