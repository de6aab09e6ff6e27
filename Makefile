# Everything sets itself up: a virtual environment in .venv from the locked versions, Python and
# make being all that is needed. PYTHON chooses the interpreter: make demo PYTHON=python3.13
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes --no-deps --no-compile

.PHONY: demo run engine test soak fuzz bench words picture check format lock clean help

help:
	@echo "make demo    a whole call on this machine: no token, no key"
	@echo "make run     the bot, configured by .env"
	@echo "make engine  the translation service with models on this machine, for DASHSCOPE_URL"
	@echo "make test    the tests"
	@echo "make soak    eight people at once and two in turns, five minutes each, and how late captions are"
	@echo "make fuzz    a million bad datagrams and 100,000 bad voice gateway messages"
	@echo "make bench   what hearing and conversing cost, beside others (JSON=bench.json)"
	@echo "make words   bring the catalogues of translated sentences up to date"
	@echo "make picture make the pictures of the README anew (needs Chromium)"
	@echo "make check   format, lint, types, import contracts"
	@echo "make format  let the formatter and the linter mend what they can"
	@echo "make lock    resolve the dependencies anew"

demo: $(VENV)/.local
	@$(BIN)/python -m bot demo $(ARGS)

run: $(VENV)/.run
	@$(BIN)/python -m bot run $(ARGS)

engine: $(VENV)/.local
	@$(BIN)/python -m bot engine $(ARGS)

# Most tests wait for sound in real time: with five at once two cores are about half busy.
test: $(VENV)/.dev
	@$(BIN)/python -m pytest -n 5 --dist loadfile $(ARGS)

soak: $(VENV)/.dev
	@$(BIN)/python -m pytest tests/call/test_crowd.py --soak -rP $(ARGS)

fuzz: $(VENV)/.dev
	@$(BIN)/python -m pytest tests/fuzz --fuzz-full --timeout 3600 -rP $(ARGS)

bench: $(VENV)/.bench
	@$(BIN)/python -m tests.bench $(if $(JSON),--json $(JSON)) $(ARGS)

words: $(VENV)/.dev
	@$(BIN)/python -m tests.words

picture: $(VENV)/.dev
	@$(BIN)/python -m tests.picture

check: $(VENV)/.dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/hadolint Dockerfile

format: $(VENV)/.dev
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Parley needs Python 3.11 or newer; choose one: make PYTHON=python3.12"; exit 1; }
	@echo "Setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo "Python's venv module is missing (Debian: python3-venv)"; exit 1; }

$(VENV)/.%: requirements/%.txt | $(BIN)/python
	@echo "Installing $< (once)"
	@$(PIP) -r $<
	@touch $@

# The files name hashes and no index: any mirror will do. dev holds local, local holds run, and the
# smaller sets are constrained by the larger, so that one version of each package exists.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock" pyproject.toml

lock: | $(BIN)/python
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet uv
	@$(COMPILE) --extra local --extra postgres --group dev --output-file requirements/dev.txt
	@$(COMPILE) --extra local --extra postgres --constraint requirements/dev.txt --output-file requirements/local.txt
	@$(COMPILE) --extra postgres --constraint requirements/dev.txt --output-file requirements/run.txt
	@$(COMPILE) --group bench --constraint requirements/dev.txt --output-file requirements/bench.txt

clean:
	rm -rf $(VENV) demo-output .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
