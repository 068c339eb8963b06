import base64
import contextlib
import datetime
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.service.conftest import PATIENCE_S, TOKEN, serving
from tools.clips import Clip, traffic


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


@pytest.fixture(scope="module")
def portraits():
    """A picture of one vehicle, and one of another; text → picture."""
    clips = [Clip(traffic(np.random.default_rng(seed), 1, 0), 640, 480, 12, 2.4, seed) for seed in (5, 8)]
    return {clip.passes[0].text: jpeg(list(clip.frames())[12]) for clip in clips}


def test_what_comes_after_a_long_gap_is_another_vehicle(server, portraits):
    vehicles = []
    with open_stream(server) as socket:
        for start, picture in zip((0, 100.6), portraits.values(), strict=True):
            for after in (0, 0.3, 0.6):
                socket.send(json.dumps({"time_s": start + after}))
                vehicles += exchange(socket, picture)["vehicles"]
        whole = exchange(socket, {"end": True})["plates"]
    assert [vehicle["text"] for vehicle in whole] == list(portraits)
    # The first one was gone when the second one came.
    assert [vehicle["text"] for vehicle in vehicles] == list(portraits)[:1]


def test_a_vehicle_that_is_gone_is_given_out_though_no_frame_comes(server, validate, portraits):
    text, picture = next(iter(portraits.items()))
    with open_stream(server) as socket:
        for _ in range(4):
            assert exchange(socket, picture)["frame"] is not None
            time.sleep(0.2)
        start = time.monotonic()
        answer = json.loads(socket.recv(PATIENCE_S))
        assert time.monotonic() - start > 4
        validate(answer, "StreamAnswer")
        assert (answer["frame"], answer["plates"]) == (None, [])
        assert [vehicle["text"] for vehicle in answer["vehicles"]] == [text]
        # Once only, and the stream goes on.
        with pytest.raises(TimeoutError):
            socket.recv(7)
        assert exchange(socket, picture)["frame"] == 4


def test_a_client_that_tells_times_is_told_nothing_unasked(server, portraits):
    with open_stream(server) as socket:
        for time_s in (0, 0.3, 0.6):
            socket.send(json.dumps({"time_s": time_s}))
            exchange(socket, next(iter(portraits.values())))
        with pytest.raises(TimeoutError):
            socket.recv(7)
        assert exchange(socket, {"end": True})["started_at"] is None


def test_vehicles_of_a_camera_have_the_time_of_day(server, validate, portraits):
    before = datetime.datetime.now(datetime.UTC)
    with open_stream(server) as socket:
        for _ in range(4):
            exchange(socket, next(iter(portraits.values())))
            time.sleep(0.2)
        answer = exchange(socket, {"end": True})
    after = datetime.datetime.now(datetime.UTC)
    validate(answer, "VideoAnswer")
    (vehicle,) = answer["plates"]
    times = [answer["started_at"], vehicle["first_at"], vehicle["last_at"]]
    assert before < datetime.datetime.fromisoformat(times[0])
    assert times == sorted(times)
    assert datetime.datetime.fromisoformat(times[2]) < after


@pytest.fixture(scope="module")
def crowded(root, tmp_path_factory):
    """A service with tokens and few places, which a stream may leave unused for two seconds."""
    with serving(
        root,
        tmp_path_factory.mktemp("crowded"),
        PLATE_TOKENS=TOKEN,
        PLATE_CORS_ORIGINS="https://parking.example",
        PLATE_MAX_STREAMS="3",
        PLATE_STREAM_IDLE_SECONDS="2",
    ) as running:
        yield running


ALLOWED = {"Authorization": f"Token {TOKEN}"}


def denied(server, **options):
    with pytest.raises(InvalidStatus) as refusal, open_stream(server, **options):
        pass
    response = refusal.value.response
    return response.status_code, json.loads(response.body)["error"]["code"]


def test_a_wrong_token_is_denied_at_the_handshake(crowded):
    assert denied(crowded, additional_headers={"Authorization": "Token wrong"}) == (401, "unauthorised")


def subprotocols(token):
    return ["number-plates", "token." + base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")]


def test_a_browser_shows_its_token_as_a_subprotocol(crowded, small_picture):
    with open_stream(crowded, subprotocols=subprotocols(TOKEN)) as socket:
        assert socket.subprotocol == "number-plates"
        assert "plates" in exchange(socket, small_picture)
    for token in ("wrong", "", "\u00ff" * 5):
        with open_stream(crowded, subprotocols=subprotocols(token)) as socket:
            # A browser's page can be told by a message only.
            assert json.loads(socket.recv(PATIENCE_S))["error"]["code"] == "unauthorised"


@pytest.mark.parametrize(
    ("origin", "is_welcome"),
    [
        ("http://127.0.0.1:{port}", True),
        ("https://parking.example", True),
        (None, True),
        ("https://elsewhere.example", False),
        ("http://127.0.0.1:1", False),
        ("null", False),
        ("http://[", False),
    ],
)
def test_pages_of_other_origins_open_no_stream(crowded, small_picture, origin, is_welcome):
    headers = {**ALLOWED, **({"Origin": origin.format(port=crowded.port)} if origin else {})}
    if is_welcome:
        with open_stream(crowded, additional_headers=headers) as socket:
            assert "plates" in exchange(socket, small_picture)
    else:
        assert denied(crowded, additional_headers=headers) == (403, "forbidden_origin")


def peak_mb(server):
    """The most memory that it has had."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1000


def test_strangers_take_no_places(crowded, small_picture):
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(open_stream(crowded))
        assert denied(crowded) == (503, "busy")
        # Who has a token has a place all the same.
        with open_stream(crowded, additional_headers=ALLOWED) as socket:
            assert "plates" in exchange(socket, small_picture)


def test_strangers_take_no_memory(crowded, small_picture):
    with open_stream(crowded, additional_headers=ALLOWED) as socket:
        assert "plates" in exchange(socket, small_picture)
    before = peak_mb(crowded)
    with contextlib.ExitStack() as stack:
        strangers = [stack.enter_context(open_stream(crowded)) for _ in range(3)]

        def send(stranger):
            with contextlib.suppress(ConnectionClosed):
                stranger.send(bytes(19_900_000))
                return json.loads(stranger.recv(PATIENCE_S))["error"]["code"]

        with ThreadPoolExecutor(3) as threads:
            assert set(threads.map(send, strangers)) <= {"unauthorised", None}
    assert peak_mb(crowded) - before < 10


def test_a_stranger_has_little_time(crowded):
    start = time.monotonic()
    with open_stream(crowded) as socket:
        assert json.loads(socket.recv(PATIENCE_S))["error"]["code"] == "unauthorised"
    assert time.monotonic() - start < 9


def test_an_idle_stream_leaves_its_place_to_one_that_needs_it(crowded, small_picture):
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(open_stream(crowded, additional_headers=ALLOWED)) for _ in range(3)]
        for socket in streams:
            assert "plates" in exchange(socket, small_picture)
        with open_stream(crowded, additional_headers=ALLOWED) as late:
            assert json.loads(late.recv(PATIENCE_S))["error"]["code"] == "busy"
        # Nobody needs a place: all keep theirs, however idle.
        time.sleep(2.5)
        for socket in streams[1:]:
            assert "plates" in exchange(socket, small_picture)
        with open_stream(crowded, additional_headers=ALLOWED) as late:
            assert "plates" in exchange(late, small_picture)
            assert json.loads(streams[0].recv(PATIENCE_S))["error"]["code"] == "busy"
            with pytest.raises(ConnectionClosed) as closed:
                streams[0].recv(PATIENCE_S)
            assert closed.value.rcvd.code == 1013
