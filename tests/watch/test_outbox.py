"""Events reach a real web server and a real MQTT broker: at least once, in order per camera, whatever these do."""

import base64
import contextlib
import email
import email.policy
import hashlib
import hmac
import http.server
import json
import shutil
import subprocess
import threading
import time

import pytest
from sqlalchemy import select

from src.watch.events import TYPES, tell
from src.watch.mqtt import discovery
from src.watch.outbox import Outbox
from src.watch.sightings import Recorder
from src.watch.tables import Delivery, now
from tests.watch.conftest import free_port, opened, passing

CAMERAS = """
[[camera]]
name = "entry"
source = "rtsp://127.0.0.1/1"
role = "entry"
[[camera]]
name = "exit"
source = "rtsp://127.0.0.1/2"
role = "exit"
"""


class Receiver:
    """A web server that notes what it is sent, and answers as it is told to."""

    def __init__(self, port=0):
        self.requests, self.answers, self.delay_s = [], [], 0.0
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                time.sleep(receiver.delay_s)
                receiver.requests.append((dict(self.headers), body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def events(self):
        return [json.loads(body) for _, body in self.requests]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@contextlib.contextmanager
def receiving(port=0):
    receiver = Receiver(port)
    try:
        yield receiver
    finally:
        receiver.close()


@contextlib.contextmanager
def delivering(site, store, holds=lambda name: True):
    outbox = Outbox(site, store, holds)
    try:
        yield outbox
    finally:
        outbox.close()


def wait_for(condition, limit_s=20.0):
    deadline_s = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline_s, "it does not come"
        time.sleep(0.05)


def tell_numbers(site, store, camera, numbers):
    for number in numbers:
        with store.writing() as session:
            tell(session, site, "plate.sighting", camera, now(), {"number": number})


def numbers_of(events, camera):
    return [event["data"]["number"] for event in events if event["source"].endswith(f"/{camera}")]


def webhook(url, more=""):
    return f'{CAMERAS}\n[[output]]\nkind = "webhook"\nurl = "{url}"\nsecret = "of both"\n{more}\n'


def test_an_event_is_signed_and_says_what_it_is(make_site, file_database):
    with receiving() as receiver:
        site = make_site(webhook(receiver.url), file_database)
        with opened(site) as store, delivering(site, store):
            Recorder(site, store, site.cameras[0]).complete(passing("AB123CD", 0), None)
            wait_for(lambda: len(receiver.requests) == 2)
    headers, body = receiver.requests[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.new(b"of both", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    assert [event["type"] for event in receiver.events] == ["visit.opened", "plate.sighting"]
    from cloudevents.core.formats.json import JSONFormat
    from cloudevents.core.v1.event import CloudEvent

    for _, body in receiver.requests:
        event = JSONFormat().read(lambda attributes, data: CloudEvent(attributes, data), body)
        assert event.get_type() in TYPES


def test_a_receiver_that_fails_gets_everything_in_order(make_site, database):
    with receiving() as receiver:
        receiver.answers = [500, 503, 302]
        site = make_site(webhook(receiver.url), database)
        with opened(site) as store, delivering(site, store):
            tell_numbers(site, store, "entry", range(5))
            tell_numbers(site, store, "exit", range(5))
            wait_for(lambda: len(receiver.requests) >= 13)
        for camera in ("entry", "exit"):
            assert list(dict.fromkeys(numbers_of(receiver.events, camera))) == list(range(5))
        # The receiver knows by its identifier what it has had.
        assert len({headers["webhook-id"] for headers, _ in receiver.requests}) == 10


def test_a_receiver_that_is_away_gets_everything_once_it_is_back(make_site, file_database, caplog):
    port = free_port()
    site = make_site(webhook(f"http://127.0.0.1:{port}/hook"), file_database)
    with opened(site) as store:
        with delivering(site, store):
            tell_numbers(site, store, "entry", range(3))
            time.sleep(1.5)
        # Another process goes on.
        with receiving(port) as receiver, delivering(site, store):
            tell_numbers(site, store, "entry", range(3, 6))
            wait_for(lambda: len(receiver.requests) == 6)
            assert numbers_of(receiver.events, "entry") == list(range(6))
        with store.reading() as session:
            assert all(row.delivered_at for row in session.scalars(select(Delivery)))
    assert len([one for one in caplog.records if "takes no events" in one.message]) == 1
    assert "of both" not in caplog.text


def test_a_slow_receiver_delays_no_other_output(make_site, file_database):
    with receiving() as slow, receiving() as quick:
        slow.delay_s = 3.0
        both = f'{webhook(slow.url)}\n[[output]]\nkind = "webhook"\nurl = "{quick.url}"\n'
        site = make_site(both, file_database)
        with opened(site) as store, delivering(site, store):
            begun_s = time.monotonic()
            tell_numbers(site, store, "entry", range(3))
            wait_for(lambda: len(quick.requests) == 3, 4.0)
            assert time.monotonic() - begun_s < 3.0
            wait_for(lambda: len(slow.requests) == 3)


def test_only_who_holds_an_output_delivers(make_site, file_database):
    with receiving() as receiver:
        site = make_site(webhook(receiver.url), file_database)
        with opened(site) as store:
            tell_numbers(site, store, "entry", range(3))
            with delivering(site, store, lambda name: False):
                time.sleep(1.0)
            assert receiver.requests == []


def test_only_the_events_that_are_wanted(make_site, file_database):
    with receiving() as receiver:
        site = make_site(webhook(receiver.url, 'events = ["plate.sighting"]'), file_database)
        with opened(site) as store, delivering(site, store):
            Recorder(site, store, site.cameras[0]).complete(passing("AB123CD", 0), None)
            wait_for(lambda: receiver.requests)
            time.sleep(0.5)
    assert [event["type"] for event in receiver.events] == ["plate.sighting"]


def test_the_form_of_plate_recognizer_stream(make_site, file_database, root):
    photograph = next(root.glob("data/samples/*.jpg")).read_bytes()
    with receiving() as receiver:
        site = make_site(webhook(receiver.url, 'form = "platerecognizer"'), file_database)
        with opened(site) as store, delivering(site, store):
            seen = passing("AB123CD", 0, frame=photograph, crop=photograph)
            Recorder(site, store, site.cameras[0]).complete(seen, None)
            wait_for(lambda: receiver.requests)
    headers, body = receiver.requests[0]
    message = email.message_from_bytes(
        f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode() + body, policy=email.policy.HTTP
    )
    parts = {part.get_param("name", header="content-disposition"): part for part in message.iter_parts()}
    told = json.loads(parts["json"].get_content())
    assert told["data"]["camera_id"] == "entry"
    assert told["data"]["results"][0]["plate"] == "ab123cd"
    assert parts["upload"].get_content().startswith(b"\xff\xd8")


@contextlib.contextmanager
def broker(tmp_path, port):
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if not program:
        pytest.skip("there is no MQTT broker here: apt-get install mosquitto")
    configuration = tmp_path / f"mosquitto-{port}.conf"
    configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    process = subprocess.Popen([program, "-c", configuration], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class Listener:
    """A client of the broker that notes all messages."""

    def __init__(self, port):
        import paho.mqtt.client as paho

        self.messages = []
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self.client.on_connect = lambda *arguments: self.client.subscribe("#", qos=1)
        self.client.on_message = lambda client, data, message: self.messages.append(message)
        wait_for(lambda: self._connects(port))
        self.client.loop_start()

    def _connects(self, port):
        with contextlib.suppress(OSError):
            return self.client.connect("127.0.0.1", port) == 0
        return False

    def topics(self):
        return [message.topic for message in self.messages]

    def close(self):
        self.client.loop_stop()
        self.client.disconnect()


def mqtt(port):
    more = f'[[output]]\nkind = "mqtt"\nhost = "127.0.0.1"\nport = {port}\nprefix = "site"\nhome_assistant = true\n'
    return f"{CAMERAS}\n{more}"


def test_a_broker_has_sightings_alerts_and_what_home_assistant_needs(make_site, file_database, tmp_path):
    port = free_port()
    with broker(tmp_path, port), contextlib.closing(Listener(port)) as listener:
        site = make_site(mqtt(port), file_database)
        with opened(site) as store:
            with delivering(site, store):
                wait_for(lambda: "site/available" in listener.topics())
                Recorder(site, store, site.cameras[0]).complete(passing("AB123CD", 0), None)
                with store.writing() as session:
                    tell(session, site, "plate.alert", "entry", now(), {"text": "AB123CD"})
                wait_for(lambda: {"site/entry/sighting", "site/entry/last", "site/alert"} <= set(listener.topics()))
            wait_for(lambda: listener.messages[-1].payload == b"offline")
        assert set(discovery(site, site.outputs[0])) <= set(listener.topics())
        last = next(one for one in listener.messages if one.topic == "site/entry/last")
        assert json.loads(last.payload)["data"]["text"] == "AB123CD"
        with contextlib.closing(Listener(port)) as later:
            wait_for(lambda: "site/entry/last" in later.topics())
            assert "site/alert" not in later.topics()


def test_a_broker_that_is_away_gets_everything_once_it_is_back(make_site, file_database, tmp_path):
    port = free_port()
    site = make_site(mqtt(port), file_database)
    with opened(site) as store, delivering(site, store):
        with broker(tmp_path, port), contextlib.closing(Listener(port)) as listener:
            tell_numbers(site, store, "entry", range(2))
            wait_for(lambda: listener.topics().count("site/entry/sighting") == 2)
        tell_numbers(site, store, "entry", range(2, 4))
        time.sleep(1.0)
        with broker(tmp_path, port), contextlib.closing(Listener(port)) as listener:
            wait_for(lambda: listener.topics().count("site/entry/sighting") >= 2, 40.0)
            told = [one for one in listener.messages if one.topic == "site/entry/sighting"]
            assert [json.loads(one.payload)["data"]["number"] for one in told][-1] == 3
