"""The words of the web page: each in every language, none missing, and none that nobody says."""

import json
import re

import pytest

LANGUAGES = {"en", "de"}
#: Where a part of the name is known only while the page runs.
MADE = (
    *("page_", "download_", "export_", "state_", "role_", "kind_", "tool_", "camera_", "direction_", "now_"),
    *("no_visits_", "reason_", "did_"),
)
SAID = re.compile(r"""\bt\(\s*["`]([\w]+)["`,]""")
WRITTEN = re.compile(r'data-word(?:-[a-z-]+)?="(\w+)"')
CHOSEN = re.compile(r'"([a-z][a-z_]+)"')


@pytest.fixture(scope="module")
def words(root):
    return json.loads((root / "src" / "service" / "page" / "words.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def sources(root):
    folder = root / "src" / "service" / "page"
    return "\n".join(path.read_text() for path in sorted(folder.rglob("*")) if path.suffix in (".js", ".html"))


def test_every_text_is_there_in_every_language(words):
    assert {name: sorted(texts) for name, texts in words.items() if set(texts) != LANGUAGES} == {}
    assert not [name for name, texts in words.items() for text in texts.values() if not text]


def test_languages_agree_on_values_and_forms(words):
    for name, texts in words.items():
        forms = {tag: text if isinstance(text, list) else [text] for tag, text in texts.items()}
        assert len({len(form) for form in forms.values()}) == 1, name
        assert len({tuple(sorted(set(re.findall(r"{\w+}", " ".join(form))))) for form in forms.values()}) == 1, name


def test_what_is_said_is_there_and_what_is_there_is_said(words, sources):
    said = set(SAID.findall(sources)) | set(WRITTEN.findall(sources))
    assert said - set(words) == set()
    chosen = said | set(CHOSEN.findall(sources))
    assert [name for name in words if name not in chosen and not name.startswith(MADE)] == []
