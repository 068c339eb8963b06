# Each target first puts what it needs into .venv here, and nothing anywhere else.
#
#   make run [INPUT=photo.jpg|folder] [OUTPUT=output]   read number plates
#   make serve [HOST=127.0.0.1] [PORT=8000]             start the REST service and its web page
#   make test                                           run every test
#   make lint                                           check style and types
#   make notebook                                       open Usage.ipynb and Training.ipynb in the browser
#   make train                                          run Training.ipynb: trains and saves the models
#   make evaluate SETS="folder ..."                     figures on annotated sets
#   make bench                                          speed and memory of reading pictures and videos
#   make docs                                           build the documentation as a site in site/
#   make clean                                          remove .venv and caches

export INPUT ?= $(firstword $(sort $(wildcard data/samples/*.jpg data/samples/*.png)))
export OUTPUT ?= output
export HOST ?= 127.0.0.1
export PORT ?= 8000
SETS ?=

SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c '$(SUPPORTED)' 2>/dev/null && echo $$python && break; done)

VENV := .venv/bin
PIP := $(VENV)/python -m pip --disable-pip-version-check --quiet

# The full environment can do all that the light one can, so the light one is not installed over it.
INFERENCE := $(if $(wildcard .venv/.full),.venv/.full,.venv/.inference)
SERVICE := $(if $(wildcard .venv/.full),.venv/.full,.venv/.service)

.PHONY: run serve test lint notebook train evaluate bench docs clean

run: $(INFERENCE)
	@echo "Reading the plates of $$INPUT with the models in models/ ..." >&2
	@$(VENV)/numberplate read --input "$$INPUT" --output "$$OUTPUT" --format csv

serve: $(SERVICE)
	@echo "Starting the service; Ctrl-C ends it ..." >&2
	@exec $(VENV)/numberplate serve --host "$$HOST" --port "$$PORT"

test: .venv/.full
	@echo "Running the tests on all cores ..."
	@$(VENV)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

lint: .venv/.full
	@echo "Checking style and types ..."
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy src tools

train: .venv/.full
	@echo "Running Training.ipynb: this trains the five models and takes hours on a CPU ..."
	@$(VENV)/jupyter execute --inplace --timeout=-1 Training.ipynb

notebook: .venv/.full
	@echo "Opening the notebooks; Ctrl-C ends it ..." >&2
	@exec $(VENV)/jupyter lab Usage.ipynb

evaluate: .venv/.full
	@test -n "$(SETS)" || { echo 'Say which sets to evaluate: make evaluate SETS="folder ..."' >&2; exit 2; }
	@echo "Evaluating the models on $(SETS) ..."
	@$(VENV)/numberplate evaluate $(SETS)

bench: .venv/.full
	@echo "Reading drawn pictures and videos; this takes some minutes ..."
	@$(VENV)/python -m tools.speed
	@$(VENV)/python -m tools.benchmark

docs: .venv/.full
	@echo "Building the site ..."
	@NO_MKDOCS_2_WARNING=1 $(VENV)/mkdocs build --strict --quiet

clean:
	@echo "Removing .venv and caches ..."
	@rm -rf .venv build site numberplate.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find src tests tools -name __pycache__ -prune -exec rm -rf {} +

.venv/bin/python:
	@test -n "$(PYTHON)" || { \
		echo "Python 3.11, 3.12 or 3.13 is needed, and none was found; install one, or say make PYTHON=/path/to/python3" >&2; \
		exit 2; }
	@$(PYTHON) -c '$(SUPPORTED)' 2>/dev/null || { \
		echo "$(PYTHON) is not Python 3.11, 3.12 or 3.13, which are needed; say make PYTHON=/path/to/another" >&2; \
		exit 2; }
	@echo "Making the environment .venv with $$($(PYTHON) --version) ..." >&2
	@$(PYTHON) -m venv .venv || { \
		rm -rf .venv; \
		echo "The environment cannot be made; on Debian and Ubuntu: sudo apt install python3-venv" >&2; \
		exit 2; }

# The package is installed so that it is this checkout. OpenCV with windows and OpenCV without are the same module: where
# both would be there, removing one would break the other.
define install
	@! $(PIP) show opencv-python >/dev/null 2>&1 || $(PIP) uninstall --yes opencv-python opencv-python-headless
	@$(PIP) install $(1)
	@touch $@
endef

.venv/.inference: pyproject.toml | .venv/bin/python
	@echo "Installing what reading plates needs into .venv (no TensorFlow; once, about half a minute) ..." >&2
	$(call install,--editable '.[heif]')

.venv/.service: pyproject.toml .venv/.inference
	@echo "Installing what the service needs into .venv (once, some seconds) ..." >&2
	$(call install,--editable '.[heif,service]')

.venv/.full: pyproject.toml requirements.txt | .venv/bin/python
	@echo "Installing what training and tests need into .venv (TensorFlow, Jupyter, ...; once, some minutes) ..." >&2
	$(call install,--requirement requirements.txt)
