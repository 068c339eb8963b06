"""The documents are short, whole, and tell all options."""

import contextlib
import csv
import importlib.util
import io
import json
import re
import subprocess
import sys
from urllib.parse import unquote

import pytest

from src.__main__ import run

#: A link or picture of Markdown: its target, without a title.
LINK = re.compile(r"\]\(<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\)")
CODE = re.compile(r"^( *)```.*?^\1```$|`[^`\n]+`", re.DOTALL | re.MULTILINE)
LONGEST_README = 120
#: Trials that the table had when it became a file of its own.
FIRST_TRIALS = 201
AREAS = {"reading", "detection", "video", "speed"}


def documents(root):
    """All documents for people."""
    return [
        *(root / name for name in ("README.md", "CHANGELOG.md", "EXPERIMENTS.md", "data/README.md")),
        root / "models" / "MODEL_CARD.md",
        *sorted((root / "docs").rglob("*.md")),
    ]


def anchors(text):
    """What links to headings of a document say, as GitHub and the site make them of plain headings."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub(lambda found: found[0].strip("`"), text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def broken_links(document):
    """Relative links of a document that lead nowhere."""
    found = []
    for link in LINK.findall(CODE.sub("", document.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = document.parent / path if path else document
        is_there = target.exists()
        if is_there and anchor and target.suffix == ".md":
            is_there = anchor in anchors(target.read_text(encoding="utf-8"))
        if not is_there:
            found.append(link)
    return found


def options_of(command):
    """Options that the help of a command tells."""
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()) as told:
        run([command, "--help"])
    return set(re.findall(r"^  (--[a-z0-9-]+)", told.getvalue(), re.MULTILINE))


def test_the_readme_is_short(root):
    assert len((root / "README.md").read_text(encoding="utf-8").splitlines()) <= LONGEST_README


def test_links_and_pictures_are_there(root):
    broken = {str(document.relative_to(root)): broken_links(document) for document in documents(root)}
    assert {name: links for name, links in broken.items() if links} == {}


def test_broken_links_are_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A heading, here\n[a](page.md#a-heading-here) ![b](b.png) [c](#there) [d](https://x.y) `[e](e)`")
    assert broken_links(page) == ["b.png", "#there"]


def test_pages_do_not_lead_out_of_the_site(root):
    links = [link for page in (root / "docs").glob("*.md") for link in LINK.findall(CODE.sub("", page.read_text()))]
    assert [link for link in links if link.startswith("../")] == []


def test_the_readme_leads_to_every_page(root):
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in (root / "docs").glob("*.md") if f"](docs/{page.name})" not in readme] == []


@pytest.mark.parametrize(
    ("command", "some"),
    [
        ("read", {"--input", "--output", "--regions"}),
        ("serve", {"--host", "--port"}),
        ("blur", {"--output", "--except"}),
        ("watch", {"--check"}),
        ("visits", {"--site", "--open", "--longer-than"}),
        ("lists", {"--site"}),
        ("counts", {"--site"}),
        ("mcp", {"--site"}),
        ("batch", {"--address", "--explode", "--video-part"}),
    ],
)
def test_every_option_is_described(root, command, some):
    page = (root / "docs" / "command-line.md").read_text(encoding="utf-8")
    options = options_of(command)
    assert options >= some
    # In the table of options, not only in passing.
    assert [option for option in sorted(options) if not re.search(rf"^\| `{option}\b[^-]", page, re.MULTILINE)] == []


def test_experiments_are_a_table(root):
    with (root / "data" / "experiments.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, strict=True)
    assert header == ["date", "area", "change", "expected", "measured", "kept"]
    assert len(rows) >= FIRST_TRIALS
    for row in rows:
        date, area, change, _, measured, kept = row
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", date), row
        assert area in AREAS, row
        assert change and measured and kept, row


def test_no_trial_is_lost(root):
    """The rows that were in EXPERIMENTS.md, by area."""
    with (root / "data" / "experiments.csv").open(encoding="utf-8", newline="") as file:
        first = [row["area"] for row in csv.DictReader(file)][:FIRST_TRIALS]
    assert {area: first.count(area) for area in AREAS} == {"reading": 78, "detection": 84, "video": 9, "speed": 30}


def test_the_changelog_has_the_first_version_and_what_comes_next(root):
    versions = re.findall(r"^## \[(.+?)\]", (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert versions[0] == "Unreleased"
    assert "0.1.0" in versions


def test_the_site_is_built(root, tmp_path):
    if importlib.util.find_spec("mkdocs") is None or importlib.util.find_spec("material") is None:
        pytest.skip("mkdocs-material is not installed")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "index.html").is_file()
    pages = {page.stem for page in (root / "docs").glob("*.md")} - {"index"}
    assert {path.parent.name for path in (tmp_path / "site").glob("*/index.html")} >= pages


def test_usage_shows_main(root):
    notebook = json.loads((root / "Usage.ipynb").read_text())
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    definition = cells.index(
        "def main(input):\n    data = data_preprocessing(input)\n"
        '    output = model_prediction(data, output_dir="output")\n    return output'
    )
    calls = [
        index for index, cell in enumerate(cells) if re.search(r"\bmain\(samples\[0\]\)|\bmain\(\S+\.mp4\"\)", cell)
    ]
    others = [index for index, cell in enumerate(cells) if "import main" in cell]
    assert len(calls) == 2 and definition < min(calls) < max(calls) < min(others)


@pytest.mark.parametrize("name", ["Usage.ipynb", "Training.ipynb"])
def test_notebooks_are_light(root, name):
    assert (root / name).stat().st_size < 1_500_000
