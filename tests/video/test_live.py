import itertools
import logging
import socket
import threading
import time

import pytest

from src.basics.errors import UnreachableError
from src.media.inputs import LiveSource
from src.video.live import LiveStream, open_video
from src.video.options import VideoOptions
from src.video.source import VideoFile
from tests.media.videos import MotionJpegServer, driving, scene, write_video


@pytest.fixture
def server():
    running = MotionJpegServer(list(driving("AB12CDE", 40)))
    yield running
    running.stop()


def source(address):
    return LiveSource(str(address), address)


def test_a_stream_gives_frames_until_the_duration_is_over(server):
    start = time.monotonic()
    with open_video(source(server.address), VideoOptions(duration_s=1.5)) as stream:
        assert isinstance(stream, LiveStream)
        frames = list(stream)
    assert 1 < time.monotonic() - start < 10
    assert stream.size == (320, 240)
    assert [frame.index for frame in frames] == list(range(len(frames)))
    times = [frame.time_s for frame in frames]
    assert times == sorted(times)
    assert times[0] == 0
    assert 1 < times[-1] < 1.5
    assert stream.error is None


def test_a_slow_reader_gets_the_latest_frame(server):
    with open_video(source(server.address), VideoOptions(duration_s=3.0)) as stream:
        received = []
        for frame in stream:
            received.append(time.monotonic() - stream.begun_s - frame.time_s)
            time.sleep(0.4)
    assert 3 <= len(received) <= 9
    assert max(received[1:]) < 0.35, "frames must not queue up"


def test_a_stream_that_is_cut_comes_back(server, caplog):
    caplog.set_level(logging.INFO)
    times = []
    with open_video(source(server.address), VideoOptions(duration_s=6.0)) as stream:
        for frame in stream:
            times.append(frame.time_s)
            if len(times) == 10:
                server.stop()
                threading.Timer(1.0, server.start).start()
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert max(gaps) > 0.8
    assert sum(gap > 0.8 for gap in gaps) == 1
    assert times[-1] > 4.5, "reading goes on after the gap"
    assert stream.error is None
    said = [record.getMessage() for record in caplog.records if record.name == "src.video.live"]
    assert "the stream was cut" in said[0]
    assert "connected again" in said[1]


def test_a_stream_that_does_not_come_back_is_given_up_on_request(server):
    with open_video(source(server.address), VideoOptions(give_up_s=1.0)) as stream:
        for frame in stream:
            if frame.index == 5:
                server.stop()
    assert stream.error is not None
    assert "given up after 1 s without a picture" in stream.error


def test_a_camera_that_changes_its_size_is_fitted(server):
    sizes = set()
    with open_video(source(server.address), VideoOptions(duration_s=5.0)) as stream:
        for frame in stream:
            sizes.add(frame.image().shape)
            if frame.index == 5:
                server.stop()
                server._parts = MotionJpegServer([scene({}, 160, 120)])._parts
                server.start()
    assert sizes == {(240, 320, 3)}


def test_a_video_behind_an_address_is_read_whole(tmp_path):
    import functools
    import http.server

    write_video(tmp_path / "clip.mp4", driving("AB12CDE", 50))
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as files:
        threading.Thread(target=files.serve_forever, daemon=True).start()
        with open_video(source(f"http://127.0.0.1:{files.server_port}/clip.mp4")) as video:
            assert isinstance(video, VideoFile)
            assert len(list(video)) == 50
        files.shutdown()


def test_what_cannot_be_reached_is_given_up_in_one_line():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    for address, complaint in {
        f"http://127.0.0.1:{port}/video.mjpeg": "refused",
        f"rtsp://127.0.0.1:{port}/camera": "refused",
        97: "No such file or directory",
    }.items():
        with pytest.raises(UnreachableError, match=f"(?i){complaint}.*; given up after 0.5 s") as raised:
            open_video(source(address), VideoOptions(give_up_s=0.5))
        assert str(raised.value).startswith(f"{address}: it cannot be opened")
        assert "\n" not in str(raised.value)
