"""What a camera that nobody watches meets: cuts, signals, kill -9, closed pipes, full disks, libraries that stumble."""

import csv
import datetime
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path
from typing import ClassVar

import av
import numpy as np
import pytest

from src.media.inputs import open_input
from src.media.leftovers import this_process
from src.media.saving import OutputFolder
from src.video import output as video_output
from src.video import reader as video
from src.video.live import open_video
from src.video.options import SAVED, VideoOptions
from src.video.reader import VideoReader, read_video
from src.video.source import Frame, Video
from tests.conftest import heed_interrupts
from tests.long_stream import LongStream
from tests.media.videos import ColourRecogniser, MotionJpegServer, driving, scene, write_video
from tools.clips import Clip, Pass

BOX = (100, 100, 180, 120)


@pytest.fixture
def server():
    """Starts servers with frames; all of them end with the test."""
    running = []

    def start(frames, rate=20.0):
        running.append(MotionJpegServer(frames, rate))
        return running[-1]

    yield start
    for one in running:
        if one._server:
            one.stop()


@pytest.fixture
def start(root, tmp_path):
    """Starts the command line in an empty folder."""
    started = []

    def run(*arguments, prepare=heed_interrupts):
        process = subprocess.Popen(
            [sys.executable, "-m", "src.pipeline", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(root)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=prepare,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


def wait_for(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def passing():
    """One vehicle, KD482XR, drives by in two seconds; then nothing for eight."""
    clip = Clip([Pass("KD482XR", 1, 0.0, 2.4)], 640, 480, 12, 2.4, 2)
    frames = list(clip.frames())
    return [*frames, *frames[:1] * 96]


def read_frames(timed, recogniser=None, **options):
    """The answer for pictures with their times in seconds, as of a live source."""
    reader = VideoReader(
        Video("stream", (320, 240)), recogniser or ColourRecogniser(), None, None, VideoOptions(**options)
    )
    for index, (time_s, image) in enumerate(timed):
        reader.take(Frame(index, time_s, av.VideoFrame.from_ndarray(image, format="bgr24")))
    return reader.finish().to_dict()


@pytest.mark.parametrize("confidence", [0.45, 0.9])
def test_a_gap_ends_a_track(confidence):
    times = [0.0, 0.3, 0.6]
    timed = [(time_s, scene({"AB12CDE": BOX})) for time_s in times]
    timed += [(100 + time_s, scene({"KL55MNP": BOX})) for time_s in times]
    answer = read_frames(timed, ColourRecogniser(confidence))
    assert [(plate["text"], plate["first_s"], plate["last_s"]) for plate in answer["plates"]] == [
        ("AB12CDE", 0.0, 0.6),
        ("KL55MNP", 100.0, 100.6),
    ]


def test_a_cut_never_mixes_two_vehicles(server):
    camera = server([scene({"AB12CDE": BOX})])

    def swap():
        time.sleep(1.5)
        camera.stop()
        camera._parts = MotionJpegServer([scene({"KL55MNP": BOX})])._parts
        camera.start()

    threading.Thread(target=swap, daemon=True).start()
    # So unsure that no reading contradicts another.
    result = read_video(
        open_input(camera.address), ColourRecogniser(0.45), None, None, VideoOptions(duration_s=4.5, give_up_s=30)
    )
    assert {record.plate.text for record in result.vehicles} == {"AB12CDE", "KL55MNP"}


def test_vehicles_are_given_out_while_a_source_is_away(server):
    camera = server(list(driving("AB12CDE", 30)))
    given = []

    def cut():
        time.sleep(2.0)
        camera.stop()

    threading.Thread(target=cut, daemon=True).start()
    begun = time.monotonic()
    read_video(
        open_input(camera.address),
        ColourRecogniser(),
        None,
        None,
        VideoOptions(give_up_s=11.0, on_vehicle=lambda record: given.append(time.monotonic() - begun)),
    )
    assert len(given) == 1
    assert given[0] < 10.0, "given out when it was gone for five seconds, not when the source was given up"


def test_a_source_that_is_away_for_long_is_back_at_once(server):
    camera = server(list(driving("AB12CDE", 30)))
    camera.stop()
    came = []

    def come_and_go():
        for away_s in (4.0, 33.0):
            time.sleep(away_s)
            camera.start()
            came.append(time.monotonic())
            time.sleep(4.0)
            camera.stop()

    threading.Thread(target=come_and_go, daemon=True).start()
    gaps, last_s = [], -10.0
    with open_video(open_input(camera.address), VideoOptions(give_up_s=60.0)) as stream:
        for frame in stream:
            if frame.time_s - last_s > 3.0:
                gaps.append(time.monotonic() - came[-1])
            last_s = frame.time_s
            if len(gaps) == 2:
                break
    assert len(gaps) == 2, "it came back after 33 s, too"
    assert max(gaps) < 3.5, "pauses between two attempts stay short"


def ignore_interrupts():
    """As shells start their background jobs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.mark.parametrize(
    ("number", "prepare"),
    [(signal.SIGTERM, heed_interrupts), (signal.SIGINT, heed_interrupts), (signal.SIGTERM, ignore_interrupts)],
    ids=["SIGTERM", "SIGINT", "SIGTERM in the background"],
)
def test_a_signal_ends_a_stream_with_everything_saved(start, server, passing, tmp_path, number, prepare):
    address = server(passing, 12).address
    process = start("--input", address, "--save", "annotated,json,csv,frames,crops", prepare=prepare)
    first = json.loads(process.stdout.readline())
    # The next one is in sight, or has gone less than five seconds ago, when the signal comes.
    time.sleep(6.0)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == 0, stderr
    assert "Traceback" not in stderr
    answer = json.loads((tmp_path / "output" / "stream.json").read_text())
    assert [first, *map(json.loads, stdout.splitlines())] == answer["plates"]
    assert len(answer["plates"]) == 2, "also who was in sight when it ended"
    assert (tmp_path / first["crop"]).is_file()
    with av.open(str(tmp_path / answer["saved"]["annotated"])) as container:
        assert sum(1 for _ in container.decode(video=0)) == answer["frames"]
    assert not list(tmp_path.glob("output/.*"))


def test_sigterm_ends_a_video_file_with_what_was_read(start, tmp_path):
    write_video(tmp_path / "clip.mp4", list(driving("AB12CDE", 25)) * 160)
    process = start("--input", "clip.mp4")
    wait_for(lambda: list(tmp_path.glob("output/.*.tmp")))
    time.sleep(1.0)
    process.send_signal(signal.SIGTERM)
    stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == 0, stderr
    answer = json.loads(stdout)
    assert "interrupted after" in answer["error"]
    assert json.loads((tmp_path / "output" / "clip.json").read_text()) == answer
    assert sorted(path.name for path in (tmp_path / "output").iterdir()) == [
        "clip.csv",
        "clip.frames.jsonl",
        "clip.json",
        "clip.mp4",
    ]


@pytest.mark.parametrize("prepare", [heed_interrupts, ignore_interrupts])
@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_ends_a_folder_with_its_csv(start, tmp_path, sample_path, workers, prepare):
    (tmp_path / "photos").mkdir()
    for number in range(2000):
        (tmp_path / "photos" / f"{number:04}.jpg").symlink_to(sample_path.resolve())
    process = start("--input", "photos", "--workers", workers, prepare=prepare)
    wait_for(lambda: list(tmp_path.glob("output/0012.json")))
    # As systemd does: every process of the service is told.
    children = " ".join(path.read_text() for path in Path(f"/proc/{process.pid}/task").glob("*/children")).split()
    for child in (*map(int, children), process.pid):
        os.kill(child, signal.SIGTERM)
    stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    answer = json.loads(stdout)
    with (tmp_path / "output" / "photos.csv").open() as file:
        assert len({row["input"] for row in csv.DictReader(file)}) == len(answer["results"]) >= 3
    assert not list(tmp_path.glob("output/.*"))
    assert not list(tmp_path.glob("output/*.partial.*"))


def test_what_a_stream_has_shown_survives_kill_9(start, server, passing, tmp_path):
    process = start("--input", server(passing, 12).address, "--save", "annotated,json,csv,frames,crops")
    first = json.loads(process.stdout.readline())
    process.kill()
    process.communicate()
    output = tmp_path / "output"
    assert [json.loads(line) for line in (output / "stream.jsonl").read_text().splitlines()] == [first]
    with (output / "stream.csv").open() as file:
        assert [row["text"] for row in csv.DictReader(file)] == ["KD482XR"]
    assert (tmp_path / first["crop"]).is_file()
    with av.open(str(output / "stream.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) > 24
    assert len((output / "stream.frames.jsonl").read_text().splitlines()) > 24
    assert "ended by force" in json.loads((output / "stream.json").read_text())["error"]


def test_what_was_read_of_a_file_survives_kill_9_and_the_next_start_tidies_up(start, passing, tmp_path):
    write_video(tmp_path / "clip.mp4", [*passing, *passing[-1:] * 1200], rate=12)
    output = tmp_path / "output"
    rows = output / "clip.partial.csv"
    process = start("--input", "clip.mp4")
    wait_for(lambda: rows.exists() and "KD482XR" in rows.read_text())
    process.kill()
    process.communicate()
    (line,) = (output / "clip.partial.jsonl").read_text().splitlines()
    assert json.loads(line)["text"] == "KD482XR"
    assert list(output.glob(".*.tmp"))
    process = start("--input", "clip.mp4")
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert sorted(path.name for path in output.iterdir()) == ["clip.csv", "clip.frames.jsonl", "clip.json", "clip.mp4"]


def test_kill_9_of_a_folder_keeps_the_rows_so_far(start, tmp_path, sample_path):
    (tmp_path / "photos").mkdir()
    for number in range(2000):
        (tmp_path / "photos" / f"{number:04}.jpg").symlink_to(sample_path.resolve())
    output = tmp_path / "output"
    process = start("--input", "photos")
    wait_for(lambda: list(output.glob("0003.json")))
    process.kill()
    process.communicate()
    with (output / "photos.partial.csv").open() as file:
        rows = [row["input"] for row in csv.DictReader(file)]
    assert "photos/0002.jpg" in rows
    assert len((output / "photos.partial.jsonl").read_text().splitlines()) >= 3
    # A temporary file of the one that was killed, and one of a process that is at work.
    killed = output / f".{this_process().rsplit('-', 2)[0]}-{process.pid}-1-{'0' * 32}.tmp"
    alive = output / f".{this_process()}-{'1' * 32}.tmp"
    for path in (killed, alive):
        path.write_text("half a picture")
    for path in sorted((tmp_path / "photos").iterdir())[5:]:
        path.unlink()
    process = start("--input", "photos")
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert json.loads(stdout)["saved"]["csv"] == "output/photos.csv", "its name was not lost to the one that was killed"
    assert not list(output.glob("*.partial.*"))
    assert (killed.exists(), alive.exists()) == (False, True)


def two_leave_at_once(server):
    """A camera that sees two vehicles, which leave at the same time and are settled together."""
    seen = [scene({"AB12CDE": BOX, "KL55MNP": (100, 160, 180, 180)})] * 20
    return server([*seen, *[scene({})] * 400])


def test_a_closed_pipe_loses_no_vehicle(start, server, passing, tmp_path):
    clip = Clip([Pass("KD482XR", 1, 0.0, 2.4), Pass("GHT7051", 0, 0.0, 2.4)], 640, 480, 12, 2.4, 2)
    frames = list(clip.frames())
    process = start("--input", server([*frames, *frames[:1] * 120], 12).address)
    process.stdout.readline()
    process.stdout.close()
    process.wait(timeout=60)
    stderr = process.stderr.read()
    answer = json.loads((tmp_path / "output" / "stream.json").read_text())
    assert {plate["text"] for plate in answer["plates"]} == {"KD482XR", "GHT7051"}
    assert "Traceback" not in stderr


@pytest.mark.parametrize("fault", [RuntimeError, KeyboardInterrupt])
def test_what_a_callback_raises_loses_nothing(server, tmp_path, fault):
    told = []

    def stumble(record):
        told.append(record.plate.text)
        raise fault("the database is away")

    options = VideoOptions(on_vehicle=stumble, give_up_s=30.0)
    folder = OutputFolder(tmp_path / "output")
    camera = two_leave_at_once(server)
    if fault is KeyboardInterrupt:
        read_video(open_input(camera.address), ColourRecogniser(), folder, None, options)
    else:
        with pytest.raises(RuntimeError, match="the database is away"):
            read_video(open_input(camera.address), ColourRecogniser(), folder, None, options)
    answer = json.loads((tmp_path / "output" / "stream.json").read_text())
    assert sorted(told) == sorted(plate["text"] for plate in answer["plates"]) == ["AB12CDE", "KL55MNP"]


def test_a_user_can_stop_it_from_another_thread(server, tmp_path):
    stop = threading.Event()
    threading.Timer(2.0, stop.set).start()
    camera = server(list(driving("AB12CDE", 60)))
    options = VideoOptions(stop=stop)
    result = read_video(open_input(camera.address), ColourRecogniser(), OutputFolder(tmp_path), None, options)
    assert [record.plate.text for record in result.vehicles] == ["AB12CDE"]
    assert result.error is None


class Stumbling:
    """A container of libav that raises what nobody expects after a few packets, and counts who closes it."""

    opened: ClassVar[list["Stumbling"]] = []

    def __init__(self, container, fault):
        self._container, self._fault = container, fault
        self.closed = 0
        self.opened.append(self)

    def __getattr__(self, name):
        return getattr(self._container, name)

    def demux(self, *streams):
        for number, packet in enumerate(self._container.demux(*streams)):
            if number == 5 and self._fault:
                raise self._fault("the library has stumbled")
            yield packet

    def close(self):
        self.closed += 1
        self._container.close()


@pytest.mark.parametrize("fault", [RuntimeError, MemoryError, AssertionError])
def test_what_a_library_raises_never_ends_a_camera(server, monkeypatch, fault):
    Stumbling.opened = []
    real = av.open
    monkeypatch.setattr(
        av, "open", lambda *args, **kw: Stumbling(real(*args, **kw), fault if len(Stumbling.opened) < 3 else None)
    )
    camera = server(list(driving("AB12CDE", 60)))
    with open_video(open_input(camera.address), VideoOptions(duration_s=8.0, give_up_s=20.0)) as stream:
        times = [frame.time_s for frame in stream]
    assert times[-1] > 7.0
    assert len(Stumbling.opened) == 4
    assert [one.closed for one in Stumbling.opened] == [1] * 4


def test_every_connection_is_closed_also_those_without_pictures(server, monkeypatch):
    Stumbling.opened = []
    real = av.open
    monkeypatch.setattr(av, "open", lambda *args, **kw: Stumbling(real(*args, **kw), None))
    # Too small to be read: the connection works, but is given up each time.
    camera = server([np.zeros((4, 4, 3), np.uint8)])
    with pytest.raises(Exception, match="too few to show a plate"):
        open_video(open_input(camera.address), VideoOptions(give_up_s=4.0))
    assert len(Stumbling.opened) >= 3
    assert [one.closed for one in Stumbling.opened] == [1] * len(Stumbling.opened)


def test_the_memory_of_a_live_source_does_not_grow(tmp_path, monkeypatch):
    monkeypatch.setattr(video, "KEPT_RECORDS", 50)
    stream = LongStream(tmp_path)
    tracemalloc.start()
    stream.watch(100)
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    stream.watch(200)
    # What nobody refers to any more does not count, though it may not be freed yet.
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 40_000
    answer = stream.finish().to_dict()
    assert answer["plate_count"] == stream.told == 300
    assert len(answer["plates"]) == 50
    assert answer["plates"][-1]["last_s"] > 2_350, "the latest are kept"
    assert len((tmp_path / "camera-0.jsonl").read_text().splitlines()) == 300


def test_a_live_video_is_saved_in_segments(server, tmp_path, monkeypatch):
    monkeypatch.setattr(video_output, "SEGMENT_S", 1.2)
    camera = server(list(driving("AB12CDE", 120)))
    options = VideoOptions(duration_s=5.0, save=SAVED)
    folder = OutputFolder(tmp_path / "output")
    result = read_video(open_input(camera.address), ColourRecogniser(), folder, None, options)
    videos = sorted((tmp_path / "output").glob("*.mp4"))
    assert len(videos) == 5
    assert result.saved["annotated"] == str(tmp_path / "output" / "stream.mp4")
    frames = 0
    for path in videos:
        with av.open(str(path)) as container:
            times = [frame.time for frame in container.decode(video=0)]
        assert times[0] < 0.3
        assert times[-1] < 1.3
        lines = path.with_suffix(".frames.jsonl").read_text().splitlines()
        assert len(lines) == len(times)
        frames += len(times)
    assert frames == result.frames


def test_crops_and_csv_can_be_saved_without_video(server, tmp_path):
    camera = server(list(driving("AB12CDE", 60)))
    options = VideoOptions(duration_s=3.0, save=("csv", "crops"))
    result = read_video(open_input(camera.address), ColourRecogniser(), OutputFolder(tmp_path), None, options)
    assert set(result.saved) == {"json", "csv", "crops"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["stream-crops", "stream.csv", "stream.json"]
    assert Path(result.vehicles[0].crop).is_file()


def test_a_full_disk_costs_a_camera_nothing_but_the_room(server, tmp_path, monkeypatch, caplog):
    if os.geteuid():
        pytest.skip("only root can mount a small disk")
    monkeypatch.setattr(video_output, "DISK_RECOVERY_S", 0.5)
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", str(disk)], check=True)
    ballast = disk / "ballast"
    told = []
    try:
        noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
        images = []
        for text in ("AB12CDE", "KL55MNP", "XY98ZWV"):
            images += [*driving(text, 20), *[scene({})] * 140]
        camera = server([*images, noise])

        def note(record):
            told.append(record.plate.text)
            if len(told) == 1:
                with pytest.raises(OSError, match="No space"):
                    ballast.write_bytes(bytes(2_000_000))
            elif len(told) == 2:
                ballast.unlink()

        options = VideoOptions(duration_s=26.0, on_vehicle=note)
        result = read_video(open_input(camera.address), ColourRecogniser(), OutputFolder(disk), None, options)
        assert told[:3] == ["AB12CDE", "KL55MNP", "XY98ZWV"]
        lines = [json.loads(line)["text"] for line in (disk / "stream.jsonl").read_text().splitlines()]
        assert lines[:3] == told[:3]
        with (disk / "stream.csv").open() as file:
            assert [row["text"] for row in csv.DictReader(file)] == lines
        assert json.loads((disk / "stream.json").read_text()) == result.to_dict()
        assert "not all can be saved (No space left on device)" in caplog.text
        assert len(list(disk.glob("*.mp4"))) >= 2, "saving the video has begun again"
    finally:
        subprocess.run(["umount", str(disk)], check=True)


class UdpSender:
    """Sends MPEG-TS without end to a port of 127.0.0.1, with a key frame every four seconds."""

    def __init__(self, port, images):
        self._ended = threading.Event()
        self.frames = 0
        self._thread = threading.Thread(target=self._send, args=(port, images), daemon=True)
        self._thread.start()

    def _send(self, port, images):
        with av.open(f"udp://127.0.0.1:{port}?pkt_size=1316", "w", format="mpegts") as container:
            stream = container.add_stream("libx264", rate=25, options={"g": "100", "tune": "zerolatency"})
            stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
            while not self._ended.is_set():
                picture = av.VideoFrame.from_ndarray(images[self.frames % len(images)], format="bgr24")
                container.mux(stream.encode(picture))
                self.frames += 1
                time.sleep(0.04)

    def stop(self):
        self._ended.set()
        self._thread.join()


def test_who_joins_between_two_key_frames_waits_for_the_next():
    with socket.socket(type=socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    images = list(driving("AB12CDE", 100))
    sender = UdpSender(port, images)
    try:
        time.sleep(1.5)
        assert 10 < sender.frames < 90, "the first key frame is over, the second is yet to come"
        with open_video(open_input(f"udp://127.0.0.1:{port}"), VideoOptions(duration_s=5.0, give_up_s=30.0)) as stream:
            assert stream.size == (320, 240)
            frames = [frame.image() for frame in stream]
    finally:
        sender.stop()
    assert len(frames) > 20
    dark = images[0][0, 0].astype(int)
    for image in frames:
        assert np.abs(image[:60].astype(int) - dark).max() < 40, "no picture that the decoder has made up"


def test_records_of_a_camera_have_the_time_of_day(server):
    before = datetime.datetime.now(datetime.UTC)
    camera = server([*driving("AB12CDE", 30), *[scene({})] * 400])
    result = read_video(open_input(camera.address), ColourRecogniser(), None, None, VideoOptions(duration_s=4.0))
    answer = result.to_dict()
    (record,) = answer["plates"]
    started, first, last = (
        datetime.datetime.fromisoformat(text) for text in (answer["started_at"], record["first_at"], record["last_at"])
    )
    assert record["first_at"].endswith("Z")
    after = datetime.datetime.now(datetime.UTC)
    assert before < started <= first < last < after
    assert (last - first).total_seconds() == pytest.approx(record["last_s"] - record["first_s"], abs=0.01)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_records_of_a_recording_have_the_time_of_day_that_its_container_tells(tmp_path, suffix):
    path = tmp_path / f"clip{suffix}"
    with av.open(str(path), "w") as container:
        container.metadata["creation_time"] = "2026-03-04T10:00:00+02:00"
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for image in driving("AB12CDE", 50):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    answer = read_video(
        open_input(path), ColourRecogniser(), OutputFolder(tmp_path / "output"), None, VideoOptions()
    ).to_dict()
    assert answer["started_at"] == "2026-03-04T08:00:00.000Z"
    assert answer["plates"][0]["first_at"] == "2026-03-04T08:00:00.000Z"
    with (tmp_path / "output" / "clip.csv").open() as file:
        assert [row["last_at"] for row in csv.DictReader(file)] == [answer["plates"][0]["last_at"]]


def test_a_recording_that_does_not_tell_has_no_time_of_day(tmp_path):
    path = write_video(tmp_path / "clip.mp4", driving("AB12CDE", 50))
    answer = read_video(open_input(path), ColourRecogniser(), None, None, VideoOptions()).to_dict()
    assert answer["started_at"] is answer["plates"][0]["first_at"] is answer["plates"][0]["last_at"] is None


def test_no_password_is_ever_shown(start, server, passing, tmp_path):
    camera = server(passing, 12)
    secret = camera.address.replace("http://", "http://admin:Geheim1@") + "?user=admin&pwd=Geheim2&token=Geheim3"
    process = start("--input", secret, "--save", "annotated,json,csv,frames,crops", "--give-up", "1")
    line = process.stdout.readline()
    camera.stop()
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 4, stderr
    assert json.loads(line)["text"] == "KD482XR"
    assert "admin:***@127.0.0.1" in stderr
    away = start("--input", secret.replace("http://", "rtsp://"), "--give-up", "0.5", "--no-save")
    told = [line, stdout, stderr, *away.communicate(timeout=60)]
    for path in (tmp_path / "output").rglob("*"):
        told.append(path.name)
        if path.is_file():
            told.append(path.read_bytes().decode("latin-1"))
    assert json.loads((tmp_path / "output" / "stream.json").read_text())["input"].startswith("http://admin:***@127")
    assert not [text for text in told if "Geheim" in text]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://user:p@ss:word@10.0.0.5/1", "rtsp://user:***@10.0.0.5/1"),
        ("rtsp://user@10.0.0.5/1", "rtsp://user@10.0.0.5/1"),
        ("http://10.0.0.5/cgi?user=a&Password=b&x=1", "http://10.0.0.5/cgi?user=a&Password=***&x=1"),
        ("http://10.0.0.5:8080/a@b:c@d", "http://10.0.0.5:8080/a@b:c@d"),
        ("http://10.0.0.5/", "http://10.0.0.5/"),
    ],
)
def test_passwords_of_addresses_have_stars(address, shown):
    assert open_input(address).name == shown
    assert open_input(address).address == address
