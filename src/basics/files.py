"""Where the project's own files lie: beside the package in a checkout, inside it where the package is installed."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
IS_CHECKOUT = not (_PACKAGE / "models").is_dir()
_HOME = _PACKAGE.parent if IS_CHECKOUT else _PACKAGE

MODELS_DIRECTORY = _HOME / "models"
PARAMETERS_FILE = MODELS_DIRECTORY / "parameters.json"
SYNTAX_DIRECTORY = _HOME / "data" / "syntaxes"
RECIPES_DIRECTORY = _HOME / "data" / "recipes"
WORDS_FILE = _HOME / "data" / "words.txt"
SYNTHESIS_DIRECTORY = _HOME / "data" / "synthesis"
PAGE_DIRECTORY = _PACKAGE / "service" / "page"
SCHEMAS_FILE = _PACKAGE / "service" / "schemas.json"
