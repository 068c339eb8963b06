"""What axe, the checker of accessibility, finds on a page."""

import json
from pathlib import Path
from typing import Any

import axe_core_python

from tests.service.browser import Page

SOURCE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page, inside: str = "html") -> list[str]:
    """Each rule that a page breaks, and where."""
    page.evaluate(f"{SOURCE}; undefined")
    run = f"axe.run({json.dumps(inside)}, {{ resultTypes: ['violations'] }}).then((found) => found.violations)"
    found: list[dict[str, Any]] = page.evaluate(run)
    return [f"{one['id']}: {node['html'][:200]} ({one['help']})" for one in found for node in one["nodes"]]
