"""Who may do what: roles of tokens, which are stored as hashes, and the audit."""

import pytest
from sqlalchemy import select

from src.watch.tables import AccessToken, AuditEntry
from tests.service.conftest import wait_for
from tests.watch.conftest import free_port, passing, postgres_programs, running_postgres
from tests.watch.web.conftest import served_site

#: Who has to have which role at least.
ALLOWED = [
    ("GET", "", "see", None),
    ("GET", "/sightings", "see", None),
    ("GET", "/alerts", "see", None),
    ("GET", "/visits", "see", None),
    ("GET", "/speeds", "see", None),
    ("GET", "/lists/stolen/entries", "review", None),
    ("POST", "/lists/stolen/entries", "review", {"text": "A1"}),
    ("POST", "/sightings/none/corrections", "review", {"text": "A1"}),
    ("POST", "/alerts/none/decision", "review", {"state": "confirmed"}),
    ("POST", "/visits/none/close", "review", {}),
    ("PUT", "/cameras/none/geometry", "administer", {}),
    ("GET", "/tokens", "administer", None),
    ("GET", "/audit", "administer", None),
]
ROLES = ("see", "review", "administer")


def shown(token):
    return {"Authorization": f"Token {token}"}


@pytest.fixture(scope="module")
def tokens(served):
    """A token of each role; from the first on everybody needs one."""
    refused = served.send("POST", "/tokens", 409, json={"name": "Eve", "role": "see"})
    assert "nobody could administer" in refused["error"]["message"]
    made = {"administer": served.send("POST", "/tokens", 201, json={"name": "Ann", "role": "administer"})["token"]}
    for name, role in (("Sam", "see"), ("Rita", "review")):
        body = {"name": name, "role": role}
        made[role] = served.send("POST", "/tokens", 201, json=body, headers=shown(made["administer"]))["token"]
    return made


def test_each_role_may_do_what_it_says(served, tokens):
    for method, path, least, body in ALLOWED:
        for role in ROLES:
            answer = served.client.request(method, f"/v1/site{path}", json=body, headers=shown(tokens[role]))
            is_allowed = ROLES.index(role) >= ROLES.index(least)
            assert (answer.status_code == 403) != is_allowed, (method, path, role)
            if not is_allowed:
                assert answer.json()["error"]["code"] == "forbidden"
        for headers in ({}, shown("np_wrong"), shown("wrong")):
            refused = served.client.request(method, f"/v1/site{path}", json=body, headers=headers)
            assert refused.status_code == 401 and refused.json()["error"]["code"] == "unauthorised"
            assert refused.headers["www-authenticate"] == "Token"


def test_tokens_are_stored_as_hashes_and_told_once(served, tokens):
    listed = served.send("GET", "/tokens", headers=shown(tokens["administer"]))["tokens"]
    assert [(one["name"], one["role"]) for one in listed] == [("Ann", "administer"), ("Sam", "see"), ("Rita", "review")]
    assert listed[0]["last_used_at"]
    with served.store.reading() as session:
        stored = " ".join(map(str, session.execute(select(AccessToken.__table__)).all()))
        stored += " ".join(session.scalars(select(AuditEntry.what)))
    assert not any(token in stored or token in str(listed) for token in tokens.values())
    assert served.send("GET", "", headers=shown(tokens["review"]))["who"] == "Rita"


def test_the_audit_tells_who_did_what(served, tokens):
    identifier = served.see("in", passing("WR0NG", 0))
    path = f"/sightings/{identifier}/corrections"
    served.send("POST", path, json={"text": "RT66"}, headers=shown(tokens["review"]))
    served.client.get("/v1/site/sightings", params={"text": "RT66"}, headers=shown(tokens["see"]))
    page = served.send("GET", "/audit?limit=2", headers=shown(tokens["administer"]))
    assert [(one["who"], one["action"]) for one in page["entries"]] == [("Sam", "search"), ("Rita", "correct")]
    older = served.send("GET", f"/audit?limit=1&before={page['next']}", headers=shown(tokens["administer"]))
    assert older["entries"][0]["action"] in ("token make", "list add")


def test_a_token_that_was_withdrawn_is_refused(served, tokens):
    admin = shown(tokens["administer"])
    made = served.send("POST", "/tokens", 201, json={"name": "Tim", "role": "see"}, headers=admin)
    served.send("GET", "", headers=shown(made["token"]))
    served.send("DELETE", f"/tokens/{made['id']}", 204, headers=admin)
    served.send("GET", "", 401, headers=shown(made["token"]))
    served.send("DELETE", f"/tokens/{made['id']}", 404, headers=admin)
    own = served.send("GET", "/tokens", headers=admin)["tokens"][0]["id"]
    assert "nobody could" in served.send("DELETE", f"/tokens/{own}", 409, headers=admin)["error"]["message"]


def test_the_server_s_own_token_administers(root, tmp_path, sample_path):
    database = f"sqlite:///{tmp_path}/site.db"
    with served_site(root, tmp_path / "site", database, PLATE_TOKENS="sesame") as guarded:
        guarded.send("GET", "", 401)
        assert guarded.send("GET", "", headers=shown("sesame"))["role"] == "administer"
        body = {"name": "Sam", "role": "see"}
        token = guarded.send("POST", "/tokens", 201, json=body, headers=shown("sesame"))["token"]
        assert guarded.send("GET", "", headers=shown(token))["role"] == "see"
        # Who may see the site may read pictures, too.
        picture = sample_path.read_bytes()
        assert guarded.client.post("/v1/read", content=picture, headers=shown(token)).status_code == 200
        assert guarded.client.post("/v1/read", content=picture, headers=shown("np_wrong")).status_code == 401


def test_while_the_database_is_away_it_is_to_be_tried_again(root, tmp_path):
    programs = postgres_programs()
    if programs is None:
        pytest.skip("there is no PostgreSQL server here: apt-get install postgresql")
    with (
        running_postgres(programs, free_port()) as (address, control),
        served_site(root, tmp_path / "site", f"{address}/postgres", PLATE_TOKENS="sesame") as served,
    ):
        served.send("GET", "", headers=shown("sesame"))
        control("stop", "-m", "immediate")
        # Nobody can tell whether this is one of its tokens.
        away = served.client.get("/v1/site", headers=shown("np_maybe"))
        assert (away.status_code, away.json()["error"]["code"]) == (503, "busy")
        # Reading pictures needs no database of a site.
        assert served.client.get("/health").status_code == 200
        control("start")
        wait_for(lambda: served.client.get("/v1/site", headers=shown("sesame")).status_code == 200)
