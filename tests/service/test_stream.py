import json

import cv2
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.service.conftest import PATIENCE_S, TOKEN


def open_stream(server, **options):
    return connect(f"ws://127.0.0.1:{server.port}/v1/stream", open_timeout=PATIENCE_S, max_size=None, **options)


def exchange(socket, message):
    socket.send(message if isinstance(message, bytes) else json.dumps(message))
    return json.loads(socket.recv(PATIENCE_S))


def jpeg(image):
    return cv2.imencode(".jpg", image)[1].tobytes()


@pytest.fixture(scope="module")
def frames(clip):
    return [jpeg(image) for image in clip.frames()]


def test_plates_of_each_frame_and_settled_vehicles(server, validate, clip, frames):
    seen, vehicles = set(), []
    with open_stream(server) as socket:
        for number, frame in enumerate(frames):
            # Told times, so that the answer does not depend on how busy the machine is.
            socket.send(json.dumps({"time_s": number / clip.rate}))
            answer = exchange(socket, frame)
            validate(answer, "StreamAnswer")
            assert answer["frame"] == number
            seen |= {plate["text"] for plate in answer["plates"]}
            vehicles += answer["vehicles"]
        answer = exchange(socket, {"end": True})
        validate(answer, "VideoAnswer")
        with pytest.raises(ConnectionClosed):
            socket.recv(PATIENCE_S)
    texts = {passing.text for passing in clip.passes}
    assert texts <= seen
    assert {plate["text"] for plate in answer["plates"]} == texts
    assert answer["frames"] == len(frames)


def test_a_client_that_is_too_fast_gets_its_latest_frames_read(server, frames):
    with open_stream(server) as socket:
        for frame in frames:
            socket.send(frame)
        numbers = []
        while not numbers or numbers[-1] < len(frames) - 1:
            numbers.append(json.loads(socket.recv(PATIENCE_S))["frame"])
        assert numbers == sorted(set(numbers))


def test_times_that_make_no_sense_are_no_failure(server, frames):
    with open_stream(server) as socket:
        for told in (True, "soon", None, [], 1e300, float("nan"), 10**400):
            socket.send(json.dumps({"time_s": told}))
        for told in (5.0, 3.0, -1e9):
            socket.send(json.dumps({"time_s": told}))
            assert "plates" in exchange(socket, frames[0])
        assert exchange(socket, {"end": True})["frames"] == 3


def test_bad_frames_do_not_end_a_stream(server, frames, small_picture):
    with open_stream(server) as socket:
        for content in (b"no picture", frames[0][:500]):
            error = exchange(socket, content)["error"]
            assert error["code"] == "unreadable"
        socket.send("neither a frame nor JSON")
        socket.send("[1]")
        assert "plates" in exchange(socket, frames[0])
        assert exchange(socket, small_picture)["error"]["code"] == "size_changed"
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(PATIENCE_S)
        assert closed.value.rcvd.code == 1003


def test_a_client_may_just_go(server, frames):
    for _ in range(3):
        with open_stream(server) as socket:
            for frame in frames[:5]:
                socket.send(frame)
            socket.socket.close()


def test_a_stream_without_frames_has_no_answer(server):
    with open_stream(server) as socket:
        assert exchange(socket, {"end": True}) is None


def test_streams_need_a_token_where_it_is_asked_for(guarded, frames):
    for first in ({"token": "wrong"}, {"token": "\ud800"}, {"token": None}, frames[0], {}):
        with open_stream(guarded) as socket:
            assert exchange(socket, first)["error"]["code"] == "unauthorised"
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(PATIENCE_S)
            assert closed.value.rcvd.code == 1008
    with open_stream(guarded) as socket:
        socket.send(json.dumps({"token": TOKEN}))
        assert "plates" in exchange(socket, frames[0])
        # There is room for one.
        with open_stream(guarded, additional_headers={"Authorization": f"Token {TOKEN}"}) as second:
            assert json.loads(second.recv(PATIENCE_S))["error"]["code"] == "busy"
