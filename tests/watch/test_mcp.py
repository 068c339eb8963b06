"""``numberplate mcp``, asked by the client of the protocol's own package."""

import asyncio
import os
import sys

import pytest
from mcp import Client, StdioServerParameters
from sqlalchemy import select

from src.__main__ import run
from src.pipeline import main
from src.watch.lists import ListedPlate, replace_list
from src.watch.sightings import Recorder
from src.watch.tables import AuditEntry
from tests.watch.conftest import opened, passing

SITE = """
[site]
database = "sqlite:///site.db"
[[camera]]
name = "gate"
source = "rtsp://127.0.0.1/1"
[[list]]
name = "stolen"
kind = "watch"
"""


@pytest.fixture
def ask(root, tmp_path):
    """Starts the command, and calls its tools one after the other."""

    def asked(*calls, arguments=()):
        command = [sys.executable, "-m", "src", "mcp", *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(root)}
        server = StdioServerParameters(command=command[0], args=command[1:], env=environment, cwd=str(tmp_path))

        async def talk():
            async with Client(server) as client:
                tools = {tool.name: tool for tool in (await client.list_tools()).tools}
                return tools, [await client.call_tool(name, given) for name, given in calls]

        return asyncio.run(asyncio.wait_for(talk(), 120))

    return asked


def test_a_picture_is_read(ask, sample_path):
    tools, (answer, missing, many) = ask(
        ("read_plates", {"path": str(sample_path)}),
        ("read_plates", {"path": "none.jpg"}),
        ("read_plates", {"path": "rtsp://127.0.0.1:9/1"}),
    )
    assert set(tools) == {"read_plates"} and "number plates" in tools["read_plates"].description
    assert answer.structured_content["plates"] == main(str(sample_path), None)["plates"] != []
    assert missing.is_error and "none.jpg" in missing.content[0].text
    assert many.is_error


def test_a_site_is_searched(ask, make_site, tmp_path):
    site = make_site(SITE)
    with opened(site) as store:
        with store.writing() as session:
            replace_list(session, "stolen", [ListedPlate("XY987ZW")])
        recorder = Recorder(site, store, site.cameras[0])
        for number, text in enumerate(("AB123CD", "XY987ZW", "AB124CD")):
            recorder.complete(passing(text, 60 * number), None)
        tools, (found, page, wrong) = ask(
            ("find_sightings", {"text": "48I*", "limit": 1}),
            ("find_sightings", {"list": "stolen"}),
            ("find_sightings", {"list": "none"}),
            arguments=("--site", tmp_path / "site.toml"),
        )
        assert set(tools) == {"read_plates", "find_sightings"}
        assert [one["text"] for one in found.structured_content["sightings"]] == ["AB124CD"]
        assert found.structured_content["next"]
        assert page.structured_content["sightings"][0]["alerts"][0]["list"] == "stolen"
        assert wrong.is_error and "known are stolen" in wrong.content[0].text
        with store.reading() as session:
            noted = [(one.who, one.what) for one in session.scalars(select(AuditEntry))]
        assert ("MCP", "text=48I*") in noted


def test_a_site_that_has_a_fault_is_told(tmp_path, caplog):
    assert run(["mcp", "--site", str(tmp_path / "none.toml")]) == 2
    assert "give a site.toml" in caplog.text
