"""Requests made up from the service's own description: none makes it fail, and all answers are as described."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
#: What can be asked in a wrong way, and what in a right way only.
FALLIBLE = [
    *("POST /v1/read", "POST /v1/video", "POST /v1/plate-reader/", "POST /v2/recognize_bytes", "POST /v1/vision/alpr"),
    "GET /v1/jobs/{identifier}/crops/{number}",
]
SIMPLE = [
    *("GET /v1/jobs/{identifier}", "DELETE /v1/jobs/{identifier}", "GET /v1/jobs/{identifier}/{form}"),
    *("GET /health", "GET /health/live", "GET /health/ready", "GET /metrics", "GET /v1/statistics/"),
]
ATTEMPTS = [
    *((name, GenerationMode.POSITIVE) for name in FALLIBLE + SIMPLE),
    *((name, GenerationMode.NEGATIVE) for name in FALLIBLE),
]


@pytest.fixture(scope="module")
def operations(server):
    description = schemathesis.openapi.from_url(f"{server.address}/openapi.json")
    found = [result.ok() for result in description.get_all_operations()]
    return {f"{operation.method.upper()} {operation.path}": operation for operation in found}


def test_every_operation_is_tried(operations):
    assert set(operations) == set(FALLIBLE + SIMPLE)


@pytest.mark.parametrize(("name", "mode"), ATTEMPTS)
def test_no_request_makes_the_service_fail(operations, name, mode):
    @settings(
        max_examples=30,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operations[name].as_strategy(generation_mode=mode))
    def attempt(case):
        case.call_and_validate(checks=CHECKS)

    attempt()
