import csv
import io
import json
import threading
from pathlib import Path

import av
import numpy as np
import pytest

from src.basics.errors import InputError
from src.media.answers import VIDEO_COLUMNS, csv_heading, csv_lines
from src.media.inputs import open_input
from src.media.saving import OutputFolder
from src.recognition.options import ReadOptions
from src.video.crossing import Line
from src.video.options import SAVED, VideoOptions
from src.video.reader import read_video
from tests.media.videos import ColourRecogniser, MotionJpegServer, driving, scene, write_video

RECORD_KEYS = {"first_s", "last_s", "frames", "best_frame", "best_s", "tracks", "crossings", "crop"}


def read(given, output=None, recogniser=None, **options):
    folder = OutputFolder(output) if output else None
    result = read_video(open_input(given), recogniser or ColourRecogniser(), folder, None, VideoOptions(**options))
    answer = result.to_dict()
    assert json.loads(json.dumps(answer)) == answer
    return answer


def texts(answer):
    return [plate["text"] for plate in answer["plates"]]


@pytest.fixture
def clip(tmp_path):
    return write_video(tmp_path / "clip.mp4", driving("AB12CDE", 50), sound=True)


def test_one_vehicle_is_one_record(clip):
    answer = read(clip)
    assert {key: answer[key] for key in ("input", "kind", "width", "height", "frame_rate", "frames", "error")} == {
        "input": str(clip),
        "kind": "video",
        "width": 320,
        "height": 240,
        "frame_rate": 25.0,
        "frames": 50,
        "error": None,
    }
    assert answer["duration_s"] == pytest.approx(2.0, abs=0.01)
    (record,) = answer["plates"]
    assert set(record) >= RECORD_KEYS
    assert record["text"] == "AB12CDE"
    assert record["first_s"] == pytest.approx(0, abs=0.05)
    assert record["last_s"] == pytest.approx(2, abs=0.3)
    assert record["best_frame"] == pytest.approx(25 * record["best_s"], abs=0.01)
    assert record["tracks"] == [1]
    assert answer["saved"] == {}


def test_a_sure_text_is_not_read_again_and_not_every_frame_is_looked_at(clip):
    sure, unsure = ColourRecogniser(0.99), ColourRecogniser(0.4)
    assert read(clip, recogniser=sure)["plates"][0]["frames"] < 6
    assert sure.passes < 15
    assert read(clip, recogniser=unsure)["plates"][0]["frames"] >= 10


def test_who_takes_records_as_they_come_need_not_keep_them(clip):
    told = []
    answer = read(clip, kept_records=0, on_vehicle=told.append)
    assert [record.text for record in told] == ["AB12CDE"]
    assert (answer["plates"], answer["plate_count"]) == ([], 1)


def test_nothing_that_moves_needs_few_passes(tmp_path):
    recogniser = ColourRecogniser(0.99)
    still = [scene({"AB12CDE": (100, 100, 180, 120)})] * 100
    answer = read(write_video(tmp_path / "clip.mp4", still), recogniser=recogniser)
    assert texts(answer) == ["AB12CDE"]
    assert recogniser.passes < 10


def test_what_moves_outside_the_zone_needs_few_passes(tmp_path):
    recogniser = ColourRecogniser(0.99)
    recogniser.options = ReadOptions(zone=(((90, 90), (190, 90), (190, 130), (90, 130)),))
    still = {"AB12CDE": (100, 100, 180, 120)}
    moving = [scene(still | {"KL55MNP": (5 + 2 * step % 200, 190, 65 + 2 * step % 200, 230)}) for step in range(100)]
    clip = write_video(tmp_path / "clip.mp4", moving)
    read(clip, recogniser=recogniser)
    everywhere = ColourRecogniser(0.99)
    read(clip, recogniser=everywhere)
    assert recogniser.passes < everywhere.passes / 2


def test_two_plates_side_by_side_are_two_records(tmp_path):
    images = [
        scene(
            {"AB12CDE": (10 + 4 * step, 100, 90 + 4 * step, 120), "KL55MNP": (95 + 4 * step, 100, 175 + 4 * step, 120)}
        )
        for step in range(35)
    ]
    assert sorted(texts(read(write_video(tmp_path / "clip.mp4", images)))) == ["AB12CDE", "KL55MNP"]


@pytest.mark.parametrize(("away_s", "records"), [(3, 1), (8, 2)])
def test_who_comes_back_soon_is_the_same_vehicle(tmp_path, away_s, records):
    visit = list(driving("AB12CDE", 15))
    other = list(driving("XY98ZWV", 10 * away_s))
    answer = read(write_video(tmp_path / "clip.mp4", [*visit, *other, *visit], rate=10))
    assert sorted(texts(answer)) == ["AB12CDE"] * records + ["XY98ZWV"]


def test_low_frame_rates_do_not_mix_up_vehicles(tmp_path):
    images = [
        scene(
            {
                "AB12CDE": (20 + 60 * step, 60, 100 + 60 * step, 80),
                "KL55MNP": (220 - 60 * step, 100, 300 - 60 * step, 120),
            }
        )
        for step in range(4)
    ]
    answer = read(write_video(tmp_path / "clip.mp4", images, rate=2))
    assert sorted(texts(answer)) == ["AB12CDE", "KL55MNP"]


def test_another_vehicle_in_the_same_place_is_another_record(tmp_path):
    box = (100, 100, 180, 120)
    images = [scene({"AB12CDE": box})] * 15 + [scene({"XY98ZWV": box})] * 15
    assert texts(read(write_video(tmp_path / "clip.mp4", images, rate=10))) == ["AB12CDE", "XY98ZWV"]


def test_scenery_does_not_take_over_the_track_of_a_plate_that_has_left(tmp_path):
    class Doubting(ColourRecogniser):
        def accepts(self, detection, reading):
            return reading.text != "KL55MNP"

    vehicle = [scene({"AB12CDE": (40 + 4 * step, 100, 120 + 4 * step, 120)}) for step in range(10)]
    scenery = [scene({"KL55MNP": (120, 40, 220, 70)})] * 40
    path = write_video(tmp_path / "clip.mp4", [*vehicle, *scenery], rate=10)
    (plate,) = read(path, recogniser=Doubting(0.4))["plates"]
    assert (plate["text"], plate["last_s"]) == ("AB12CDE", 0.9)


def test_a_plate_seen_once_and_unsure_is_dropped(tmp_path):
    images = [scene({})] * 5 + [scene({"AB12CDE": (100, 100, 180, 120)})] + [scene({})] * 5
    path = write_video(tmp_path / "clip.mp4", images, rate=4)
    assert texts(read(path, recogniser=ColourRecogniser(0.4))) == []
    assert texts(read(path, recogniser=ColourRecogniser(0.99))) == ["AB12CDE"]


def test_everything_is_saved(tmp_path, clip):
    before = clip.read_bytes()
    answer = read(clip, tmp_path / "output", save=SAVED)
    saved = answer["saved"]
    output = tmp_path / "output"
    assert saved == {
        "annotated": str(output / "clip.mp4"),
        "json": str(output / "clip.json"),
        "csv": str(output / "clip.csv"),
        "frames": str(output / "clip.frames.jsonl"),
        "crops": str(output / "clip-crops"),
    }
    assert sorted(path.name for path in output.iterdir()) == [
        "clip-crops",
        "clip.csv",
        "clip.frames.jsonl",
        "clip.json",
        "clip.mp4",
    ]
    assert json.loads((output / "clip.json").read_text()) == answer
    (row,) = csv.DictReader(io.StringIO((output / "clip.csv").read_text()))
    assert tuple(row) == VIDEO_COLUMNS
    assert (row["text"], row["frames"]) == ("AB12CDE", str(answer["plates"][0]["frames"]))
    assert (output / "clip.csv").read_text() == csv_heading(True) + csv_lines(answer, True)
    assert answer["plates"][0]["crop"] == str(output / "clip-crops" / "0001-AB12CDE.jpg")
    with av.open(str(output / "clip.mp4")) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert container.streams.audio[0].codec_context.name == "aac"
        assert sum(1 for _ in container.decode(video=0)) == 50
    assert clip.read_bytes() == before
    assert read(clip, tmp_path / "output")["saved"]["annotated"] == saved["annotated"]


def test_the_input_is_never_overwritten(clip):
    before = clip.read_bytes()
    answer = read(clip, clip.parent)
    assert answer["saved"]["annotated"] == str(clip.parent / "clip-2.mp4")
    assert clip.read_bytes() == before


def test_there_is_a_line_for_every_frame(tmp_path, clip):
    saved = read(clip, tmp_path / "output")["saved"]
    lines = [json.loads(line) for line in Path(saved["frames"]).read_text().splitlines()]
    assert [line["frame"] for line in lines] == list(range(50))
    with_plate = [line for line in lines if line["plates"]]
    assert len(with_plate) >= 48
    for line in with_plate:
        (plate,) = line["plates"]
        assert plate["track"] == 1
        assert plate["text"] == "AB12CDE"
        expected = 20 + 200 * line["frame"] / 49
        assert plate["box"][0] == pytest.approx(expected, abs=4), "boxes follow the plate between passes"
    assert any(line["plates"][0]["reading"] == {"text": "AB12CDE", "confidence": 0.9} for line in with_plate)
    assert any(line["plates"][0]["reading"] is None for line in with_plate)


def test_labels_are_drawn_where_the_plate_is(tmp_path, clip):
    saved = read(clip, tmp_path / "output")["saved"]
    with av.open(saved["annotated"]) as container:
        frames = [frame.to_ndarray(format="bgr24").astype(int) for frame in container.decode(video=0)]
    for number in (10, 25, 40):
        green = np.nonzero((frames[number][..., 1] > 150) & (frames[number][..., 2] < 90))
        x = 20 + 200 * number / 49
        assert green[1].min() == pytest.approx(x, abs=6)
        assert green[0].min() < 95, "the label is above the plate"


def test_crossing_a_line_is_noted(clip):
    lines = (Line(150, 240, 150, 0), Line(0, 10, 320, 10))
    (record,) = read(clip, lines=lines)["plates"]
    (crossing,) = record["crossings"]
    assert crossing["line"] == 0
    assert crossing["direction"] == "left_to_right"
    # The plate's middle is at 60 + 200 t / 1.96 s.
    assert crossing["time_s"] == pytest.approx(0.88, abs=0.06)


def test_it_stops_after_a_duration(tmp_path, clip):
    answer = read(clip, tmp_path / "output", duration_s=1.0)
    assert answer["frames"] == 25
    assert answer["error"] is None
    with av.open(answer["saved"]["annotated"]) as container:
        assert sum(1 for _ in container.decode(video=0)) == 25


def test_vehicles_are_handed_out_when_they_are_gone(tmp_path):
    images = [*driving("AB12CDE", 20), *([scene({})] * 80), *driving("XY98ZWV", 20)]
    seen = []
    answer = read(write_video(tmp_path / "clip.mp4", images, rate=10), on_vehicle=seen.append)
    assert [record.to_dict() for record in seen] == answer["plates"]


@pytest.mark.parametrize("suffix", [".mkv", ".avi"])
def test_a_video_that_breaks_off_is_read_and_saved_up_to_there(tmp_path, suffix, caplog):
    path = write_video(tmp_path / f"clip{suffix}", driving("AB12CDE", 100))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    answer = read(path, tmp_path / "output")
    assert answer["error"].startswith(f"{path}: it")
    assert answer["error"] in caplog.text
    assert texts(answer) == ["AB12CDE"]
    with av.open(answer["saved"]["annotated"]) as container:
        assert sum(1 for _ in container.decode(video=0)) == answer["frames"]


def test_what_is_no_video_leaves_nothing_behind(tmp_path):
    (tmp_path / "clip.mp4").write_text("no video")
    with pytest.raises(InputError):
        read(tmp_path / "clip.mp4", tmp_path / "output")
    assert list((tmp_path / "output").iterdir()) == []


def test_ctrl_c_saves_what_was_seen(tmp_path, clip):
    class Interrupting(ColourRecogniser):
        def detect(self, image):
            if self.passes == 6:
                self.passes += 1
                raise KeyboardInterrupt
            return super().detect(image)

    answer = read(clip, tmp_path / "output", recogniser=Interrupting())
    assert "interrupted" in answer["error"]
    assert texts(answer) == ["AB12CDE"]
    with av.open(answer["saved"]["annotated"]) as container:
        assert sum(1 for _ in container.decode(video=0)) == answer["frames"] < 50


def test_an_error_leaves_no_half_files(tmp_path, clip):
    class Failing(ColourRecogniser):
        def detect(self, image):
            raise RuntimeError("a fault in the program")

    with pytest.raises(RuntimeError):
        read(clip, tmp_path / "output", recogniser=Failing())
    assert list((tmp_path / "output").iterdir()) == []


def test_a_stream_that_is_cut_loses_nothing_but_the_gap(tmp_path):
    server = MotionJpegServer(list(driving("AB12CDE", 30)))
    started = threading.Event()

    def cut():
        started.wait(30)
        server.stop()
        server._parts = MotionJpegServer(list(driving("XY98ZWV", 30)))._parts
        server.start()

    class Watching(ColourRecogniser):
        def detect(self, image):
            found = super().detect(image)
            if self.passes == 5:
                started.set()
            return found

    threading.Thread(target=cut, daemon=True).start()
    answer = read(server.address, tmp_path / "output", recogniser=Watching(), duration_s=6.0)
    server.stop()
    assert set(texts(answer)) == {"AB12CDE", "XY98ZWV"}
    assert answer["error"] is None
    assert answer["saved"]["annotated"] == str(tmp_path / "output" / "stream.mp4")
    with av.open(answer["saved"]["annotated"]) as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert len(times) == answer["frames"]
    assert 4 < times[-1] < 6
