"""Small videos for the tests of what reads and writes them, and a recogniser that needs no models."""

import http.server
import threading
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from src.basics.geometry import box_to_quad, quad_to_box
from src.basics.results import Candidate, Character
from src.detection.detector import Detection
from src.recognition.options import ANYTHING
from src.recognition.plates import Reading

Image = NDArray[np.uint8]

#: Plates of the drawn videos: text → BGR colour of the rectangle that stands for it.
COLOURS = {"AB12CDE": (200, 40, 200), "XY98ZWV": (220, 160, 30), "KL55MNP": (40, 60, 220)}


def scene(boxes: dict[str, tuple[int, int, int, int]], width: int = 320, height: int = 240) -> Image:
    """A dark picture with rectangles in the colours of plates."""
    image = np.full((height, width, 3), 30, np.uint8)
    for text, (xmin, ymin, xmax, ymax) in boxes.items():
        cv2.rectangle(image, (xmin, ymin), (xmax - 1, ymax - 1), COLOURS[text], cv2.FILLED)
    return image


def driving(text: str, frames: int, width: int = 320, height: int = 240) -> Iterator[Image]:
    """A plate that goes from the left to the right."""
    for number in range(frames):
        x = 20 + round((width - 120) * number / max(frames - 1, 1))
        yield scene({text: (x, 100, x + 80, 120)}, width, height)


def write_video(
    path: Path,
    images: Iterator[Image] | Sequence[Image],
    *,
    rate: int = 25,
    codec: str = "libx264",
    times_ms: Sequence[int] | None = None,
    sound: bool = False,
    rotation: int = 0,
    options: dict[str, str] | None = None,
) -> Path:
    """Encode BGR pictures, at times if they are given, with a second of a tone for each second if wanted."""
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        voice = container.add_stream("aac", rate=44_100, layout="mono") if sound else None
        if rotation:
            stream.set_display_rotation(rotation)
        count = 0
        for count, image in enumerate(images, 1):
            if count == 1:
                stream.height, stream.width = image.shape[:2]
                stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
                if times_ms:
                    stream.codec_context.time_base = Fraction(1, 1000)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            if times_ms:
                frame.time_base, frame.pts = Fraction(1, 1000), times_ms[count - 1]
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if voice is not None:
            tone = (8000 * np.sin(np.arange(44_100 * count // rate) / 20)).astype(np.int16)
            for start in range(0, len(tone), 1024):
                part = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], format="s16", layout="mono")
                part.rate, part.pts, part.time_base = 44_100, start, Fraction(1, 44_100)
                container.mux(voice.encode(part))
            container.mux(voice.encode(None))
    return path


def write_sound(path: Path) -> Path:
    """An MP4 file with sound and no pictures."""
    with av.open(str(path), "w") as container:
        voice = container.add_stream("aac", rate=44_100, layout="mono")
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.int16), format="s16", layout="mono")
        silence.rate = 44_100
        container.mux(voice.encode(silence))
        container.mux(voice.encode(None))
    return path


class ColourRecogniser:
    """Finds the rectangles of the drawn videos, and reads them by their colour."""

    def __init__(self, confidence: float = 0.9) -> None:
        self.confidence = confidence
        self.passes = 0
        self.options = ANYTHING

    def detect(self, image: Image) -> list[Detection]:
        self.passes += 1
        found = []
        for colour in COLOURS.values():
            mask = np.abs(image.astype(int) - colour).max(axis=2) < 60
            rows, columns = np.nonzero(mask)
            if len(rows) > 100:
                box = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float32)
                found.append(Detection(box, box_to_quad(box), 0.9))
        return found

    def read(self, image: Image, detections: Sequence[Detection]) -> list[tuple[Detection, Reading]]:
        pairs = []
        for detection in detections:
            x, y = detection.corners.mean(axis=0).astype(int)
            text = min(COLOURS, key=lambda known: np.abs(image[y, x].astype(int) - COLOURS[known]).sum())
            box = tuple(float(side) for side in quad_to_box(detection.corners))
            characters = tuple(Character(one, 0.99, box) for one in text)
            reading = Reading(text, self.confidence, 1, characters, (Candidate(text, self.confidence),))
            pairs.append((detection, reading))
        return pairs

    def accepts(self, detection: Detection, reading: Reading) -> bool:
        return True


class MotionJpegServer:
    """Sends pictures without end to everybody on 127.0.0.1, until it is stopped; it can be started again."""

    def __init__(self, images: Sequence[Image], rate: float = 20.0) -> None:
        self._parts = [cv2.imencode(".jpg", image)[1].tobytes() for image in images]
        self._rate = rate
        self._server: http.server.ThreadingHTTPServer | None = None
        self._port = 0
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}/video.mjpeg"

    def start(self) -> None:
        parts, rate, stopped = self._parts, self._rate, threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                number = 0
                try:
                    while not stopped.is_set():
                        part = parts[number % len(parts)]
                        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(part)}\r\n\r\n"
                        self.wfile.write(head.encode() + part + b"\r\n")
                        number += 1
                        time.sleep(1 / rate)
                except OSError:
                    pass

            def log_message(self, *arguments: object) -> None:
                pass

        self._stopped = stopped
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
