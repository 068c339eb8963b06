"""What tests do with the pages of a site, whatever they are about."""

import os
from pathlib import Path

#: Nothing is wider than the window.
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
#: Something of the page is there, and nothing is still coming.
THERE = "document.querySelector('.page-title') !== null && document.querySelector('.skeleton') === null"


def show(page, served, path):
    page.open("about:blank")
    page.open(f"{served.server.address}/#/{path}")
    page.wait_for(THERE)


def serious(page):
    """What its console complained about, but for pictures that cameras do not have yet."""
    return [problem for problem in page.problems if "/picture" not in problem]


def photograph(page, name):
    if folder := os.environ.get("PLATE_SCREENSHOTS"):
        page.screenshot(Path(folder) / name)
