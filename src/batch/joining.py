"""Long videos in parts: where they are cut, and how what was read of the parts becomes one answer."""

import math
from collections.abc import Sequence
from typing import Any

import fsspec  # type: ignore[import-untyped]

from ..basics.texts import edit_distance

#: Texts of the same vehicle in both parts may differ in so many characters.
LARGEST_DISTANCE = 1


def video_parts(path: str, part_s: float | None) -> list[tuple[float, float | None]]:
    """Where the parts of a video begin and end, in seconds, each at least so long; without a length it is one."""
    if part_s is None:
        return [(0.0, None)]
    import av

    try:
        with fsspec.open(path, "rb") as file, av.open(file) as container:
            seconds = (container.duration or 0) / av.time_base
    except Exception:  # it is told when it is read
        seconds = 0.0
    starts = [part_s * number for number in range(max(1, math.floor(seconds / part_s)))]
    return list(zip(starts, [*starts[1:], None], strict=True))


def joined_answer(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One answer from those for the parts of a video, in their order; each has at least the answers' columns."""
    read = [part for part in parts if part["kind"]]
    vehicles: list[dict[str, Any]] = []
    frames = 0
    for part in read:
        for vehicle in part["plates"]:
            _add(vehicles, vehicle | {"best_frame": frames + vehicle["best_frame"]})
        frames += part["frames"]
    whole = {
        "plates": vehicles if read else None,
        "error": next((part["error"] for part in parts if part["error"]), None),
        "frames": frames if read else None,
        "duration_s": read[-1]["duration_s"] if read else None,
        "seconds": sum(part["seconds"] or 0 for part in parts),
    }
    return (read or parts)[0] | whole


def _add(vehicles: list[dict[str, Any]], later: dict[str, Any]) -> None:
    """Take in a vehicle of the next part, which may be one that was there when the last part ended."""
    from ..video.records import RETURN_S

    for place, known in enumerate(vehicles):
        gap_s = later["first_s"] - known["last_s"]
        if known["text"] and 0 <= gap_s <= RETURN_S and edit_distance(known["text"], later["text"]) <= LARGEST_DISTANCE:
            better = max(known, later, key=lambda one: one["confidence"])
            vehicles[place] = better | {
                "first_s": known["first_s"],
                "last_s": later["last_s"],
                "first_at": known["first_at"],
                "last_at": later["last_at"],
                "frames": known["frames"] + later["frames"],
                "tracks": known["tracks"] + later["tracks"],
                "crossings": known["crossings"] + later["crossings"],
            }
            return
    vehicles.append(later)
