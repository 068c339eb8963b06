"""Tracking: which detections of successive frames are the same plate?

Tracks are predicted at constant velocity; detections are assigned to them at least cost (Kuhn 1955). The affinity of a
pair is the overlap of its boxes, or the nearness of its centres compared with the way that a plate can have gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..basics.geometry import FloatArray, box_centres, iou_matrix, shared_part
from ..detection.detector import Detection
from .records import TrackRecord

LOST_S = 1.0  #: a track that was not seen for so many seconds is over; who comes back later is known by its text
LARGEST_GAP_S = 2.0  #: where no pass was made for longer than this, anything may have happened: every track is over
COASTING_S = 0.3  #: a track is shown for so many seconds after it was last seen
#: How far from its predicted place a plate can be, in its widths: at once, more per second, that before it has moved.
REACH_WIDTHS, REACH_WIDTHS_PER_S, FIRST_REACH_WIDTHS_PER_S = 1.0, 5.0, 10.0
#: Widths of the same plate in successive frames differ less than by this factor; squared for frames a second apart.
LARGEST_GROWTH = 1.5
VELOCITY_SHARE = 0.6  #: share of the newest step in the velocity
#: So near to the border, in shares of its width (which may be of what is left) and height, a plate is cut, or may be.
BORDER_WIDTHS, BORDER_HEIGHTS, NEAR_HEIGHTS = 0.03, 0.1, 0.25
CLEAR_OVERLAP = 0.2  #: overlap beyond which an assignment needs no check
#: Detections overlap if they share more than this of the smaller one, and are the same plate seen twice from here on.
LEAST_SHARED_PART, NESTED_PART = 0.25, 0.8


@dataclass(frozen=True, eq=False)
class Fix:
    """Where a plate was at a time: corners ``[4, 2]``, box ``[4]`` and, if known, velocity ``[2]``, in pixels."""

    time_s: float
    corners: FloatArray
    box: FloatArray
    velocity: FloatArray | None = None

    def shift(self, time_s: float) -> FloatArray:
        """How far ``[2]`` it should have gone at another time."""
        velocity = np.zeros(2, np.float32) if self.velocity is None else self.velocity
        return np.asarray(velocity * (time_s - self.time_s), np.float32)

    def corners_at(self, time_s: float, before: "Fix") -> FloatArray:
        """The corners ``[4, 2]`` at another time: on the way from where it was before, or as it should have gone."""
        if not before.time_s < time_s < self.time_s:
            return np.asarray(self.corners + self.shift(time_s), np.float32)
        share = (time_s - before.time_s) / (self.time_s - before.time_s)
        return np.asarray((1 - share) * before.corners + share * self.corners, np.float32)


class Track:
    """One plate over time; tracks are numbered from 1."""

    def __init__(self, number: int, time_s: float, detection: Detection) -> None:
        self.number = number
        self.leapt = False  #: whether its latest detection is so far away that it may be of another plate
        self.record = TrackRecord(number, time_s)
        #: Its latest detection, and the one before, if there was one.
        self.latest = self.before = Fix(time_s, detection.corners, detection.box)

    def add(self, time_s: float, detection: Detection) -> None:
        """Continue with a later detection."""
        self.before = before = self.latest
        self.leapt = bool(iou_matrix(self.predicted_box(time_s)[None], detection.box[None])[0, 0] < CLEAR_OVERLAP)
        way = box_centres(detection.box) - box_centres(before.box)
        velocity = way / np.float32(max(time_s - before.time_s, 1e-3))
        if before.velocity is not None:
            velocity = VELOCITY_SHARE * velocity + (1 - VELOCITY_SHARE) * before.velocity
        self.latest = Fix(time_s, detection.corners, detection.box, velocity)

    def predicted_box(self, time_s: float) -> FloatArray:
        """Where its box ``[4]`` should be at a later time."""
        return np.asarray(self.latest.box + np.tile(self.latest.shift(time_s), 2), np.float32)

    def corners_at(self, time_s: float) -> FloatArray | None:
        """Its corners ``[4, 2]`` at any time since its last detection but one; None where it is not to be seen."""
        if time_s < self.before.time_s or time_s - self.latest.time_s > COASTING_S:
            return None
        return self.latest.corners_at(time_s, self.before)


class Tracker:
    """Joins the detections of successive frames of a size in pixels."""

    def __init__(self, width: int, height: int) -> None:
        self._size = width, height
        self.tracks: list[Track] = []  #: those that are not over yet
        self._count = 0

    def update(self, time_s: float, detections: Sequence[Detection]) -> list[Track]:
        """Take in the detections of a later frame; returns the track of each."""
        assigned: dict[int, Track] = {}
        if self.tracks and detections:
            affinity = self._affinity(time_s, detections)
            for row, column in zip(*linear_sum_assignment(-affinity), strict=True):
                if affinity[row, column] > 0:
                    self.tracks[row].add(time_s, detections[column])
                    assigned[int(column)] = self.tracks[row]
        return [assigned.get(index) or self.begin(time_s, detection) for index, detection in enumerate(detections)]

    def begin(self, time_s: float, detection: Detection, instead_of: Track | None = None) -> Track:
        """A new track of one detection, instead of one whose plate that turned out not to be."""
        if instead_of:
            self.tracks.remove(instead_of)
        self._count += 1
        self.tracks.append(Track(self._count, time_s, detection))
        return self.tracks[-1]

    def expire(self, time_s: float, unseen_s: float = LOST_S) -> list[Track]:
        """Take out the tracks that were not seen for longer than ``unseen_s`` at a time, both in seconds."""
        over = [track for track in self.tracks if time_s - track.latest.time_s > unseen_s]
        self.tracks = [track for track in self.tracks if track not in over]
        return over

    def _affinity(self, time_s: float, detections: Sequence[Detection]) -> FloatArray:
        """``[tracks, detections]``; 0 for what cannot belong together."""
        # Of a plate that leaves the picture only a part is seen.
        limit = np.array(self._size * 2, np.float32)
        predicted = np.clip(np.stack([track.predicted_box(time_s) for track in self.tracks]), 0, limit)
        boxes = np.stack([detection.box for detection in detections])
        distance = np.linalg.norm(box_centres(predicted)[:, None] - box_centres(boxes)[None], axis=-1)
        latest = [track.latest for track in self.tracks]
        known = np.stack([fix.box for fix in latest])
        gaps = np.array([time_s - fix.time_s for fix in latest])[:, None]
        speed = [FIRST_REACH_WIDTHS_PER_S if fix.velocity is None else REACH_WIDTHS_PER_S for fix in latest]
        reach = (known[:, 2:3] - known[:, 0:1]) * (REACH_WIDTHS + np.array(speed)[:, None] * gaps)
        wide, known_wide = (np.maximum(one[:, 2] - one[:, 0], np.float32(1)) for one in (boxes, known))
        growth = np.log(wide[None] / known_wide[:, None])
        cut = np.array([is_cut(detection, *self._size, NEAR_HEIGHTS) for detection in detections])
        fits = np.where(cut, growth, np.abs(growth)) < np.log(LARGEST_GROWTH) * (1 + gaps)
        return np.asarray((iou_matrix(predicted, boxes) + np.clip(1 - distance / reach, 0, None)) * fits, np.float32)


def is_cut(detection: Detection, width: float, height: float, heights: float = BORDER_HEIGHTS) -> bool:
    """Whether a plate reaches the border of a picture, of a size in pixels, so that part of its text may be missing."""
    xmin, ymin, xmax, ymax = detection.box
    margin = max(BORDER_WIDTHS * (xmax - xmin), heights * (ymax - ymin))
    return bool(xmin < margin or ymin < margin or xmax > width - margin or ymax > height - margin)


def unite_parts(detections: Sequence[Detection]) -> list[Detection]:
    """Make one of detections in a frame that overlap, as plates themselves never do.

    Two that lie beside each other in one row are the two ends of a long plate: the result reaches from the outer end of
    one to the outer end of the other. Otherwise the surer one is kept.
    """
    united: list[Detection] = []
    for detection in sorted(detections, key=lambda found: -found.confidence):
        for place, known in enumerate(united):
            if (shared := shared_part(known.box, detection.box)) > LEAST_SHARED_PART:
                if shared < NESTED_PART:
                    united[place] = _joined(known, detection)
                break
        else:
            united.append(detection)
    return united


def _joined(first: Detection, second: Detection) -> Detection:
    """The plate of which two detections are the ends; the first where they do not lie beside each other in one row."""
    left, right = sorted((first, second), key=lambda part: float(box_centres(part.box)[0]))
    heights = [part.box[3] - part.box[1] for part in (left, right)]
    apart = abs(box_centres(left.box)[1] - box_centres(right.box)[1])
    if apart >= 0.5 * min(heights) or max(heights) >= LARGEST_GROWTH * min(heights):
        return first
    corners = np.where([[True], [False], [False], [True]], left.corners, right.corners)
    box = np.concatenate([np.minimum(left.box[:2], right.box[:2]), np.maximum(left.box[2:], right.box[2:])])
    return Detection(box, corners, max(first.confidence, second.confidence))
