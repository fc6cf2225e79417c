# `make help` lists what there is.

CARGO ?= cargo
KUBOUND = target/release/kubound
# What builds container images.
BUILDER ?= docker
# Which example the demo runs.
DEMO ?= c3

ifeq ($(shell uname),Darwin)
# Homebrew keeps Z3 where the linker does not look.
export Z3_LIBRARY_PATH_OVERRIDE ?= $(shell brew --prefix z3 2>/dev/null)/lib
export LIBRARY_PATH := $(Z3_LIBRARY_PATH_OVERRIDE):$(LIBRARY_PATH)
endif

.PHONY: help demo build test lint docs dist image bench figures deps clean

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1	\2/p' Makefile | expand -t 10

demo: build ## Check an example that fails, then its fixed variant
	@for variant in violating:1 fixed:0; do \
	    directory=examples/$(DEMO)-$${variant%:*}; expected=$${variant#*:}; code=0; \
	    printf '\n$$ kubound check %s\n' "$$directory"; \
	    $(KUBOUND) check "$$directory" || code=$$?; \
	    if [ "$$code" -ne "$$expected" ]; then \
	        echo "kubound check $$directory: exit code $$code, expected $$expected" >&2; exit 1; \
	    fi; \
	    printf '(exit code %s, as expected)\n' "$$code"; \
	done

build: deps ## Build the release binary
	$(CARGO) build --release

test: deps ## Run all tests
	@mkdir -p target
	@bash -c 'set -o pipefail; $(CARGO) test 2>&1 | tee target/test.log' \
	    || { echo; grep -E '^(test result|error|    [a-z_:]+$$)' target/test.log; exit 1; }
	@echo; grep '^test result' target/test.log

lint: deps ## Check formatting and lints
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings

docs: deps ## Build the API documentation, warnings denied
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps

dist: deps ## Build the archive of a release: target/kubound-VERSION-TARGET.tar.gz
	@CARGO="$(CARGO)" scripts/dist.sh

image: ## Build the container image (Docker, or BUILDER=podman)
	$(BUILDER) build -t kubound .

bench: deps ## Measure terms and engines on the cases
	$(CARGO) bench --benches

figures: build ## Measure docs/performance.md again (FIGURES=--quick tries it)
	@scripts/figures.py $(FIGURES)

deps: ## Install what is missing to build (Z3, a C linker)
	@scripts/deps.sh

clean: ## Remove what was built
	$(CARGO) clean
