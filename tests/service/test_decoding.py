"""Pictures that take long to decode, or much memory: they harm nobody else."""

import gc
import os
import struct
import threading
import time
from multiprocessing.connection import Connection

import numpy as np
import psutil
import pytest
from PIL import Image

from src.basics.errors import InputError
from src.media.decoding import Decoder
from src.media.images import is_light, read_image
from src.media.inputs import ImageSource
from tests.media.encoded import encode, encode_faithfully, sixteen_bit, with_empty_scans, with_orientation
from tests.service.conftest import PATIENCE_S, serving

#: Decoding it takes seconds, and it has no more scans than is allowed.
LABORIOUS = with_empty_scans(7900, 8000, 50)


def test_usual_pictures_are_decoded_without_a_detour(photo, small_picture):
    assert is_light(photo) and is_light(small_picture) and is_light(b"no picture")
    assert not is_light(LABORIOUS)
    assert not is_light(encode(Image.new("RGB", (64, 64)), "TIFF"))


@pytest.fixture(scope="module")
def impatient(root, tmp_path_factory):
    """A service that gives up on a picture after a second."""
    folder = tmp_path_factory.mktemp("impatient")
    with serving(root, folder, PLATE_DECODE_SECONDS="1", PLATE_WORKERS="2") as server:
        yield server


def test_a_picture_that_takes_too_long_is_given_up_and_said_to_be(impatient, validate):
    with impatient.client() as client:
        response = client.post("/v1/read", files={"file": ("slow.jpg", LABORIOUS)})
        assert response.status_code == 422
        validate(response.json(), "Error")
        assert response.json()["error"]["message"].startswith("slow.jpg: decoding it takes longer than 1 s; ")


def test_others_are_served_while_laborious_pictures_are_decoded(impatient, small_picture):
    answers = []

    def send():
        with impatient.client() as client:
            answers.append(client.post("/v1/read", content=LABORIOUS).status_code)

    senders = [threading.Thread(target=send) for _ in range(6)]
    for sender in senders:
        sender.start()
    try:
        times = []
        with impatient.client() as client:
            while len(answers) < len(senders):
                start = time.monotonic()
                assert client.post("/v1/read", content=small_picture).status_code == 200
                times.append(time.monotonic() - start)
        # Six pictures take three seconds at least, of which nobody else notices much.
        assert len(times) > 10
        assert sorted(times)[len(times) // 2] < 0.5
    finally:
        for sender in senders:
            sender.join()
    assert answers == [422] * 6


def decode(decoder, content):
    return decoder.load(ImageSource("it", content)).image


def test_a_picture_that_takes_too_much_memory_is_refused():
    large = encode(Image.fromarray(np.zeros((6000, 7000, 4), np.uint8)), "TIFF", compression="tiff_lzw")
    decoder = Decoder(limit_s=PATIENCE_S, memory=100_000_000)
    try:
        with pytest.raises(InputError, match=r"^it: decoding it takes more than 100 MB; "):
            decode(decoder, large)
        assert decode(decoder, encode(Image.new("RGB", (64, 48)), "TIFF")).shape == (48, 64, 3)
    finally:
        decoder.close()


def test_the_service_survives_the_death_of_what_starts_its_decoders(impatient):
    small = encode(Image.new("RGB", (64, 64)), "TIFF")
    children = psutil.Process(impatient.process.pid).children()
    (starter,) = [child for child in children if "forkserver" in " ".join(child.cmdline())]
    starter.kill()
    with impatient.client() as client:
        answers = [client.post("/v1/read", content=small) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3


def die_in_the_middle_of_the_answer():
    """As a process does that is killed while it sends pixels: the header says 1,000 bytes, and few follow."""
    connections = [found for found in gc.get_objects() if isinstance(found, Connection) and not found.closed]
    for connection in connections:
        os.write(connection.fileno(), struct.pack("!i", 1000) + b"few")
    os._exit(1)


@pytest.mark.parametrize(("dying", "arguments"), [(os._exit, (1,)), (die_in_the_middle_of_the_answer, ())])
def test_a_decoder_that_dies_is_told_and_the_next_picture_is_decoded(decoder, dying, arguments):
    with pytest.raises(InputError, match=r"^it: it makes its decoder fail; "):
        decoder.call("it", dying, *arguments)
    assert decode(decoder, encode(Image.new("RGB", (64, 48)), "TIFF")).shape == (48, 64, 3)


@pytest.fixture(scope="module")
def decoder():
    decoder = Decoder(limit_s=PATIENCE_S, memory=2_000_000_000)
    yield decoder
    decoder.close()


def test_a_decoding_process_gives_the_same_pixels(decoder, picture):
    image = Image.fromarray(picture[..., ::-1].copy())
    files = [encode_faithfully(image, "TIFF"), with_orientation(image, "TIFF", 6), sixteen_bit(".tif", picture)]
    for content in files:
        np.testing.assert_array_equal(decode(decoder, content), read_image(content, "it"))
    with pytest.raises(InputError, match=r"^it: the TIFF is damaged"):
        decode(decoder, files[0][:300])
