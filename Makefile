# Builds, tests and installs Boltill.

CARGO ?= cargo
PREFIX ?= /usr/local
TARGET = $(or $(CARGO_TARGET_DIR),target)
BINARIES = boltilld boltill boltill-devnet

.DEFAULT_GOAL := help
.PHONY: help build demo test bench check format lint doc install tools

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: tools ## Build the programs, optimised, into target/release
	$(CARGO) build --locked --release --workspace --bins

demo: build ## Watch one node pay another one's invoice, on a network of your own
	$(TARGET)/release/boltill-devnet demo

# The end-to-end tests run the programs, so those are built first.
test: tools ## Run all tests
	$(CARGO) build --locked --workspace --bins
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
		set -x; $(CARGO) nextest run --locked --workspace && $(CARGO) test --locked --workspace --doc; \
	else \
		set -x; $(CARGO) test --locked --workspace; \
	fi

check: format lint doc test ## Run everything that CI runs

format: tools
	$(CARGO) fmt --all --check

lint: tools
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

doc: tools
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps

bench: build ## Measure a node on a network of its own (see boltill-bench --help for other nodes)
	$(TARGET)/release/boltill-bench

install: build ## Put the programs into PREFIX/bin (/usr/local/bin)
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -m 755 $(BINARIES:%=$(TARGET)/release/%) "$(DESTDIR)$(PREFIX)/bin"

tools:
	@command -v $(CARGO) >/dev/null || { echo "Rust is missing: install it from https://rustup.rs" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "A C compiler is missing: install gcc or clang (Debian: apt install build-essential)" >&2; exit 1; }
