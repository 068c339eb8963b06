"""The house: arrows of imports point down only, and it stays small."""

import ast
import subprocess
import sys
from collections import Counter

import pytest

#: Each part may use those before it; docs/how-it-works.md tells what they are.
PARTS = (
    *("basics", "formats", "media", "detection", "segmentation", "classification", "syntax", "recognition", "video"),
    *("pipeline", "cli", "watch", "batch", "service", "synthesis", "evaluation", "training", "__main__"),
)
#: What stands on the reader: the limits of its size are not about them.
UPON_IT = {"watch", "batch"}
#: What Python itself asks for.
MARKERS = {"__init__.py", "__main__.py", "py.typed"}
#: It may shrink, and not grow.
MOST_LINES, MOST_LINES_OF_A_FILE, MOST_ENTRIES = 12_500, 350, 17


def imports(path, source):
    """The parts that a module imports, also within functions, but for what it does when it is started as a program."""
    tree = ast.parse(path.read_text())
    tree.body = [node for node in tree.body if "__main__" not in ast.unparse(node).partition("\n")[0]]
    package = path.relative_to(source).parent.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            target = (*base, *(node.module.split(".") if node.module else ()))
            yield from [target[0]] if target else [alias.name for alias in node.names]


def part_of(path, source):
    return path.relative_to(source).parts[0].removesuffix(".py")


def modules(root):
    source = root / "src"
    return source, [path for path in sorted(source.rglob("*.py")) if path != source / "__init__.py"]


def test_arrows_point_down(root):
    source, paths = modules(root)
    assert {part_of(path, source) for path in paths} == set(PARTS)
    up = [
        f"{path.relative_to(source)} imports {other}"
        for path in paths
        for other in imports(path, source)
        if other in PARTS and PARTS.index(other) > PARTS.index(part_of(path, source))
    ]
    assert not up


def test_an_arrow_that_points_up_is_seen(tmp_path):
    path = tmp_path / "media" / "images.py"
    path.parent.mkdir()
    path.write_text("def read():\n    from ..video.reader import read_video\n    from .. import pipeline\n")
    assert list(imports(path, tmp_path)) == ["video", "pipeline"]


def test_it_is_small(root):
    source, paths = modules(root)
    counted = [path for path in paths if part_of(path, source) not in UPON_IT]
    lines = {path: len(path.read_text().splitlines()) for path in [*counted, source / "__init__.py"]}
    assert sum(lines.values()) <= MOST_LINES
    entries = {path.name for path in source.iterdir() if path.name != "__pycache__"}
    assert len(entries - MARKERS - UPON_IT) <= MOST_ENTRIES


@pytest.mark.parametrize("folder", ["src", "tools"])
def test_no_file_is_long(root, folder):
    files = {path: len(path.read_text().splitlines()) for path in (root / folder).rglob("*.py")}
    assert {path.name: lines for path, lines in files.items() if lines > MOST_LINES_OF_A_FILE} == {}


def exported(path):
    """Public names that a module defines at its top level."""
    for node in ast.parse(path.read_text()).body:
        names = (
            [node.name]
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            else [target.id for target in node.targets if isinstance(target, ast.Name)]
            if isinstance(node, ast.Assign)
            else [node.target.id]
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
            else []
        )
        yield from (name for name in names if not name.startswith("_"))


def test_a_name_means_one_thing(root):
    _, paths = modules(root)
    counted = Counter(name for path in paths for name in exported(path))
    # Each command is started by its own run(), and builds its own app, router or table under the framework's name.
    # Alembic asks for the names of a migration.
    theirs = {"run", "revision", "down_revision", "upgrade", "downgrade"}
    assert {name: count for name, count in counted.items() if count > 1 and name not in theirs} == {}


def test_types_of_the_public_api_are_strict(root, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "from src import ImageResult, InputError, ReadOptions, VideoResult, blur, main, read\n\n\n"
        "def texts(path: str) -> list[str]:\n"
        '    result = read(path, options=ReadOptions(regions=("de",)))\n'
        "    return [plate.text for plate in result.plates]\n\n\n"
        "def copy(path: str) -> str | None:\n"
        '    return blur(path, "output", except_texts=["AB12"]).saved\n'
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", program, "src/__init__.py"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
