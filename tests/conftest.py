"""Pictures that tests share."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent


def heed_interrupts() -> None:
    """Run it in a process that is about to start: Ctrl-C ends it, as it does in a terminal.

    A shell starts its background jobs, and so these tests when they run in one, with interrupts ignored.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def datasets() -> Path:
    """The folder of real photographs; tests that need it are skipped where it is not there."""
    folder = ROOT.parent / "shared" / "datasets"
    if not folder.is_dir():
        pytest.skip("the real photographs (../shared/datasets) are not there")
    return folder


@pytest.fixture(scope="session")
def sample_paths() -> list[Path]:
    """The project's own sample pictures."""
    folder = ROOT / "data" / "samples"
    paths = sorted(path for path in folder.glob("*") if path.suffix in (".jpg", ".png"))
    assert paths, f"{folder} holds no pictures"
    return paths


@pytest.fixture(scope="session")
def sample_path(sample_paths: list[Path]) -> Path:
    """One sample picture with a plate in it."""
    return sample_paths[0]


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    """BGR uint8 ``[90, 120, 3]``: smooth colours with a bright patch in the top-left corner; no symmetry."""
    y, x = np.mgrid[0:90, 0:120]
    image = np.stack([x * 2, y * 2.5, (x + y)], axis=-1).astype(np.uint8)
    image[5:25, 10:50] = (40, 60, 250)
    return image


def pytest_xdist_auto_num_workers() -> int:
    """Two more than there are cores: many tests wait, for cameras that are away and for clocks."""
    return min((os.cpu_count() or 1) + 2, 4)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take minutes come first, so that no core waits for the other one at the end."""
    first = ("test_notebooks.py", "test_unattended.py", "test_pages.py", "test_page_reading.py")
    items.sort(key=lambda item: item.path.name not in first and "training" not in item.path.parts)
