"""Streams of real servers, with the real models."""

import json
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from src.media.inputs import LiveSource
from src.pipeline import main
from src.video.live import open_video
from src.video.options import VideoOptions
from tests.media.videos import MotionJpegServer
from tools.clips import Clip, traffic

SYSTEM_PYTHON = "/usr/bin/python3"
PLUGINS = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer, Gst; \
Gst.init(None); assert all(Gst.ElementFactory.find(name) for name in ('qtdemux', 'h264parse', 'rtph264pay'))"


@pytest.fixture(scope="module")
def clip():
    """Four vehicles in six seconds."""
    rng = np.random.default_rng(5)
    return Clip(traffic(rng, 4, 0), 640, 480, 12, 5.4, 5)


def free_port():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


@pytest.fixture
def rtsp_server(tmp_path, clip):
    """Starts GStreamer's RTSP server with the clip."""
    if not Path(SYSTEM_PYTHON).exists() or not shutil.which("gst-inspect-1.0"):
        pytest.skip("GStreamer is not installed (apt-get install gstreamer1.0-tools and what .ci/run names)")
    if subprocess.run([SYSTEM_PYTHON, "-c", PLUGINS], capture_output=True).returncode:
        pytest.skip("GStreamer's RTSP server is not installed (apt-get install what .ci/run names)")
    clip.write(tmp_path / "clip.mp4")
    port, processes = free_port(), []

    def start():
        script = Path(__file__).with_name("rtsp_server.py")
        process = subprocess.Popen(
            [SYSTEM_PYTHON, script, str(port), tmp_path / "clip.mp4"], stdout=subprocess.PIPE, text=True
        )
        processes.append(process)
        assert process.stdout.readline() == "ready\n"
        return f"rtsp://127.0.0.1:{port}/camera"

    def stop():
        process = processes.pop()
        process.kill()
        process.wait()

    yield start, stop
    while processes:
        stop()


def right(answer, clip):
    """How many vehicles of the clip were read to the letter."""
    return len({passing.text for passing in clip.passes} & {plate["text"] for plate in answer["plates"]})


def test_an_rtsp_stream_is_read_across_a_cut(rtsp_server, clip, tmp_path):
    start, stop = rtsp_server
    address = start()
    seen = []

    def cut_once(record):
        # The first vehicle is gone for good: the server goes away and comes back, with the same vehicles again.
        if not seen:
            stop()
            time.sleep(0.5)
            start()
        seen.append(record.plate.text)

    options = VideoOptions(duration_s=25.0, on_vehicle=cut_once)
    answer = main(address, tmp_path / "output", video=options)
    assert answer["kind"] == "video"
    assert (answer["width"], answer["height"]) == (640, 480)
    assert right(answer, clip) >= 3
    assert sorted(seen) == sorted(plate["text"] for plate in answer["plates"])
    assert answer["plates"][-1]["last_s"] > 8, "reading goes on after the cut"
    assert Path(answer["saved"]["annotated"]).stat().st_size > 10_000


def test_a_stream_says_how_many_frames_come(rtsp_server, clip):
    start, _ = rtsp_server
    address = start()
    with open_video(LiveSource(address, address), VideoOptions(duration_s=5.0)) as stream:
        assert stream.frame_rate == clip.rate


def test_a_motion_jpeg_stream_is_read(clip):
    # Slowly, for machines that are busy.
    server = MotionJpegServer(list(clip.frames()), rate=clip.rate / 2)
    answer = main(server.address, None, video=VideoOptions(duration_s=13.0))
    server.stop()
    assert right(answer, clip) >= 3


def test_a_stream_whose_answers_nobody_reads_any_more_ends(clip, root):
    # Long enough without vehicles that they are gone for good, and told.
    frames = list(clip.frames())
    server = MotionJpegServer(frames + [np.zeros_like(frames[0])] * 7 * clip.rate, rate=clip.rate)
    process = subprocess.Popen(
        [sys.executable, "-m", "src.pipeline", "--input", server.address, "--no-save", "--format", "jsonl"],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        first = json.loads(process.stdout.readline())
        process.stdout.close()
        process.wait(timeout=60)
    finally:
        process.kill()
        server.stop()
    assert first["text"]
    stderr = process.stderr.read()
    assert "cannot be printed" in stderr
    assert "Traceback" not in stderr
