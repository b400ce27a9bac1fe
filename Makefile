# Two commands: `make lab` opens the course, `make test` checks all of it. Each makes .venv where it is missing.
# Works with GNU make 3.81 and newer, under sh and under Windows' cmd: steps that are not one program are Python.
VENV := .venv
ifeq ($(OS),Windows_NT)
PYTHON ?= python
BIN := $(VENV)/Scripts
else
PYTHON ?= python3
BIN := $(VENV)/bin
endif
LAB_ARGS ?=
TEST_ARGS ?=
BENCH_ARGS ?=
# a Linux laptop without an NVIDIA card saves gigabytes: make lab TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=
STAMP = $(PYTHON) -c "import pathlib; pathlib.Path('$@').touch()"

.PHONY: lab test build bench handout site clean

lab: $(VENV)/.installed-lab
	"$(BIN)/python" -m aimsssl lab $(LAB_ARGS)

# conftest.py at the top sets what the tests need: the ci profile, a home of their own, one thread a worker
test: $(VENV)/.installed-dev
	"$(BIN)/python" -m pytest tests lessons instructor --nbval-lax --nbval-current-env -n 2 --dist loadfile $(TEST_ARGS)

build: $(VENV)/.installed-dev
	"$(BIN)/python" instructor/tools/build.py

# the course for students, without solutions: make handout HANDOUT=FOLDER, or a file that ends in .zip
HANDOUT ?= build/aimsssl-handout.zip
handout: $(VENV)/.installed-lab
	"$(BIN)/python" -m aimsssl handout "$(HANDOUT)"

# the course as static pages in build/site
site: $(VENV)/.installed-dev
	"$(BIN)/python" instructor/tools/website/website.py

# aimsssl beside lightly, minutes on a quiet machine; make bench BENCH_ARGS=--quick only tries whether it runs
bench: $(VENV)/.installed-bench
	"$(BIN)/python" tests/benchmarks/report.py $(BENCH_ARGS)

$(VENV)/.created:
	$(PYTHON) -c "import sys; old = 'aimsssl needs Python 3.11 or newer, this is ' + sys.version.split()[0] + '; name another one: make PYTHON=python3.12'; sys.exit(old if sys.version_info < (3, 11) else 0)"
	$(PYTHON) -m venv $(VENV)
	$(STAMP)

$(VENV)/.installed-%: $(VENV)/.created pyproject.toml
	$(if $(TORCH_INDEX),"$(BIN)/python" -m pip install torch torchvision --index-url $(TORCH_INDEX))
	"$(BIN)/python" -m pip install --editable ".[$*]"
	$(STAMP)

clean:
	$(PYTHON) -c "import glob, shutil; [shutil.rmtree(path) for path in glob.glob('$(VENV)') + glob.glob('build') + glob.glob('*.egg-info')]"
