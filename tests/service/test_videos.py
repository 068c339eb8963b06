import io
import json

import av
import pytest

from src.pipeline import main
from tests.media.encoded import png_header
from tests.media.videos import driving, write_sound, write_video
from tests.service.conftest import TOKEN, serving, wait_for


def send(client, path, name="clip.mp4"):
    response = client.post("/v1/video", files={"file": (name, path.read_bytes())})
    assert response.status_code == 202, response.text
    assert response.headers["location"] == response.json()["links"]["self"]
    return response.json()


def finished(client, job):
    def look():
        now = client.get(job["links"]["self"]).json()
        return now if now["state"] in ("done", "failed") else None

    return wait_for(look)


@pytest.fixture(scope="module")
def job(client, clip_path):
    """A video that has been read."""
    return finished(client, send(client, clip_path))


def test_a_video_is_read_by_and_by(client, validate, clip, clip_path, job):
    validate(job, "Job")
    assert (job["state"], job["progress"], job["input"]) == ("done", 1.0, "clip.mp4")
    assert job["frames"] == job["result"]["frames"] == round(clip.duration_s * clip.rate)
    expected = main(str(clip_path), None)["plates"]
    assert [{**plate, "crop": None} for plate in job["result"]["plates"]] == expected
    assert {plate["text"] for plate in expected} == {passing.text for passing in clip.passes}


def test_every_saved_form_can_be_had(client, job):
    links = job["links"]
    assert set(links) == {"self", "annotated", "json", "csv", "frames"}
    video = client.get(links["annotated"])
    assert video.headers["content-type"] == "video/mp4"
    with av.open(io.BytesIO(video.content)) as container:
        assert sum(1 for _ in container.decode(video=0)) == job["frames"]
    part = client.get(links["annotated"], headers={"Range": "bytes=0-99"})
    assert (part.status_code, len(part.content)) == (206, 100)
    assert client.get(links["json"]).json() == job["result"]
    assert client.get(links["csv"]).text.startswith("input,text,")
    lines = client.get(links["frames"]).text.splitlines()
    assert len(lines) == job["frames"]
    assert "plates" in json.loads(lines[0])
    crop = client.get(job["result"]["plates"][0]["crop"])
    assert crop.headers["content-type"] == "image/jpeg"
    assert crop.content.startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".avi", "mjpeg"), (".mkv", "libx264"), (".ts", "libx264"), (".flv", "flv")]
)
def test_what_browsers_do_not_play_is_there_as_an_mp4_too(client, tmp_path, suffix, codec):
    path = write_video(tmp_path / f"clip{suffix}", driving("AB12CDE", 30), codec=codec, sound=suffix != ".flv")
    job = finished(client, send(client, path, path.name))
    assert set(job["links"]) == {"self", "annotated", "json", "csv", "frames", "playable"}
    video = client.get(job["links"]["playable"])
    assert video.headers["content-type"] == "video/mp4"
    with av.open(io.BytesIO(video.content)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        times = [frame.time for frame in container.decode(video=0)]
    assert len(times) == job["frames"]
    assert times == sorted(times)
    # The index comes first: it plays while it loads.
    assert video.content.index(b"moov") < video.content.index(b"mdat")


def test_a_job_belongs_to_the_token_that_sent_it(guarded, tmp_path):
    path = write_video(tmp_path / "clip.mp4", driving("AB12CDE", 5))
    with guarded.client(TOKEN) as owner, guarded.client("other") as other, guarded.client() as nobody:
        job = send(owner, path)
        links = [job["links"]["self"] + rest for rest in ("", "/json", "/csv", "/annotated", "/crops/0")]
        for link in links:
            assert other.get(link).status_code == 404
            assert nobody.get(link).status_code == 401
        assert other.delete(links[0]).status_code == 404
        assert owner.get(links[0]).json()["id"] == job["id"]
        # The token itself is nowhere.
        assert not any(TOKEN.encode() in file.read_bytes() for file in guarded.data.rglob("*") if file.is_file())
        assert owner.delete(links[0]).status_code == 204


def test_no_answer_tells_where_the_files_are(server, client, job):
    texts = [client.get(job["links"][form]).text for form in ("self", "json", "csv", "frames")]
    assert not any(str(server.data) in text for text in texts)


@pytest.mark.parametrize(
    "path", ["/nowhere", "/crops", "/crops/99", "/crops/-1", "/..%2Fjobs.sqlite", "/crops/..%2F..%2Fjobs.sqlite"]
)
def test_there_are_no_other_files(client, job, path):
    response = client.get(job["links"]["self"] + path)
    assert response.status_code in (404, 422)
    assert response.json()["error"]["code"] in ("no_such_file", "invalid_parameter", "not_found")


def test_an_unknown_job_is_told(client):
    for path in ("/v1/jobs/0", "/v1/jobs/..%2Fx", "/v1/jobs/0/csv", "/v1/jobs/0/crops/0"):
        assert client.get(path).status_code == 404
    assert client.delete("/v1/jobs/0").status_code == 404


def test_a_video_can_be_the_body_itself(client, clip_path):
    small = clip_path.read_bytes()
    response = client.post("/v1/video", content=small, headers={"Content-Type": "video/mp4"})
    assert response.status_code == 202
    client.delete(response.json()["links"]["self"])


def test_what_is_no_video_is_refused(client, tmp_path):
    # A playlist would make libav open what it names.
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
    concatenation = b"ffconcat version 1.0\nfile '/etc/passwd'\n"
    description = b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
    sound = write_sound(tmp_path / "sound.mp4").read_bytes()
    for content in (b"", b"text", png_header(64, 64), playlist, concatenation, description, sound):
        response = client.post("/v1/video", files={"file": ("clip.mp4", content)})
        assert response.status_code == 422, content[:20]
        assert response.json()["error"]["code"] == "unreadable"
    assert client.post("/v1/video", data={"file": "text"}).status_code == 415
    assert client.post("/v1/video", content=b"x", headers={"Content-Type": "text/plain"}).status_code == 415
    response = client.post("/v1/video", content=b"no form", headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert response.status_code == 400
    wait_for(lambda: client.get("/health").json()["jobs"] == 0)


def test_nothing_is_left_of_a_deleted_video(server, client, clip_path):
    job = send(client, clip_path)
    assert client.delete(job["links"]["self"]).status_code == 204
    assert client.get(job["links"]["self"]).status_code == 404
    wait_for(lambda: not (server.data / "jobs" / job["id"]).exists())


def test_long_videos_are_refused_and_old_ones_expire(guarded, tmp_path):
    with guarded.client(TOKEN) as client:
        long = write_video(tmp_path / "long.mp4", driving("AB12CDE", 75))
        response = client.post("/v1/video", files={"file": ("long.mp4", long.read_bytes())})
        assert (response.status_code, response.json()["error"]["code"]) == (413, "too_long")
        job = send(client, write_video(tmp_path / "short.mp4", driving("AB12CDE", 5)))
        folder = guarded.data / "jobs" / job["id"]
        wait_for(lambda: not folder.exists())
        assert client.get(job["links"]["self"]).status_code == 404


def test_jobs_survive_a_restart(root, tmp_path, clip_path):
    with serving(root, tmp_path, PLATE_MAX_JOBS="2") as server, server.client() as client:
        jobs = [send(client, clip_path) for _ in range(2)]
        refused = client.post("/v1/video", files={"file": clip_path.read_bytes()})
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        states = [client.get(job["links"]["self"]).json()["state"] for job in jobs]
        assert "queued" in states
        server.stop()
    # As if the machine had failed in the middle of another one.
    (tmp_path / "jobs" / "orphan").mkdir()
    with serving(root, tmp_path) as server, server.client() as client:
        answers = [finished(client, job) for job in jobs]
        assert [answer["state"] for answer in answers] == ["done"] * 2
        assert len({json.dumps([p["text"] for p in answer["result"]["plates"]]) for answer in answers}) == 1
        assert client.get(answers[0]["links"]["annotated"]).status_code == 200
        assert not (tmp_path / "jobs" / "orphan").exists()
