import io
import os
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from src import InputError, blur, read
from src.basics.texts import merged, normalise_text
from src.media.inputs import VideoSource
from src.recognition.erasing import erase
from src.video.blur import blur_each, erased_frames, texts_of
from src.video.source import VideoFile
from tests.media.videos import COLOURS, ColourRecogniser, driving, scene, write_video
from tools.clips import Clip, traffic

GPS = {1: "N", 2: (48.0, 8.0, 15.0), 3: "E", 4: (11.0, 34.0, 30.0)}
SAID = {"title": "Gate", "creation_time": "2024-05-06T07:08:09.000000Z", "location": "+48.1000+011.5000/"}


class BlinkingRecogniser(ColourRecogniser):
    """Finds nothing in some of the frames."""

    def __init__(self, seen=lambda number: True):
        super().__init__(0.99)
        self._seen = seen

    def search(self, image):
        found = self.detect(image)
        return found if self._seen(self.passes - 1) else []


def visible(image, text):
    """Whether a rectangle of a drawn video can be seen in a BGR picture."""
    return (np.abs(image.astype(int) - COLOURS[text]).max(axis=2) < 40).sum() > 20


def frames_without_plates(path, recogniser, kept=frozenset()):
    with VideoFile(VideoSource(path.name, path)) as video:
        done = [picture for picture, _ in erased_frames(video, video, recogniser, kept)]
    return [one.to_ndarray(format="bgr24") for one in done]


def metadata_of(path):
    with av.open(str(path)) as container:
        return dict(container.metadata)


@pytest.fixture
def telling_photo(tmp_path, sample_path):
    """A photograph that lies on its side, and whose file tells a lot, some of it in small copies of the picture."""
    image = Image.open(sample_path).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "Camera Works"
    exif.get_ifd(ExifTags.IFD.Exif).update({ExifTags.Base.MakerNote: b"maker's secret", 0x9003: "2024:05:06 07:08:09"})
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(GPS)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = tmp_path / "photo.jpg"
    image.save(path, exif=exif, icc_profile=profile, xmp=b"<x:xmpmeta>xmp secret", comment=b"comment secret")
    return path


def test_nothing_can_be_read_on_blurred_samples(tmp_path, sample_paths):
    for done in blur_each(map(str, sample_paths), tmp_path):
        assert done.error is None and done.boxes
        assert not [plate.text for plate in read(done.saved).plates if plate.text]


def test_a_picture_needs_no_folder_and_stays_as_it_is(sample_path):
    picture = cv2.imread(str(sample_path))
    before = picture.copy()
    done = blur(picture)
    np.testing.assert_array_equal(picture, before)
    assert done.saved is None and done.image.shape == picture.shape
    assert not [plate.text for plate in read(done.image).plates if plate.text]
    changed = np.argwhere((done.image != picture).any(axis=2))
    for y, x in (changed.min(axis=0), changed.max(axis=0)):
        assert any(left - 1 <= x <= right + 1 and top - 1 <= y <= low + 1 for left, top, right, low in done.boxes)


def test_what_is_left_tells_no_characters():
    left = []
    for seed in range(8):
        plate = np.full((60, 220, 3), 235, np.uint8)
        rng = np.random.default_rng(seed)
        text = "".join(rng.choice(list("ABCDEFGHJKLMNPRSTUVWXYZ0123456789"), 7))
        cv2.putText(plate, text, (20, 45), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (20, 20, 20), 3)
        erase(plate, np.array([(0, 0), (220, 0), (220, 60), (0, 60)], np.float32))
        left.append(plate.astype(int))
        assert np.abs(np.diff(plate.astype(int), axis=1)).max() <= 2
    assert np.ptp(left, axis=0).max() <= 48
    assert len({plate.tobytes() for plate in left}) < len(left)


@pytest.mark.parametrize("size", [(8, 8), (8, 70_000), (900, 8)])
def test_every_size_of_picture_can_be_blurred(tmp_path, size):
    done = blur(np.full((*size, 3), 90, np.uint8), tmp_path)
    assert cv2.imread(done.saved).shape == done.image.shape == (*size, 3)


@pytest.mark.parametrize("shape", [(40, 60, 3), (40, 60)])
@pytest.mark.parametrize("shift", [(0, 0), (-10, -10), (45, 30), (200, 0)])
def test_erasing_stays_within_the_outline(shape, shift):
    before = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    after = before.copy()
    outline = np.array([(10, 5), (40, 8), (38, 20), (8, 17)], np.float32) + np.float32(shift)
    erase(after, outline)
    y, x = np.nonzero((after != before).reshape(*shape[:2], -1).any(axis=2))
    assert all(cv2.pointPolygonTest(outline, (float(a), float(b)), True) >= -1.5 for a, b in zip(x, y, strict=True))
    assert (shift == (200, 0)) == np.array_equal(after, before)


def test_metadata_are_kept_but_for_what_shows_the_picture(tmp_path, telling_photo):
    done = blur(str(telling_photo), tmp_path / "out")
    with Image.open(done.saved) as copy:
        exif = copy.getexif()
        assert copy.format == "JPEG"
        assert copy.size == (done.image.shape[1], done.image.shape[0]) == (1280, 720)
        assert exif[ExifTags.Base.Orientation] == 1
        assert exif[ExifTags.Base.Make] == "Camera Works"
        assert exif.get_ifd(ExifTags.IFD.GPSInfo) == GPS
        assert exif.get_ifd(ExifTags.IFD.Exif) == {0x9003: "2024:05:06 07:08:09"}
        assert copy.info["icc_profile"]
    assert b"secret" not in Path(done.saved).read_bytes()
    assert not [plate.text for plate in read(done.saved).plates if plate.text]


def test_stripped_of_metadata_nothing_is_told(tmp_path, telling_photo):
    done = blur(str(telling_photo), tmp_path / "out", strip_metadata=True)
    content = Path(done.saved).read_bytes()
    with Image.open(io.BytesIO(content)) as copy:
        assert not copy.getexif()
        assert set(copy.info) <= {"icc_profile", "jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi"}
    assert not [word for word in (b"secret", b"Exif", b"Camera Works", b"xmpmeta") if word in content]


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".bmp", ".jpe", ".jfif", ".dib"])
def test_copies_have_the_format_of_the_original(tmp_path, sample_path, suffix):
    path = tmp_path / f"photo{suffix}"
    image = Image.open(sample_path).resize((640, 360))
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(GPS)
    form = "BMP" if suffix == ".dib" else Image.registered_extensions()[suffix]
    image.save(path, form, exif=exif.tobytes())
    before = path.read_bytes()
    done = blur(str(path), tmp_path)
    assert done.saved == str(tmp_path / f"photo-2{suffix}")
    assert path.read_bytes() == before
    with Image.open(done.saved) as copy:
        assert copy.format == form
        assert copy.getexif().get_ifd(ExifTags.IFD.GPSInfo) == ({} if form == "BMP" else GPS)
    assert sorted(file.name for file in tmp_path.iterdir()) == [f"photo-2{suffix}", f"photo{suffix}"]


def test_listed_plates_stay(tmp_path, sample_paths):
    path = next(path for path in sample_paths if path.name == "crossing.jpg")
    kept, other = (plate.text for plate in read(path).plates)
    spelled = f" {kept[:3]}-{kept[3:]} ".lower().replace("o", "0")
    assert [plate.text for plate in read(blur(path, except_texts=[spelled]).image).plates if plate.text] == [kept]
    assert other not in [plate.text for plate in read(blur(path, except_texts=["", "X"]).image).plates]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("name,Text\nAnn,AB 12\nBob,cd-0O\n", ["AB12", "CD00"]),
        ("name;text\nAnn;AB 12\n", ["AB12"]),
        ("AB 12\n\nCDI1\n", ["AB12", "CD11"]),
        ("text\nAB12\n", ["AB12"]),
    ],
)
def test_lists(tmp_path, content, expected):
    (tmp_path / "list.csv").write_text(content, encoding="utf-8-sig")
    assert [merged(normalise_text(text)) for text in texts_of(tmp_path / "list.csv")] == expected


@pytest.mark.parametrize(
    ("content", "complaint"), [("a,b\n1,2\n", "no texts"), ("", "no texts"), ("text\n--\n", "no texts")]
)
def test_lists_without_texts_are_refused(tmp_path, content, complaint):
    (tmp_path / "list.csv").write_text(content)
    with pytest.raises(InputError, match=complaint):
        texts_of(tmp_path / "list.csv")


@pytest.fixture
def command(root, tmp_path):
    def run_it(*arguments):
        command = [sys.executable, "-m", "src", "blur", *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(root)}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)

    return run_it


def test_a_folder_with_a_broken_file(tmp_path, command, sample_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "good.jpg").write_bytes(sample_path.read_bytes())
    (folder / "broken.jpg").write_bytes(sample_path.read_bytes()[:100])
    (folder / "notes.txt").write_text("no picture")
    write_video(folder / "clip.mp4", driving("AB12CDE", 3))
    (tmp_path / "list.txt").write_text("AB12CDE\n")
    done = command("photos", "none.jpg", "--output", "out", "--except", "list.txt")
    assert done.returncode == 3, done.stderr
    assert done.stdout.split() == ["out/clip.mp4", "out/good.jpg"]
    assert "photos/broken.jpg: the JPEG is damaged" in done.stderr
    assert "none.jpg: there is no such file" in done.stderr
    assert "photos/notes.txt" in done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["clip.mp4", "good.jpg"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("none.jpg", "--output", "out"), "there is no such file"),
        (("rtsp://127.0.0.1:1/x", "--output", "out"), "a camera has no end"),
        (("photo.jpg",), "--output"),
        (("photo.jpg", "--output", "out", "--except", "none.csv"), "none.csv: it cannot be read"),
    ],
)
def test_where_all_failed(command, arguments, complaint):
    done = command(*arguments)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert done.stdout == ""


def test_where_nobody_reads_the_names_it_ends_in_one_line(root, tmp_path, sample_path):
    command = [sys.executable, "-m", "src", "blur", sample_path.resolve(), "--output", "out"]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120
        )
    assert done.returncode == 2
    assert done.stderr == "ERROR: the answer cannot be printed (No space left on device)\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == [sample_path.name]


def test_videos_and_folders_are_refused_where_their_copies_cannot_go(tmp_path, sample_path):
    path = write_video(tmp_path / "clip.mp4", driving("AB12CDE", 3))
    with pytest.raises(InputError, match="needs an output folder"):
        blur(path)
    with pytest.raises(InputError, match="blur_each"):
        blur(sample_path.parent, tmp_path)


def test_no_plate_can_be_read_in_any_frame(tmp_path):
    clip = Clip(traffic(np.random.default_rng(3), 2, 0), 640, 360, 12, 2.4, seed=3)
    source = write_video(tmp_path / "clip.mp4", clip.frames(), rate=12, sound=True)
    assert {plate.text for plate in read(source).plates} == {one.text for one in clip.passes}
    done = blur(source, tmp_path / "out")
    assert done.error is None
    with VideoFile(VideoSource("copy", tmp_path / "out" / "clip.mp4")) as video:
        frames = [frame.image() for frame in video]
    assert len(frames) == 29
    # A text may be guessed into what is blurred, but nobody believes it, and no two characters of it are the plate's.
    guesses = [plate for frame in frames for plate in read(frame).plates]
    pairs = {passing.text[place : place + 2] for passing in clip.passes for place in range(len(passing.text) - 1)}
    assert max(plate.confidence for plate in guesses) < 0.2
    assert not [one.text for plate in guesses for one in plate.candidates if any(pair in one.text for pair in pairs)]


def test_sound_is_copied(tmp_path):
    source = write_video(tmp_path / "clip.mp4", driving("AB12CDE", 25), sound=True)
    sounds = []
    for path in (source, blur(source, tmp_path / "out").saved):
        with av.open(str(path)) as container:
            sounds.append([bytes(packet) for packet in container.demux(audio=0) if packet.size])
    assert sounds[0] and sounds[0] == sounds[1]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_metadata_of_videos(tmp_path, suffix):
    plain, source = write_video(tmp_path / "plain.mp4", driving("AB12CDE", 5)), tmp_path / f"clip{suffix}"
    with av.open(str(plain)) as original, av.open(str(source), "w") as container:
        container.metadata.update(SAID)
        stream = container.add_stream_from_template(original.streams.video[0])
        for packet in original.demux(video=0):
            if packet.size:
                packet.stream = stream
                container.mux(packet)
    assert {key: value for key, value in metadata_of(source).items() if key in SAID or key == "LOCATION"}
    copies = [blur(source, tmp_path / name, strip_metadata=name == "stripped").saved for name in ("kept", "stripped")]
    kept, stripped = ({key.lower(): value for key, value in metadata_of(path).items()} for path in copies)
    assert {key: kept.get(key) for key in SAID} == SAID
    assert not stripped.keys() & SAID.keys()


@pytest.mark.parametrize(
    "seen",
    [
        lambda number: True,
        lambda number: number % 6 == 0,
        lambda number: 10 <= number <= 20,
        lambda number: number in (8, 9, 30),
    ],
    ids=["always", "seldom", "late and not at the end", "with a gap"],
)
def test_plates_are_hidden_before_between_and_after_their_detections(tmp_path, seen):
    # Two seconds of a plate that is to be seen in the frames 2 to 31 of 40.
    still, moving = [scene({})] * 2, list(driving("AB12CDE", 30))
    source = write_video(tmp_path / "clip.mp4", [*still, *moving, *[scene({})] * 8], options={"crf": "5"})
    frames = frames_without_plates(source, BlinkingRecogniser(seen))
    assert len(frames) == 40
    assert [number for number, frame in enumerate(frames) if visible(frame, "AB12CDE")] == []


def test_listed_plates_of_videos_stay_once_they_are_known(tmp_path):
    boxes = {"AB12CDE": (20, 40, 100, 60), "KL55MNP": (180, 140, 260, 160)}
    source = write_video(tmp_path / "clip.mp4", [scene(boxes)] * 60)
    frames = frames_without_plates(source, BlinkingRecogniser(), {"AB12CDE"})
    assert [visible(frame, "KL55MNP") for frame in frames] == [False] * 60
    assert all(visible(frame, "AB12CDE") for frame in frames[30:])


def test_another_vehicle_in_the_place_of_a_listed_one_is_hidden(tmp_path):
    box = (120, 100, 200, 120)
    pictures = [scene({"AB12CDE": box})] * 40 + [scene({"KL55MNP": box})] * 40
    frames = frames_without_plates(write_video(tmp_path / "clip.mp4", pictures), BlinkingRecogniser(), {"AB12CDE"})
    assert visible(frames[20], "AB12CDE")
    assert [number for number, frame in enumerate(frames) if visible(frame, "KL55MNP")] == []


def test_an_interrupted_video_leaves_nothing_behind(tmp_path, monkeypatch):
    source = write_video(tmp_path / "clip.mp4", driving("AB12CDE", 10))

    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("src.video.blur._track", interrupt)
    with pytest.raises(KeyboardInterrupt):
        blur(source, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
