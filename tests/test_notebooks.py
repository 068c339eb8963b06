import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ("Training.ipynb", "Usage.ipynb")


def printed(notebook: nbformat.NotebookNode) -> str:
    """All text that the cells of a notebook show."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "\n".join(output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in outputs)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_notebook_shows_its_results_when_opened(name):
    notebook = nbformat.read(ROOT / name, as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"]
    assert any({"image/png", "image/jpeg"} & set(output.get("data", {})) for output in outputs)


def test_usage_runs_from_top_to_bottom():
    notebook = nbformat.read(ROOT / "Usage.ipynb", as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(ROOT)}}).execute()
    assert "KD482XR" in printed(notebook)


def test_quick_training_runs_from_top_to_bottom_and_leaves_the_models_alone(monkeypatch):
    before = {path: path.stat().st_mtime_ns for path in (ROOT / "models").iterdir()}
    monkeypatch.setenv("PLATE_QUICK", "1")
    notebook = nbformat.read(ROOT / "Training.ipynb", as_version=4)
    NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(ROOT)}}).execute()
    for model in ("detector", "verifier", "refiner", "segmenter", "classifier"):
        assert re.search(rf"{model}(_\d+x\d+)?: ", printed(notebook)), "every model must be trained, saved and compiled"
    assert {path: path.stat().st_mtime_ns for path in (ROOT / "models").iterdir()} == before
