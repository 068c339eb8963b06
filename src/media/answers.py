"""Answers as JSON files: as they are written, and which files of a folder are results of this program."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: What is written beside answers and not named in them: what a killed process left, and later parts of a live source.
_UNNAMED = re.compile(r".*\.partial\.(csv|jsonl)|.*-\d{8}T\d{6}Z(\.\w+)+")


def json_bytes(answer: Mapping[str, Any]) -> bytes:
    """An answer as the JSON file that is saved."""
    return (json.dumps(answer, indent=2) + "\n").encode()


def json_content(path: Path) -> dict[str, Any]:
    """A JSON file's object; empty where it is none."""
    try:
        answer = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def own_results(folder: Path) -> set[str]:
    """The names of the files and folders in a folder that an earlier run has saved there: they are not read again."""
    own = set()
    for path in folder.glob("*.json"):
        saved = json_content(path).get("saved")
        if isinstance(saved, dict) and "json" in saved:
            own |= {path.name, *(Path(str(file)).name for file in saved.values())}
    if own:
        own |= {path.name for path in folder.iterdir() if _UNNAMED.fullmatch(path.name)}
    return own
