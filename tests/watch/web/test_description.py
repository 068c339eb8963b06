"""Requests made up from the description of a site: none makes it fail, and all answers are as described."""

import contextlib

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from src.watch.lists import ListedPlate, replace_list
from tests.watch.conftest import passing

CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]
#: It never ends; and after the first token nobody else may do anything.
LEFT_OUT = {("GET", "/v1/site/events"), ("POST", "/v1/site/tokens")}


def test_no_request_makes_it_fail(served):
    with served.store.writing() as session:
        replace_list(session, "stolen", [ListedPlate("XY987ZW")])
    for number, text in enumerate(("AB123CD", "XY987ZW")):
        served.see("in", passing(text, 60 * number))
    description = schemathesis.openapi.from_url(f"{served.server.address}/openapi.json")
    operations = [result.ok() for result in description.get_all_operations()]
    tried = 0
    for operation in operations:
        if not operation.path.startswith("/v1/site") or (operation.method.upper(), operation.path) in LEFT_OUT:
            continue
        tried += 1
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            attempt(operation, mode)
    assert tried == 26


def attempt(operation, mode):
    @settings(
        max_examples=8,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def work(case):
        case.call_and_validate(checks=CHECKS)

    # Nothing can be wrong with what takes no parameters.
    with contextlib.suppress(Unsatisfiable):
        work()


def test_what_no_database_takes_is_refused(served):
    for path, wanted in (
        ("/sightings", {"text": "A\0B"}),
        ("/sightings", {"camera": "A\0B"}),
        ("/visits", {"text": "A\0B"}),
        ("/alerts", {"list": "A\0B"}),
        ("/sightings/A%00B", {}),
    ):
        answer = served.client.get(f"/v1/site{path}", params=wanted)
        assert answer.status_code in (200, 404, 422), answer.text
