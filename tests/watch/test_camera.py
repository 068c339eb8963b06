"""What a camera's process keeps of what it has seen: it has to go on for months."""

import contextlib
import gc
import tracemalloc
import weakref

import av
import numpy as np
import pytest

from src.basics.geometry import box_to_quad
from src.detection.detector import Detection
from src.recognition.plates import Reading
from src.video.records import FrameReading
from src.video.source import Frame
from src.video.tracking import Track
from src.watch.camera import CameraReader, Work
from src.watch.sightings import Recorder
from tests.watch.conftest import opened

CAMERA = '[[camera]]\nname = "gate"\nsource = "rtsp://127.0.0.1:9/none"\n'


@pytest.fixture
def reader(make_site, file_database):
    """What takes in what a live camera sees."""
    site = make_site(CAMERA, file_database)
    with opened(site) as store, contextlib.closing(Work("gate")) as work:
        yield CameraReader(Recorder(site, store, site.of("gate")), work)


def frame_at(index, time_s):
    return Frame(index, time_s, av.VideoFrame(64, 48, "yuv420p"))


def track_of(number, time_s):
    box = np.array([10, 10, 40, 20], np.float32)
    return Track(number, time_s, Detection(box, box_to_quad(box), 0.9))


def test_what_never_becomes_a_vehicle_is_forgotten(reader):
    """A shadow that was taken for a plate in one frame: its pictures must not stay for ever."""
    kept = []
    for index in range(20):
        frame, track = frame_at(index, index), track_of(index + 1, index)
        crop = np.zeros((10, 30, 3), np.uint8)
        track.record.read(FrameReading(index, index, track.latest, Reading(), 0.5, crop), is_plate=False)
        reader.see(frame, [track])
        kept.append(weakref.ref(frame))
        del frame, track
    reader.see(frame_at(20, 40.0), [])
    gc.collect()
    assert [one for one in kept if one()] == []


def test_a_vehicle_may_stand_there_for_days(reader):
    track = track_of(1, 0.0)
    tracemalloc.start()
    try:
        for index in range(20_000):
            if index == 5_000:
                before, _ = tracemalloc.get_traced_memory()
            reader.see(frame_at(index, float(index)), [track])
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 100_000
