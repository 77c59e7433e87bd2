# The README's commands are `make audit`, for everybody, and `make test`, for developers. Both need Python 3.11 or newer, make and git.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
LEAN   := $(VENV)/.lean
READY  := $(VENV)/.ready
DOCS   := $(VENV)/.docs
LAB    := $(VENV)/lab/.ready
WINGS  := tests/ic tests/guestos tests/sev tests/provenance tests/audit tests/report tests/signing
SHORT  := -m 'not slow' --ignore=tests/ic/test_bombs.py --ignore=tests/ic/registry/test_bombs.py \
  --ignore=tests/signing/test_tampering.py $(WINGS)
PYTEST := $(BIN)/python -m pytest --numprocesses auto
TESTS  := $(PYTEST) --dist worksteal -p no:nbval
PEERS  := --ignore=tests/ic/registry/test_against_protobuf.py --ignore=tests/signing/test_against_ssh_keygen.py

.PHONY: audit test test-gate test-thorough quick coverage mutants lint sample schemas site pages pictures locks lab wheel fuzz clean help

help:   ## say what there is
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/'

audit: $(LEAN)   ## a full audit of the practice network; prints the verdict and the path of report.html
	$(BIN)/auditkit audit params/practice/honest.yaml

test: $(READY) lint   ## style, types, imports, the tests but those marked gate or thorough, the notebooks; needs no network
	$(TESTS)
	$(PYTEST) --dist loadfile --nbval-lax --nbval-cell-timeout=120 \
	  -p no:cacheprovider notebooks

quick: $(READY)   ## the tests of seven wings (ic, guestos, sev, provenance, audit, report, signing), about a minute: no browser, no notebook, no long series
	$(TESTS) $(SHORT) $(PEERS)

test-gate: $(READY) $(LAB)   ## what our CI runs besides: more kernels, browsers, JupyterLab, kills, of which `make test` runs a few; installs a JupyterLab first
	$(TESTS) -m gate

test-thorough: $(READY) $(LAB)   ## the whole series of which `make test` runs samples: each scenario in a kernel, each byte, each bit; installs a JupyterLab first
	$(TESTS) -m thorough

coverage: $(READY)   ## the tests of `make test`, and which refusals none of them runs: there may be only a few
	rm -rf .auditkit/coverage && mkdir -p .auditkit/coverage
	$(BIN)/coverage run -m pytest --numprocesses auto --dist worksteal -p no:nbval
	$(BIN)/coverage combine --quiet
	$(BIN)/python tests/refusals.py

mutants: $(READY)   ## change the code, and see whether a test notices: 150 times in each of ic, audit, signing, sev, provenance and guestos/ext4 (MUTANTS='--wing ic --count 15' for less)
	$(BIN)/python -m pip install --quiet --editable '.[mutants]'
	$(BIN)/python tests/mutants/run.py $(MUTANTS)

lint: $(READY)   ## style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo

sample: $(LEAN)   ## make the committed sample report anew, signed by a key that is thrown away
	rm -rf reports/sample .auditkit/sample-key*
	$(BIN)/auditkit audit params/practice/honest.yaml --out reports/sample
	mkdir -p .auditkit && ssh-keygen -q -t ed25519 -N '' -C sample -f .auditkit/sample-key
	$(BIN)/auditkit sign reports/sample --key .auditkit/sample-key --auditor 'The sample auditor' --yes
	echo "sample@example.org $$(cut -d ' ' -f 1,2 .auditkit/sample-key.pub)" > reports/sample.allowed_signers
	rm .auditkit/sample-key*

schemas: $(LEAN)   ## write docs/schemas from the code
	$(BIN)/python docs/schemas/write.py

site: $(DOCS)   ## the documentation as a site, build/site/index.html; a link or an anchor that leads nowhere is an error
	$(BIN)/python docs/site/build.py

pages: $(LEAN)   ## write the pages that follow from the code: docs/decisions.md, docs/glossary.md, the tables of params/README.md
	$(BIN)/python docs/site/pages.py

pictures: $(LEAN)   ## docs/pictures: the first screen of each verdict, taken with chromium
	$(BIN)/python docs/pictures/take.py

locks: $(LEAN)   ## pin what a verifier installs, with digests, for every supported Python and system
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	  --no-emit-index-url --no-header --output-file locks/verify.txt locks/verify.in

lab: $(LAB)   ## open the notebooks in JupyterLab; begin with tour.ipynb
	$(VENV)/lab/bin/python -m jupyterlab notebooks

wheel: $(LEAN)   ## build dist/auditkit-*.whl
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

fuzz: $(READY)   ## ten minutes of coverage-guided fuzzing; finds stay in .auditkit/fuzz
	$(BIN)/python tests/fuzz/fuzz.py --seconds 600

# JupyterLab stands apart: with what it brings, every program of an environment starts seconds later. Its kernels are ours.
$(LAB): pyproject.toml | $(LEAN)
	@echo 'Installing JupyterLab into $(VENV)/lab: this takes a few minutes'
	$(PYTHON) -m venv $(VENV)/lab
	$(VENV)/lab/bin/python -m pip install --quiet $$($(PYTHON) -c "import tomllib; \
	  print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['lab'])")
	$(BIN)/python -m ipykernel install --prefix $(VENV)/lab --name python3 >/dev/null 2>&1
	@touch $@

clean:   ## remove the environment, what was built, and the caches of tools; .auditkit, .hypothesis and reports stay
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache

# Three installations into one environment, each with a stamp: what an audit needs, what developers need, what the site
# needs. A stamp that is older than pyproject.toml is made again.
$(LEAN): pyproject.toml | $(BIN)/python
	@echo 'Installing into $(VENV), about 430 MB: this takes a few minutes'
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(READY): pyproject.toml | $(BIN)/python
	@echo 'Installing into $(VENV), with what developers use about 900 MB: this takes a few minutes'
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $(LEAN) $@

$(DOCS): pyproject.toml | $(BIN)/python
	@echo 'Installing into $(VENV) what the site needs, about 430 MB with the rest: this takes a few minutes'
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	@touch $(LEAN) $@

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed"; exit 2; }
	$(PYTHON) -m venv $(VENV)
