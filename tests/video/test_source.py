import os
import subprocess
import sys

import numpy as np
import psutil
import pytest
from PIL import Image

from src.basics.errors import InputError
from src.media.inputs import VideoSource
from src.video.options import VideoOptions
from src.video.source import VideoFile, planes_of
from tests.conftest import ROOT
from tests.media.encoded import encode
from tests.media.videos import driving, scene, write_sound, write_video

TURNED = scene({"AB12CDE": (10, 10, 90, 40)})


def opened(path, duration_s=None):
    return VideoFile(VideoSource(path.name, path), VideoOptions(duration_s=duration_s))


@pytest.fixture
def clip(tmp_path):
    return write_video(tmp_path / "clip.mp4", driving("AB12CDE", 30))


def test_every_frame_comes_with_its_number_and_time(clip):
    with opened(clip) as video:
        frames = [(frame.index, frame.time_s) for frame in video]
        assert (video.size, video.frame_rate, video.frame_count, video.error) == ((320, 240), 25, 30, None)
    assert [index for index, _ in frames] == list(range(30))
    np.testing.assert_allclose([time_s for _, time_s in frames], np.arange(30) / 25, atol=1e-6)


def test_frames_that_are_kept_keep_no_threads(clip):
    with opened(clip) as video:
        frames = list(video)
        before = len(psutil.Process().threads())
        for frame in frames:
            frame.image()
        assert len(psutil.Process().threads()) <= before


def test_a_variable_frame_rate_keeps_its_times(tmp_path):
    times = [0, 40, 80, 500, 1500, 1540]
    path = write_video(tmp_path / "clip.mkv", driving("AB12CDE", len(times)), times_ms=times)
    with opened(path) as video:
        np.testing.assert_allclose([frame.time_s for frame in video], np.array(times) / 1000, atol=2e-3)


def test_times_count_from_the_beginning(tmp_path):
    path = write_video(tmp_path / "clip.ts", driving("AB12CDE", 10))
    with opened(path) as video:
        assert video.start_s > 0.05, "this transport stream does not begin at 0"
        assert [frame.time_s for frame in video] == pytest.approx(np.arange(10) / 25, abs=1e-3)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_pictures_stand_upright(tmp_path, rotation):
    stored = np.ascontiguousarray(np.rot90(TURNED, -rotation // 90))
    path = write_video(tmp_path / "clip.mp4", [stored] * 3, rotation=rotation)
    with opened(path) as video:
        assert video.size == (320, 240)
        assert video.rotated == (rotation % 180 != 0)
        for frame in video:
            assert frame.image().shape == TURNED.shape
            assert np.abs(frame.image().astype(int) - TURNED).mean() < 4
            assert np.abs(frame.copy().to_ndarray(format="bgr24").astype(int) - TURNED).mean() < 4


def test_odd_sides_are_packed_even(tmp_path):
    image = scene({"AB12CDE": (10, 10, 90, 40)}, 161, 121)
    path = write_video(tmp_path / "clip.avi", [image] * 3, codec="mjpeg")
    with opened(path) as video:
        frame = next(iter(video))
        assert frame.image().shape == (121, 161, 3)
        assert not frame.is_plain
        assert [plane.shape for plane in planes_of(frame.copy())] == [(122, 162), (61, 81), (61, 81)]
        assert np.abs(frame.copy().to_ndarray(format="bgr24")[:121, :161].astype(int) - image).mean() < 8


def test_it_stops_after_a_duration(clip):
    with opened(clip, 0.5) as video:
        assert video.frame_count == 13
        assert [frame.index for frame in video][-1] == 12
        assert video.error is None


def test_sound_is_handed_on_from_the_beginning(tmp_path):
    path = write_video(tmp_path / "clip.mp4", driving("AB12CDE", 50), sound=True)
    packets = []
    with opened(path) as video:
        video.on_audio = packets.append
        for _ in video:
            pass
    assert sum(packet.duration for packet in packets) == pytest.approx(2 * 44_100, rel=0.05)
    assert float(packets[0].pts * packets[0].time_base) == pytest.approx(0, abs=0.05)


def test_what_is_no_video_is_refused_in_one_line(tmp_path):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no video " * 1000)
    whole = write_video(tmp_path / "whole.mp4", driving("AB12CDE", 30)).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    write_video(tmp_path / "tiny.avi", [np.zeros((4, 4, 3), np.uint8)] * 3, codec="mjpeg")
    write_sound(tmp_path / "sound.mp4")
    for name, complaint in {
        "empty.mp4": "it is empty",
        "text.mp4": "no video, or is damaged",
        "cut.mp4": "no video, or is damaged or truncated",
        "sound.mp4": "there is sound in it but no pictures",
        "tiny.avi": "too few",
    }.items():
        with pytest.raises(InputError, match=complaint) as raised:
            opened(tmp_path / name)
        assert str(raised.value).startswith(f"{name}: ")
        assert "\n" not in str(raised.value)


def test_pictures_that_nothing_decodes_are_refused(tmp_path):
    clip = write_video(tmp_path / "clip.avi", driving("AB12CDE", 5), codec="mjpeg")
    clip.write_bytes(clip.read_bytes().replace(b"MJPG", b"QQQQ"))
    with pytest.raises(InputError, match="no decoder is known for its pictures; convert it"):
        VideoFile(VideoSource("clip.avi", clip))


@pytest.mark.parametrize(
    "form", ["#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n", "ffconcat version 1.0\nfile '{}'\n"]
)
def test_what_a_playlist_names_is_not_opened(tmp_path, form):
    named = write_video(tmp_path / "named.ts", driving("AB12CDE", 30))
    path = tmp_path / "clip.mp4"
    path.write_text(form.format(named))
    with pytest.raises(InputError, match="no video"):
        opened(path)


def test_every_frame_is_within_the_limit(tmp_path):
    small, large = (encode(Image.new("L", (side, side)), "JPEG") for side in (64, 8100))
    path = tmp_path / "clip.mjpeg"
    path.write_bytes(3 * small + large + 3 * small)
    with opened(path) as video:
        assert {frame.size() for frame in video} == {(64, 64)}
        assert "damaged" in (video.error or "")


@pytest.mark.parametrize("suffix", [".mkv", ".avi", ".ts", ".mp4"])
def test_a_truncated_video_is_read_up_to_there(tmp_path, suffix):
    # An MP4 can only be opened without its end if its index comes first.
    options = {"movflags": "faststart"} if suffix == ".mp4" else None
    noise = np.random.default_rng(0).integers(0, 255, (50, 120, 160, 3), np.uint8)
    path = write_video(tmp_path / f"clip{suffix}", list(noise), options=options)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    with opened(path) as video:
        frames = sum(1 for _ in video)
        assert 20 <= frames <= 40
        if suffix != ".ts":  # its header promises nothing
            assert video.error is not None
            assert video.error.startswith(f"clip{suffix}: it")


def test_a_video_damaged_in_the_middle_is_read_around_it(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (50, 120, 160, 3), np.uint8)
    path = write_video(tmp_path / "clip.avi", list(noise), codec="mjpeg")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 60_000] = bytes(60_000)
    path.write_bytes(content)
    with opened(path) as video:
        last = [frame.time_s for frame in video][-1]
        assert video.error is not None
        assert video.error.startswith("clip.avi: it ")
    assert last > 1.2


def test_the_library_is_quiet_about_damage(tmp_path, root):
    path = write_video(tmp_path / "clip.mkv", driving("AB12CDE", 30))
    path.write_bytes(path.read_bytes()[:3000])
    program = (
        "import sys; from pathlib import Path; from src.media.inputs import VideoSource;"
        "from src.video.source import VideoFile; list(VideoFile(VideoSource('clip', Path(sys.argv[1]))))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], cwd=root, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_pictures_larger_than_8k_are_refused(tmp_path):
    path = write_video(tmp_path / "clip.mp4", [np.zeros((6000, 6400, 3), np.uint8)], options={})
    with pytest.raises(InputError, match="6400×6000 is 38 megapixels, the limit is 36; scale it down"):
        VideoFile(VideoSource("clip", path))


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_a_video_of_8k_is_read_in_a_gigabyte(tmp_path):
    """Pictures wait for the next pass and for the encoder by their bytes, not by their number."""
    write_video(tmp_path / "clip.mp4", [np.zeros((4320, 7680, 3), np.uint8)] * 12)
    code = (
        "import sys; from pathlib import Path; from src.video.reader import read_video, VideoOptions;"
        "from src.media.inputs import open_input; from src.media.saving import OutputFolder;"
        "from tests.media.videos import ColourRecogniser;"
        "ColourRecogniser.detect = lambda self, image: [];"
        "read_video(open_input('clip.mp4'), ColourRecogniser(), OutputFolder('output'), None, VideoOptions());"
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert int(done.stdout) * 1024 < 1_000_000_000, done.stderr
