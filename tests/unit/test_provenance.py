from pathlib import Path

import pytest

from resound import provenance

MODULE = '''"""Doc."""
from resound import b


def f():
    """Doc."""
    if b.X < 0:
        log.info("X is %s", b.X)
        warnings.warn("negative", stacklevel=2)
        print("negative")
        raise ValueError(f"X={b.X} is negative") from None
    if b.X > 9:
        raise Unreadable(b.X, "large")
    return b.X
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return a small package `resound` of its own and a script that uses it."""
    files = {
        "src/resound/__init__.py": "",
        "src/resound/a.py": MODULE,
        "src/resound/b.py": "X = 1\n",
        "src/resound/c.py": "from .sub.d import Y\n",
        "src/resound/sub/__init__.py": "",
        "src/resound/sub/d.py": "from ..b import X\nY = X\n",
        "script.py": "import numpy\nfrom resound.a import f\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(provenance, "SOURCE", tmp_path / "src")
    return tmp_path


def digest(package: Path, *modules: str) -> dict[str, str]:
    provenance.code_of.cache_clear()
    provenance._parsed.cache_clear()
    provenance._files.cache_clear()
    return provenance.code_of(package / "script.py", *modules)


def edit(package: Path, old: str, new: str) -> None:
    path = package / "src/resound/a.py"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_it_follows_imports_and_nothing_else(package):
    assert list(digest(package)) == [
        "script.py", "src/resound/__init__.py", "src/resound/a.py", "src/resound/b.py",
    ]  # fmt: skip


def test_relative_imports_and_named_modules_are_followed(package):
    found = set(digest(package, "resound.c")) - set(digest(package))
    assert found == {"src/resound/c.py", "src/resound/sub/__init__.py", "src/resound/sub/d.py"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return b.X", "return b.X  # why"),
        ('"""Doc."""', '"""Other words."""'),
        ("\n\n\n", "\n\n\n\n"),
        ('"X is %s", b.X', '"X: %s", 2 * b.X'),
        ('"negative", stacklevel=2', '"below 0", stacklevel=3'),
        ('print("negative")', 'print("below 0", b.X)'),
        ('f"X={b.X} is negative"', '"give another X"'),
    ],
)
def test_what_is_said_to_a_person_does_not_count(package, old, new):
    before = digest(package)
    edit(package, old, new)
    assert digest(package) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("b.X < 0", "b.X < 1"),
        ("log.info", "len"),
        ("ValueError(", "KeyError("),
        # The words of an error that carries data are read by whoever catches it.
        ('"large"', '"huge"'),
        ('raise ValueError(f"X={b.X} is negative") from None', "return 0"),
    ],
)
def test_what_is_done_counts(package, old, new):
    before = digest(package)
    edit(package, old, new)
    assert digest(package) != before


def test_a_statement_counts_in_its_own_file_only(package):
    before = digest(package)
    (package / "src/resound/b.py").write_text("X = 2\n")
    after = digest(package)
    assert {name for name in before if before[name] != after[name]} == {"src/resound/b.py"}


def test_one_digest_stands_for_all_files(package):
    before = digest(package)
    short = provenance.code_digest(package / "script.py")
    assert len(short) == 12
    (package / "src/resound/b.py").write_text("X = 2\n")
    assert digest(package) != before
    assert provenance.code_digest(package / "script.py") != short


def test_versions_are_only_told_when_strict():
    assert provenance.numeric_versions(False) == {}
    assert set(provenance.numeric_versions(True)) == set(provenance.NUMERIC_LIBRARIES)
