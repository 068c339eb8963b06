"""Whether live streams lose no vehicle, and how soon each is told: ``python -m tools.live_streams FOLDER``.

Drawn traffic is sent as cameras send it, in real time, and each stream is read by a process of its own. For every
vehicle it is known which frame shows its plate first so that it can be read; the time from the moment at which that
frame was sent to the call of ``on_plate`` is what somebody waits at a barrier. Streams are drawn once into the folder,
each with traffic of its own. The exit status is 1 where a vehicle has no record or the median of the times is too long.
"""

import argparse
import dataclasses
import functools
import math
import socket
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path

import av
import numpy as np
import psutil  # type: ignore[import-untyped]

from src.basics.geometry import quad_size
from src.basics.interrupts import StopFlag
from src.basics.parallel import copies_of
from src.basics.texts import merged
from src.pipeline import main
from src.video.options import VideoOptions
from tools.clips import CODING, HEADWAY_S, PASS_S, Clip, traffic
from tools.drawn_day import LEGIBLE

#: The median of the times from legible to told may be so long, in seconds.
LARGEST_MEDIAN_S = 0.5
#: The street is empty for so long before the first vehicle, while the reader learns what is sent, and after the last.
LEAD_S, TAIL_S = 2.0, 1.0
#: A reader may take so long to connect, in seconds: processes start slowly on a busy machine.
CONNECTING_S = 60.0
#: Cameras that are watched live do not let frames wait for later ones, and send a whole picture every other second.
KEY_FRAME_S = 2
#: Every frame goes out at once, with its length before it: it is then read as early as over RTSP, which is when the
#: next frame begins. Without the length it would be another frame later.
SENDING = {"flush_packets": "1", "omit_video_pes_length": "0"}
COLUMNS = ("stream", "vehicles", "recorded", "extra", "median s", "95 % s", "sent", "read", "cores", "MB")


@dataclasses.dataclass(frozen=True)
class Told:
    """What a reader has said: texts with the moments at which they were sure, texts of records, frames looked at."""

    plates: list[tuple[str, float]]
    records: list[str]
    frames: int


@dataclasses.dataclass(frozen=True)
class Figures:
    """What one stream, or several together, have come to.

    Attributes:
        delays_s: from legible to told, of each vehicle; infinity where it was never told.
        recorded: how many of them have a record with their text.
        extra: other records: of texts that nobody has, and further ones of a vehicle.
        sent: frames.
        read: frames that the reader looked at; the others came while it was busy.
        cores: CPU seconds of the reader per second.
        memory_mb: of the reader at the end; what processes share is divided among them.
    """

    delays_s: list[float]
    recorded: int
    extra: int
    sent: int
    read: int
    cores: float
    memory_mb: float

    def __add__(self, other: "Figures") -> "Figures":
        """Both together."""
        sums = (getattr(self, field.name) + getattr(other, field.name) for field in dataclasses.fields(self))
        return Figures(*sums)

    def within_s(self, share: float) -> float:
        """The delay that a share of the vehicles does not exceed; between two it is the longer one."""
        return float(np.quantile(self.delays_s, share, method="higher"))

    @property
    def is_good(self) -> bool:
        """Whether no vehicle was lost, and the median is short enough."""
        return self.recorded == len(self.delays_s) and self.within_s(0.5) <= LARGEST_MEDIAN_S

    def row(self, name: str) -> list[str]:
        """As told, one text for each column."""
        counts = (len(self.delays_s), self.recorded, self.extra)
        delays = (f"{self.within_s(share):.2f}" for share in (0.5, 0.95))
        taken = (self.sent, self.read, f"{self.cores:.2f}", round(self.memory_mb))
        return [name, *map(str, counts), *delays, *map(str, taken)]


def plan(number: int, width: int, height: int, rate: int, seconds: int) -> Clip:
    """What a stream shows: two lanes of traffic of its own."""
    vehicles = 2 * (1 + math.floor((seconds - LEAD_S - TAIL_S - PASS_S) / HEADWAY_S))
    passes = [
        dataclasses.replace(one, start_s=one.start_s + LEAD_S, end_s=one.end_s + LEAD_S)
        for one in traffic(np.random.default_rng(number), vehicles, returns=0)
    ]
    return Clip(passes, width, height, rate, seconds, number)


def draw(folder: Path, clips: Sequence[Clip]) -> list[Path]:
    """The recordings that are sent; those that are in the folder already are taken as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, clip in enumerate(clips, 1):
        path = folder / f"{number}-{clip.width}x{clip.height}-{clip.rate}-{clip.duration_s:.0f}s.mp4"
        if not path.is_file():
            unfinished = path.with_suffix(".part")
            clip.write(unfinished, {**CODING, "bf": "0", "g": str(KEY_FRAME_S * clip.rate)})
            unfinished.rename(path)
        paths.append(path)
    return paths


def legible_frames(clip: Clip) -> dict[str, int]:
    """Of each vehicle, by its text, the number of the first frame in which its plate is whole and wide enough."""
    frames: dict[str, int] = {}
    for number in range(round(clip.duration_s * clip.rate)):
        for text, quad in clip.quads(number / clip.rate).items():
            if quad_size(quad)[0] >= LEGIBLE:
                frames.setdefault(merged(text), number)
    return frames


def send(connection: socket.socket, path: Path) -> list[float]:
    """Answer a request with a recording in real time; returns when each frame was sent, by the monotonic clock."""
    sent_s: list[float] = []
    with connection.makefile("rwb") as stream, av.open(str(path)) as recording:
        while stream.readline().strip():
            pass
        stream.write(b"HTTP/1.0 200 OK\r\nContent-Type: video/mp2t\r\n\r\n")
        with av.open(stream, "w", format="mpegts", options=SENDING) as sending:
            target, begun_s = sending.add_stream_from_template(recording.streams.video[0]), time.monotonic()
            for packet in recording.demux(video=0):
                # The last one is empty, and ends the recording.
                if packet.pts is not None:
                    time.sleep(max(0.0, begun_s + float(packet.pts * packet.time_base) - time.monotonic()))
                    packet.stream = target
                    sending.mux(packet)
                    stream.flush()
                    sent_s.append(time.monotonic())
    return sent_s


def read(address: str, stop: StopFlag, answer: Connection) -> None:
    """What a process does: read a stream until it is stopped, and tell what it has said, and when."""
    plates: list[tuple[str, float]] = []
    records: list[str] = []
    options = VideoOptions(
        save=(),
        stop=stop,
        # All processes have the same monotonic clock.
        on_plate=lambda record: plates.append((merged(record.text), time.monotonic())),
        on_vehicle=lambda record: records.append(merged(record.text)),
    )
    frames = main(address, None, video=options)["frames"]
    answer.send(Told(plates, records, frames))


def measure(context: ForkServerContext, path: Path, legible: dict[str, int], wait_s: float) -> Figures:
    """Send a recording, after a while, to a process that reads it, and compare what that says with what it shows."""
    time.sleep(wait_s)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(CONNECTING_S)
        stop, (receiving, answer) = context.Event(), context.Pipe(duplex=False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/stream.ts"
        process = context.Process(target=read, args=(address, stop, answer), daemon=True)
        process.start()
        # It alone has it then: should it die, nobody waits for it.
        answer.close()
        connection, _ = server.accept()
        with connection:
            begun_s, used = time.monotonic(), psutil.Process(process.pid)
            sent_s = send(connection, path)
            time.sleep(TAIL_S)
            cpu, memory = used.cpu_times(), used.memory_full_info().pss
            cores = (cpu.user + cpu.system) / (time.monotonic() - begun_s)
            stop.set()
            told: Told = receiving.recv()
        process.join()
    return judge({text: sent_s[frame] for text, frame in legible.items()}, told, len(sent_s), cores, memory / 1e6)


def judge(legible_s: dict[str, float], told: Told, sent: int, cores: float, memory_mb: float) -> Figures:
    """Compare what a reader has said with the moments from which on the plates could be read."""
    first_s = dict(reversed(told.plates))
    delays_s = [first_s.get(text, math.inf) - moment_s for text, moment_s in legible_s.items()]
    recorded = len(legible_s.keys() & set(told.records))
    return Figures(delays_s, recorded, len(told.records) - recorded, sent, told.frames, cores, memory_mb)


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 1 where a vehicle has no record or the median time is too long."""
    parser = argparse.ArgumentParser(prog="python -m tools.live_streams", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the recordings go, or are since an earlier run")
    parser.add_argument("--streams", type=int, default=4, help="how many at the same time (%(default)s)")
    parser.add_argument("--seconds", type=int, default=120, help="for how long (%(default)s)")
    parser.add_argument("--width", type=int, default=1280, help="of the pictures (%(default)s)")
    parser.add_argument("--height", type=int, default=720, help="of the pictures (%(default)s)")
    parser.add_argument("--rate", type=int, default=12, help="frames per second (%(default)s)")
    options = parser.parse_args(arguments)
    size = (options.width, options.height, options.rate, options.seconds)
    clips = [plan(number, *size) for number in range(1, options.streams + 1)]
    legible = list(map(legible_frames, clips))
    if not all(legible):
        parser.error("no plate would be legible; give larger pictures or more time")
    paths = draw(options.folder, clips)
    # Roads are not in step with each other: neither are these streams.
    waits_s = [HEADWAY_S * number / options.streams for number in range(options.streams)]
    # As the cameras of a site: copies of a process that has loaded code and models.
    context = copies_of("src.watch.loaded")
    with ThreadPoolExecutor(options.streams) as threads:
        figures = list(threads.map(functools.partial(measure, context), paths, legible, waits_s))
    together = functools.reduce(Figures.__add__, figures)
    rows = [COLUMNS, *(one.row(str(number)) for number, one in enumerate(figures, 1)), together.row("all")]
    for row in rows:
        print("  ".join(f"{value:>{len(column)}}" for column, value in zip(COLUMNS, row, strict=True)))
    return int(not together.is_good)


if __name__ == "__main__":
    sys.exit(run())
