"""How fast many sightings are searched is measured with a real service."""

from tools.many_sightings import run


def test_every_question_is_asked(tmp_path, capsys):
    database = f"sqlite:///{tmp_path / 'many.db'}"
    for _ in range(2):
        assert run([database, "--sightings", "400", "--requests", "2"]) == 0
    told = capsys.readouterr().out.splitlines()
    # The second time they are there already.
    assert sum("stored" in line for line in told) == 1
    lines = [line for line in told if "look-alike" in line]
    assert len(lines) == 2 and all(float(line.split()[-1]) >= 1 for line in lines)


def test_a_database_that_cannot_be_had_is_one_line(capsys):
    assert run(["sqlite:////proc/none/many.db"]) == 2
    assert "cannot be opened" in capsys.readouterr().err
