# Everything sets itself up: a virtual environment in .venv from the locked versions, Python and
# make being all that is needed. PYTHON chooses the interpreter: make demo PYTHON=python3.13
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETS := set-run set-local set-dev set-bench

.PHONY: demo run engine test test-sdk2 crowd soak capacity fuzz bench words docs picture check format lock release clean help python $(SETS)

help:
	@echo "make demo    a whole call on this machine: no token, no key"
	@echo "make run     the bot, configured by .env"
	@echo "make engine  the translation service with models on this machine, for DASHSCOPE_URL"
	@echo "make test    the tests"
	@echo "make test-sdk2  the translation's tests with the newest dashscope 2.x, in .venv-sdk2"
	@echo "make crowd   eight people at once and two in turns, five minutes each, and how late captions are"
	@echo "make soak    every fault at random while people talk, and whether anything is lost (MINUTES=10 SEED=1)"
	@echo "make capacity  how many rooms of two talking people one process holds (JSON=capacity.json)"
	@echo "make fuzz    a million bad datagrams, 100,000 bad voice gateway messages, new examples for properties"
	@echo "make bench   what hearing, conversing and speaking cost, beside others (JSON=bench.json)"
	@echo "make words   bring the catalogues of translated sentences up to date"
	@echo "make docs    bring the table of settings up to date"
	@echo "make picture make the pictures of the README anew (needs Chromium)"
	@echo "make check   format, lint, types, import contracts, and how it is delivered"
	@echo "make format  let the formatter and the linter mend what they can"
	@echo "make release VERSION=0.2.0  tag it, if everything agrees"
	@echo "make lock    resolve the dependencies anew"

demo: set-local
	@$(BIN)/python -m bot demo $(ARGS)

run: set-run
	@$(BIN)/python -m bot run $(ARGS)

engine: set-local
	@$(BIN)/python -m bot engine $(ARGS)

# Most tests wait for sound in real time: with nine at once two cores are nearly busy. Files go
# in the order of their folders: whole calls, which wait the longest, come first, and short unit
# tests fill the end. Bytecode is kept even where the shell says otherwise: each worker and each
# process of a test would compile everything.
test: export PYTHONDONTWRITEBYTECODE :=
test: set-dev
	@$(BIN)/python -m pytest -n 9 --dist loadfile --no-loadscope-reorder $(ARGS)

# The pin on 1.27.x is for its weight alone: the newest 2.x is put beside it, and has to do as well.
SDK2 := .venv-sdk2
SDK2_PIP := $(SDK2)/bin/python -m pip --disable-pip-version-check install --quiet --no-compile

test-sdk2: $(SDK2)/.dev
	@$(SDK2_PIP) --upgrade 'dashscope==2.*'
	@$(SDK2)/bin/python -m pytest tests/unit/translation tests/unit/test_library_internals.py \
		tests/integration/translation \
		tests/integration/engine/test_sdk.py \
		-p no:cacheprovider $(ARGS)

$(SDK2)/.dev: requirements/dev.txt
	@$(PYTHON) -m venv $(SDK2)
	@$(SDK2_PIP) --require-hashes --no-deps -r $<
	@touch $@

crowd: set-dev
	@$(BIN)/python -m pytest tests/call/test_crowd.py --soak -rP $(ARGS)

MINUTES ?= 10
soak: set-dev
	@$(BIN)/python -m tests.soak --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) $(ARGS)

capacity: set-dev
	@$(BIN)/python -m tests.capacity $(if $(JSON),--json $(JSON)) $(ARGS)

fuzz: set-dev
	@$(BIN)/python -m pytest tests/fuzz --fuzz-full --timeout 3600 -rP $(ARGS)
	@$(BIN)/python -m pytest tests/property --hypothesis-profile search --timeout 3600 $(ARGS)

bench: set-bench
	@$(BIN)/python -m tests.bench $(if $(JSON),--json $(JSON)) $(ARGS)

words: set-dev
	@$(BIN)/python -m tests.words

docs: set-dev
	@$(BIN)/python -m tests.settings_table

picture: set-dev
	@$(BIN)/python -m tests.picture

check: set-dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	@$(BIN)/check-jsonschema --quiet --check-metaschema deploy/helm/parley/values.schema.json
	@$(BIN)/check-jsonschema --quiet --schemafile deploy/helm/parley/values.schema.json deploy/helm/parley/ci/*.yaml
	@$(BIN)/actionlint .github/workflows/*.yml
	@$(BIN)/zizmor --quiet --offline --min-severity medium .github

format: set-dev
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

# Each set of locked packages, and the project's own command beside it: looked at each time, installed
# where something changed. What was interrupted or broken is mended there.
$(SETS): set-%: python
	@$(PYTHON) requirements/install.py $*

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo \
	"parley: '$(PYTHON)' is not Python 3.11 or newer. Install one, or say which: make PYTHON=python3.12" >&2; exit 1; }

# The files name hashes and no index: any mirror will do. dev holds local, local holds run, and the
# smaller sets are constrained by the larger, so that one version of each package exists. build is
# what makes the command `parley`, installed beside each of them.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock"

lock: set-dev
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet uv
	@$(COMPILE) pyproject.toml --extra local --extra postgres --group dev --output-file requirements/dev.txt
	@$(COMPILE) pyproject.toml --extra local --extra postgres --constraint requirements/dev.txt --output-file requirements/local.txt
	@$(COMPILE) pyproject.toml --extra postgres --constraint requirements/dev.txt --output-file requirements/run.txt
	@$(COMPILE) pyproject.toml --group bench --constraint requirements/dev.txt --output-file requirements/bench.txt
	@$(COMPILE) --group build --constraint requirements/dev.txt --output-file requirements/build.txt

# Needs no package: what is tagged is what is committed.
release: python
	@$(PYTHON) deploy/release.py "$(VERSION)"

clean:
	rm -rf $(VENV) $(SDK2) *.egg-info demo-output .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
