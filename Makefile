# The commands of this project. `make book` and `make test` set up everything they need.

PYTHON ?= python3
# The lock that .venv was made from, until another is named.
LOCK ?= $(or $(patsubst .%-ready,%,$(notdir $(firstword $(wildcard .venv/.*-ready)))),book)
BIN := .venv/bin
RUN := $(BIN)/python
STAMP := .venv/.$(LOCK)-ready
PEERS := .venv-bench
FUZZ := .venv-fuzz
AUDITOR := .venv-audit
LOCKS := $(addprefix requirements/,book.lock gpu.lock installer.lock audit.lock fuzz.lock)
BASE ?= origin/main
FREEZE ?= https://raw.githubusercontent.com/googlecolab/backend-info/main/pip-freeze.txt

.PHONY: book pdf status reference test bench fuzz serve lab lint lock clean help

book: pages  ## run what is out of date, check the results, build the site in _build/html
	$(MAKE) --no-print-directory site

pdf: $(STAMP)  ## print the built site as a book, with Chromium or Chrome
	$(RUN) -m bookbuild pdf

status: $(STAMP)  ## say which pages are fresh, and what moved of the others
	@$(RUN) -m bookbuild status

reference: $(STAMP)  ## run what is out of date and make its numbers the ones to expect
	$(RUN) -m bookbuild execute
	$(RUN) -m bookbuild reference

test: $(STAMP)  ## run the tests
	$(RUN) -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(TESTS)

bench: $(PEERS)/.ready  ## measure the book's speed beside other libraries
	$(PEERS)/bin/python -m benchmarks $(ARGUMENTS)

fuzz: $(FUZZ)/.ready  ## read damaged data files for SECONDS=60, to find one that does harm (Linux)
	@mkdir -p _build/fuzz
	PYTHONPATH=$(FUZZ):. $(RUN) tests/fuzz/fuzz_idx.py -max_total_time=$(or $(SECONDS),60) \
	  -artifact_prefix=_build/fuzz/harm- _build/fuzz tests/fuzz/idx_corpus

serve: $(STAMP)  ## show the built site at http://localhost:8000
	@test -f _build/html/index.html || { echo "There is no site yet: make book" >&2; exit 1; }
	$(RUN) -m http.server --bind localhost --directory _build/html 8000

lab: $(STAMP)  ## open the notebooks in JupyterLab
	$(RUN) -m jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) chapters

lint: $(STAMP)  ## check the style of code and notebooks, as pre-commit does
	$(RUN) -m pre_commit run --all-files

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes \
  --no-emit-index-url --custom-compile-command "make lock" -c requirements/constraints.txt
lock: $(STAMP)  ## renew the locks to the newest versions that fit together
	$(COMPILE) --upgrade pyproject.toml --extra book --extra dev -o requirements/book.lock
	cp requirements/book.lock requirements/gpu.lock
	$(COMPILE) pyproject.toml --extra book --extra dev --extra gpu -o requirements/gpu.lock
	echo uv | $(COMPILE) --upgrade - -o requirements/installer.lock
	echo atheris | $(COMPILE) --upgrade - -o requirements/fuzz.lock
	echo pip-audit | $(COMPILE) --upgrade - -o requirements/audit.lock

colab: $(STAMP)  ## lock the versions in Colab's image, for make test LOCK=colab
	$(RUN) requirements/colab.py $(FREEZE)
	$(BIN)/uv pip compile --quiet --python $(RUN) --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make colab" -c requirements/constraints.txt \
	  -c requirements/colab.txt pyproject.toml --extra book --extra dev -o requirements/colab.lock

clean:  ## remove what was built, keep the environment
	rm -rf _build

# What the workflows of .github call beside these: docs/ci.md.
.PHONY: environment changed preflight pages site repository colab picture audit issue

environment: $(STAMP)  ## make .venv from the lock, and nothing else

changed: $(STAMP)  ## list the pages that changed since BASE=origin/main
	@$(RUN) -m bookbuild pages --since $(BASE)

preflight: $(STAMP)  ## fail unless TensorFlow uses a GPU here: make preflight LOCK=gpu
	@$(RUN) -m rnn_utils.preflight

pages: $(STAMP)  ## run what is out of date, or one chapter: make pages CHAPTER=04_lstm
	$(RUN) -m bookbuild execute $(CHAPTER) $(ARGUMENTS)

site: $(STAMP)  ## check the results there are and build the site
	$(RUN) -m bookbuild check
	$(RUN) -m bookbuild html
	$(RUN) -m bookbuild pdf --if-possible

repository: $(STAMP)  ## set the book's address: make repository URL=https://github.com/OWNER/NAME
	@$(RUN) -m bookbuild repository $(if $(filter undefined,$(origin URL)),,'$(URL)')

picture: $(STAMP)  ## make the picture of a page in the README anew, from the built site
	$(RUN) docs/picture.py

audit: $(AUDITOR)/.ready  ## look up the locked packages among those known to be vulnerable
	$(AUDITOR)/bin/pip-audit --strict --disable-pip --require-hashes $(LOCKS:%=--requirement %)

issue:  ## open an issue about a failed weekly run, close the one before it
	@.github/weekly_issue.sh

help:  ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

$(STAMP): pyproject.toml requirements/install.py requirements/installer.lock requirements/$(LOCK).lock
	@command -v $(PYTHON) >/dev/null || { \
	  echo "There is no '$(PYTHON)' here: install Python 3.10 to 3.13," >&2; \
	  echo "or name one: make book PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) requirements/install.py $(LOCK)
	@touch $@

# The book's environment with its peers beside it, so that .venv stays that of the lock.
$(PEERS)/.ready: pyproject.toml requirements/$(LOCK).lock | $(STAMP)
	@echo "==> Making $(PEERS) with PyTorch, JAX and others to compare with"
	@$(RUN) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet --require-hashes -r requirements/$(LOCK).lock
	@$(PEERS)/bin/python -m pip install --quiet --no-build-isolation --editable '.[bench]'
	@touch $@

# The fuzzer alone, which runs with the Python and the packages of .venv.
$(FUZZ)/.ready: requirements/fuzz.lock | $(STAMP)
	@test "$$(uname -sm)" = "Linux x86_64" || { \
	  echo "make fuzz needs Linux on x86-64: its fuzzer, atheris, is packaged for no other." >&2; exit 1; }
	@rm -rf $(FUZZ)
	@$(RUN) -m pip install --quiet --disable-pip-version-check --only-binary :all: --no-deps \
	  --require-hashes --target $(FUZZ) -r requirements/fuzz.lock || { \
	  echo "There is no atheris for $$($(RUN) --version) here, or no package registry: see above." >&2; \
	  rm -rf $(FUZZ); exit 1; }
	@touch $@

# What looks up the packages is none of them, and they need not be here for it.
$(AUDITOR)/.ready: requirements/audit.lock
	@$(PYTHON) -m venv $(AUDITOR)
	@$(AUDITOR)/bin/python -m pip install --quiet --require-hashes -r requirements/audit.lock
	@touch $@

requirements/colab.lock:
	@echo "Colab's versions are not locked yet: make colab" >&2; exit 1
