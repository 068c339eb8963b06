"""The package as people install it: built into a wheel, in an environment and a folder of its own."""

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
import urllib.request
import venv
import zipfile

import pytest

from src.pipeline import main

PARTS = ("src", "models", "data", "pyproject.toml", "README.md", "LICENSE", "NOTICE")
LARGEST_WHEEL_MB = 12
PATIENCE_S = 120
#: What pip says where it reaches no registry.
NO_NETWORK = ("No matching distribution", "Failed to establish a new connection", "Temporary failure")


def pip(*arguments):
    """Runs pip; without a network there is nothing to test."""
    done = subprocess.run(
        [*map(str, arguments)], capture_output=True, text=True, timeout=5 * PATIENCE_S, env=environment_of_nobody()
    )
    if done.returncode and any(line in done.stderr for line in NO_NETWORK):
        pytest.skip(f"pip reaches no registry: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr


def environment_of_nobody():
    """The environment variables, without those that make Python find this checkout."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PLATE_"))}


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory):
    """The wheel, built from a copy: setuptools writes beside what it builds."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for part in PARTS:
        path = root / part
        if path.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "real", "samples")
            shutil.copytree(path, source / part, ignore=ignored)
        else:
            shutil.copy(path, source)
    pip(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", target, source)
    (path,) = target.glob("*.whl")
    return path


class Installed:
    """An environment with the package and what it asks for, and an empty folder to use it in."""

    def __init__(self, wheel, folder):
        self._wheel = wheel
        self._scripts = folder / "environment" / "bin"
        self.folder = folder / "empty"
        self.folder.mkdir()
        venv.create(folder / "environment", with_pip=True)
        self.install()

    def install(self, extra=""):
        pip(self._scripts / "python", "-m", "pip", "install", f"{self._wheel}{extra}")

    def command(self, name, *arguments):
        return [str(self._scripts / name), *map(str, arguments)]

    def run(self, name, *arguments):
        return subprocess.run(
            self.command(name, *arguments),
            cwd=self.folder,
            env=environment_of_nobody(),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )

    def python(self, program):
        done = self.run("python", "-c", program)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory, sample_path):
    one = Installed(wheel, tmp_path_factory.mktemp("installed"))
    shutil.copy(sample_path, one.folder / "photo.jpg")
    return one


@pytest.fixture(scope="module")
def expected(sample_path):
    """What this checkout reads in the photo."""
    return [plate["text"] for plate in main(sample_path, output_dir=None)["plates"]]


def test_the_wheel_is_small_and_whole(wheel, root):
    assert wheel.stat().st_size <= LARGEST_WHEEL_MB * 1e6
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"numberplate"}
    data = ("data/recipes/*.toml", "data/syntaxes/*.txt", "data/synthesis/*.toml", "data/words.txt")
    for part in (*data, "models/*.tflite", "src/service/page/**/*.*", "src/**/*.py"):
        for path in root.glob(part):
            name = path.relative_to(root / "src" if part.startswith("src") else root)
            assert f"numberplate/{name}" in names, name
    for name in ("numberplate/py.typed", "numberplate/service/schemas.json"):
        assert name in names
    assert not [name for name in names if name.endswith((".h5", ".jpg"))]
    assert {name.rpartition("/")[2] for name in names if "dist-info/licenses/" in name} == {"LICENSE", "NOTICE"}


def test_the_installed_command_reads_a_photo(installed, expected):
    done = installed.run("numberplate", "photo.jpg")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert [plate["text"] for plate in answer["plates"]] == expected
    assert (installed.folder / answer["saved"]["annotated"]).is_file()


def test_the_installed_command_reads_a_folder_in_processes(installed, expected):
    (installed.folder / "photos").mkdir()
    for number in range(3):
        shutil.copy(installed.folder / "photo.jpg", installed.folder / "photos" / f"{number}.jpg")
    done = installed.run("numberplate", "photos", "--workers", 2, "--no-save")
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)["results"]
    assert [[plate["text"] for plate in result["plates"]] for result in results] == [expected] * 3


def test_the_installed_package_reads_a_photo(installed, expected):
    program = "from numberplate import read; print(read('photo.jpg').plates[0].text)"
    assert installed.python(program) == expected[0]


def test_nothing_else_is_installed(installed):
    program = (
        "import importlib.util as i, numberplate, pathlib;"
        "print(i.find_spec('src'), *sorted(path.name for path in pathlib.Path(numberplate.__path__[0]).parent.iterdir()"
        " if path.name.startswith(('src', 'models', 'data', 'tests', 'numberplate'))))"
    )
    version = installed.run("numberplate", "--version").stdout.split()[1]
    assert installed.python(program) == f"None numberplate numberplate-{version}.dist-info"


def test_the_version_is_the_same_everywhere(installed, wheel):
    program = (
        "import importlib.metadata, numberplate as n; print(n.__version__, importlib.metadata.version('numberplate'))"
    )
    versions = {*installed.python(program).split(), wheel.name.split("-")[1]}
    assert installed.run("numberplate", "--version").stdout == f"numberplate {versions.pop()}\n"
    assert not versions


def test_what_is_not_installed_is_named(installed):
    for arguments, remedy in (
        (("serve",), "pip install 'numberplate[service]'"),
        (("evaluate", "set"), "pip install 'numberplate[train]'"),
        (("photo.jpg", "--runtime", "keras", "--no-save"), "only a checkout has all models"),
    ):
        done = installed.run("numberplate", *arguments)
        assert done.returncode == 2
        assert done.stdout == ""
        assert remedy in done.stderr
        assert done.stderr.count("\n") == 1


def test_the_service_is_an_extra(installed):
    # After the tests of the package alone: this adds to their environment.
    installed.install("[service]")
    data = installed.folder / "data"
    process = subprocess.Popen(
        installed.command("numberplate", "serve", "--port", 0),
        cwd=installed.folder,
        env={**environment_of_nobody(), "PLATE_DATA": str(data)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        running = next(found for line in process.stderr if (found := re.search(r"running on (http://\S+)", line)))
        with urllib.request.urlopen(f"{running[1]}/health", timeout=PATIENCE_S) as answer:
            assert answer.status == 200
        photo = (installed.folder / "photo.jpg").read_bytes()
        with urllib.request.urlopen(f"{running[1]}/v1/read", photo, timeout=PATIENCE_S) as answer:
            assert json.load(answer)["plates"]
        with urllib.request.urlopen(f"{running[1]}/", timeout=PATIENCE_S) as page:
            assert b"<html" in page.read()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)


def test_imports_inside_the_package_are_relative(root):
    for path in sorted((root / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            assert not {name.split(".")[0] for name in names} & {"src", "numberplate"}, (path, node.lineno)


def test_one_module_knows_where_files_lie(root):
    knowing = [path.name for path in (root / "src").rglob("*.py") if "__file__" in path.read_text()]
    assert knowing == ["files.py"]


def test_every_folder_of_the_package_is_installed(root):
    packages = {path.parent.relative_to(root / "src").parts for path in (root / "src").rglob("__init__.py")}
    listed = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = ("data", "data.recipes", "data.syntaxes", "data.synthesis", "models")
    data = {f"numberplate.{folder}" for folder in folders}
    assert {".".join(("numberplate", *parts)) for parts in packages} == set(listed) - data


def loaded_by(root, program, sample_path):
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {program}; print(*sys.modules)", sample_path],
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return {name.split(".")[0] for name in done.stdout.split()}


def test_importing_the_package_is_cheap(root, sample_path):
    assert not loaded_by(root, "import src", sample_path) & {"numpy", "cv2", "PIL", "logging"}


def test_reading_a_picture_needs_neither_service_nor_video(root, sample_path):
    program = "from src import read; read(sys.argv[1])"
    loaded = loaded_by(root, program, sample_path)
    assert "numpy" in loaded
    assert not loaded & {"av", "fastapi", "keras", "multiprocessing", "sqlalchemy", "tensorflow", "tqdm", "uvicorn"}
