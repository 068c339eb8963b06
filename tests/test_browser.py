"""The annotated video, played in a real browser."""

import http.server
import queue
import shutil
import subprocess
import threading
import urllib.parse

import pytest

from src.media.inputs import open_input
from src.media.saving import OutputFolder
from src.video.options import EVERYTHING
from src.video.reader import read_video
from tests.media.videos import ColourRecogniser, driving, write_video

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PAGE = b"""<!doctype html><video id="video" src="/clip" muted></video><script>
const video = document.getElementById("video");
const tell = (values) => fetch("/tell?" + new URLSearchParams(values));
video.onerror = () => tell({error: video.error.message});
video.onended = () => tell({
    width: video.videoWidth, height: video.videoHeight, duration: video.duration, time: video.currentTime,
    frames: video.getVideoPlaybackQuality().totalVideoFrames
});
video.play().catch((error) => tell({error: error.message}));
</script>"""


def played(path, profile):
    """What Chromium tells after it has played a video to its end."""
    told = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            address = urllib.parse.urlparse(self.path)
            if address.path == "/tell":
                told.put(dict(urllib.parse.parse_qsl(address.query)))
            content = path.read_bytes() if address.path == "/clip" else PAGE
            self.send_response(200)
            self.send_header("Content-Type", "video/mp4" if address.path == "/clip" else "text/html")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = subprocess.Popen(
            [
                *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
                *("--disable-background-networking", "--disable-component-update", "--disable-quic"),
                *(f"--user-data-dir={profile}", "--autoplay-policy=no-user-gesture-required"),
                f"http://127.0.0.1:{server.server_port}/",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            return told.get(timeout=90)
        finally:
            browser.kill()
            browser.wait()
            server.shutdown()


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)")
@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_the_annotated_video_plays_in_a_browser(tmp_path, suffix):
    clip = write_video(tmp_path / "clip.mp4", driving("AB12CDE", 50), sound=suffix == ".mp4")
    if suffix == ".webm":
        clip = clip.rename(tmp_path / "clip.webm")  # what is in a file counts, not its name
    folder = OutputFolder(tmp_path / "output")
    result = read_video(open_input(clip), ColourRecogniser(), folder, None, EVERYTHING)
    answer = played(tmp_path / "output" / clip.name, tmp_path / "profile")
    assert "error" not in answer, answer
    assert (answer["width"], answer["height"]) == ("320", "240")
    assert float(answer["duration"]) == pytest.approx(result.duration_s, abs=0.1)
    assert float(answer["time"]) == pytest.approx(2.0, abs=0.1)
    assert int(answer["frames"]) >= 25
