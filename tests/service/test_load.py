from tools.load import measure, reading


def test_a_loaded_service_answers_everybody(server, photo):
    report = measure(server.port, reading([photo]), clients=16, seconds=4.0)
    assert set(report["outcomes"]) <= {"200", "503"}
    assert report["outcomes"]["200"] >= 16
    # Who sends no picture is told so.
    assert report["refusals"].keys() - {"503"} <= {"400", "415", "422"}
    assert sum(report["refusals"].values()) >= 16
    assert 0 < report["p50_ms"] <= report["p95_ms"]
