# Two commands: `make lab` opens the course, `make test` checks all of it. Each makes .venv where it is missing.
PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
LAB_ARGS ?=
TEST_ARGS ?=

.PHONY: lab test bench build clean

lab: $(VENV)/.installed-lab
	$(BIN)/aimsssl lab $(LAB_ARGS)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest tests $(TEST_ARGS)

build: $(VENV)/.installed-dev
	$(BIN)/python instructor/build.py

$(VENV)/.created:
	$(PYTHON) -c "import sys; assert sys.version_info >= (3, 11), 'aimsssl needs Python 3.11 or newer, this is ' + sys.version"
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.installed-%: $(VENV)/.created pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[$*]"
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info
