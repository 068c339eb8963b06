# Each target first puts what it needs into .venv here, and nothing anywhere else.
#
#   make run [INPUT=photo.jpg|folder] [OUTPUT=output]   read number plates
#   make serve [HOST=127.0.0.1] [PORT=8000]             start the REST service and its web page
#   make test                                           run every test
#   make lint                                           check style and types
#   make train                                          run Training.ipynb: trains and saves the models
#   make evaluate SETS="folder ..."                     figures on annotated sets
#   make bench                                          speed and memory of reading pictures and videos
#   make clean                                          remove .venv and caches

export INPUT ?= $(firstword $(sort $(wildcard data/samples/*.jpg data/samples/*.png)))
export OUTPUT ?= output
export HOST ?= 127.0.0.1
export PORT ?= 8000
SETS ?=

# TensorFlow 2.21 has wheels for Python 3.10 to 3.13, numpy 2.4 needs 3.11.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo $$python && break; done)

VENV := .venv/bin
PIP := $(VENV)/python -m pip --disable-pip-version-check --quiet

# The full environment can do all that the light one can, so the light one is not installed over it.
INFERENCE := $(if $(wildcard .venv/.full),.venv/.full,.venv/.inference)
SERVICE := $(if $(wildcard .venv/.full),.venv/.full,.venv/.service)

.PHONY: run serve test lint train evaluate bench clean

run: $(INFERENCE)
	@echo "Reading the plates of $$INPUT with the models in models/ ..." >&2
	@$(VENV)/python -m src.pipeline --input "$$INPUT" --output "$$OUTPUT" --format csv

serve: $(SERVICE)
	@echo "Starting the service; Ctrl-C ends it ..." >&2
	@exec $(VENV)/python -m src.service --host "$$HOST" --port "$$PORT"

test: .venv/.full
	@echo "Running the tests on all cores ..."
	@$(VENV)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

lint: .venv/.full
	@echo "Checking style and types ..."
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy src

train: .venv/.full
	@echo "Running Training.ipynb: this trains the five models and takes hours on a CPU ..."
	@$(VENV)/jupyter execute --inplace --timeout=-1 Training.ipynb

evaluate: .venv/.full
	@test -n "$(SETS)" || { echo 'Say which sets to evaluate: make evaluate SETS="folder ..."' >&2; exit 2; }
	@echo "Evaluating the models on $(SETS) ..."
	@$(VENV)/python -m src.evaluation $(SETS)

bench: .venv/.full
	@echo "Reading drawn pictures and videos; this takes some minutes ..."
	@$(VENV)/python -m src.evaluation.speed
	@$(VENV)/python -m src.evaluation.benchmark

clean:
	@echo "Removing .venv and caches ..."
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find src tests -name __pycache__ -prune -exec rm -rf {} +

.venv/bin/python:
	@test -n "$(PYTHON)" || { \
		echo "Python 3.11, 3.12 or 3.13 is needed, and none was found; install one, or say make PYTHON=/path/to/python3" >&2; \
		exit 2; }
	@echo "Making the environment .venv with $$($(PYTHON) --version) ..." >&2
	@$(PYTHON) -m venv .venv || { \
		rm -rf .venv; \
		echo "The environment cannot be made; on Debian and Ubuntu: sudo apt install python3-venv" >&2; \
		exit 2; }

.venv/.inference: requirements-inference.txt | .venv/bin/python
	@echo "Installing what reading plates needs into .venv (no TensorFlow; once, about half a minute) ..." >&2
	@$(PIP) install --requirement requirements-inference.txt
	@touch $@

.venv/.service: requirements-service.txt .venv/.inference
	@echo "Installing what the service needs into .venv (once, some seconds) ..." >&2
	@$(PIP) install --requirement requirements-service.txt
	@touch $@

.venv/.full: requirements.txt requirements-fonts.txt | .venv/bin/python
	@echo "Installing what training and tests need into .venv (TensorFlow, Jupyter, ...; once, some minutes) ..." >&2
	@$(PIP) uninstall --yes opencv-python-headless 2>/dev/null
	@$(PIP) install --requirement requirements.txt
	@$(VENV)/python -c "import cv2" 2>/dev/null || { \
		echo "This machine has no graphics libraries: installing OpenCV without windows ..." >&2; \
		$(PIP) uninstall --yes opencv-python && \
		$(PIP) install --no-deps "$$(grep ^opencv-python-headless requirements-inference.txt)"; }
	@touch $@
