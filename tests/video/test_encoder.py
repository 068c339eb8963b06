import concurrent.futures
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from src.media.inputs import VIDEO_SUFFIXES, VideoSource
from src.video.encoder import CONTAINERS, VideoWriter
from src.video.source import VideoFile
from tests.media.videos import driving, write_video

FULL = Path("/dev/full")


def copy(source, target, suffix=None):
    """Read a video and write its frames and its sound."""
    with VideoFile(VideoSource(source.name, source)) as video:
        writer = VideoWriter(target, suffix or target.suffix, video)
        video.on_audio = writer.write_audio
        for frame in video:
            writer.write(frame.picture if frame.is_plain else frame.copy(), frame.time_s)
        writer.close()
    return target


def test_what_is_written_is_known_to_be_a_video():
    # Of a GIF its content tells.
    assert set(CONTAINERS) <= {*VIDEO_SUFFIXES, ".gif"}


@pytest.mark.parametrize("suffix", sorted(CONTAINERS))
def test_every_container_keeps_size_rate_and_frames(tmp_path, suffix):
    source = write_video(tmp_path / "source.mp4", driving("AB12CDE", 30))
    target = copy(source, tmp_path / f"copy{suffix}")
    with av.open(str(target)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == {".webm": "vp8", ".gif": "gif"}.get(suffix, "h264")
        assert (stream.width, stream.height) == (320, 240)
        assert float(stream.guessed_rate) == pytest.approx(25, rel=0.05)
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(stream)]
    assert len(frames) == 30
    # Seen from far enough: a GIF mixes its colours from points of others.
    far = [cv2.blur(frame, (9, 9)).astype(int) for frame in (frames[29], list(driving("AB12CDE", 30))[29])]
    assert np.abs(far[0] - far[1]).mean() < 8


def test_times_of_a_variable_frame_rate_are_kept(tmp_path):
    times = [0, 40, 80, 500, 1500, 1540]
    source = write_video(tmp_path / "source.mp4", driving("AB12CDE", len(times)), times_ms=times)
    with VideoFile(VideoSource("copy", copy(source, tmp_path / "copy.mp4"))) as video:
        np.testing.assert_allclose([frame.time_s for frame in video], np.array(times) / 1000, atol=2e-3)


def test_sound_is_copied_and_stays_in_step(tmp_path):
    source = write_video(tmp_path / "source.mp4", driving("AB12CDE", 50), sound=True)
    target = copy(source, tmp_path / "copy.mp4")
    sounds = []
    for path in (source, target):
        with av.open(str(path)) as container:
            packets = [packet for packet in container.demux(audio=0) if packet.size]
            sounds.append([(bytes(packet), float(packet.pts * packet.time_base)) for packet in packets])
    assert [content for content, _ in sounds[0]] == [content for content, _ in sounds[1]]
    np.testing.assert_allclose([time for _, time in sounds[0]], [time for _, time in sounds[1]], atol=0.03)


def test_an_mp4_begins_with_its_index(tmp_path):
    source = write_video(tmp_path / "source.mp4", driving("AB12CDE", 30))
    content = copy(source, tmp_path / "copy.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_reported(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (60, 240, 320, 3), np.uint8)
    source = write_video(tmp_path / "source.mp4", list(noise))
    with VideoFile(VideoSource("source", source)) as video:
        writer = VideoWriter(FULL, ".ts", video)
        with pytest.raises(OSError, match="No space left"):
            for frame in video:
                writer.write(frame.copy(), frame.time_s)
            writer.close()


def test_a_file_that_is_gone_at_the_end_is_reported(tmp_path):
    source = write_video(tmp_path / "source.mp4", driving("AB12CDE", 10))
    with VideoFile(VideoSource("source", source)) as video:
        writer = VideoWriter(tmp_path / "copy.mp4", ".mp4", video)
        for frame in video:
            writer.write(frame.copy(), frame.time_s)
        (tmp_path / "copy.mp4").unlink()
        with concurrent.futures.ThreadPoolExecutor(1) as pool, pytest.raises(OSError, match="No such file"):
            pool.submit(writer.close).result(30)
