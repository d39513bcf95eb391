# The commands of this project. `make book` and `make test` set up everything they need.

PYTHON ?= python3
LOCK ?= book
BIN := .venv/bin
RUN := $(BIN)/python
STAMP := .venv/.$(LOCK)-ready

.PHONY: book test serve lab lint lock clean help

book: $(STAMP)  ## run every chapter, check the results, build the site in _build/html
	$(RUN) -m bookbuild execute $(ARGUMENTS)
	$(RUN) -m bookbuild check
	$(RUN) -m bookbuild html

test: $(STAMP)  ## run the tests
	$(RUN) -m pytest $(TESTS)

serve: $(STAMP)  ## show the built site at http://localhost:8000
	@test -f _build/html/index.html || { echo "There is no site yet: make book" >&2; exit 1; }
	$(RUN) -m http.server --bind localhost --directory _build/html 8000

lab: $(STAMP)  ## open the notebooks in JupyterLab
	$(RUN) -m jupyter lab chapters

lint: $(STAMP)  ## check the style of code and notebooks, as pre-commit does
	$(RUN) -m pre_commit run --all-files

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes \
  --no-emit-index-url --custom-compile-command "make lock" -c requirements/constraints.txt
lock: $(STAMP)  ## renew the locks to the newest versions that fit together
	$(COMPILE) --upgrade pyproject.toml --extra book --extra dev -o requirements/book.lock
	cp requirements/book.lock requirements/gpu.lock
	$(COMPILE) pyproject.toml --extra book --extra dev --extra gpu -o requirements/gpu.lock
	echo uv | $(COMPILE) --upgrade - -o requirements/installer.lock

clean:  ## remove what was built, keep the environment
	rm -rf _build

help:  ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 14

$(STAMP): pyproject.toml requirements/install.py requirements/installer.lock requirements/$(LOCK).lock
	@command -v $(PYTHON) >/dev/null || { \
	  echo "There is no '$(PYTHON)' here: install Python 3.10 to 3.13," >&2; \
	  echo "or name one: make book PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) requirements/install.py $(LOCK)
	@touch $@
