# Builds, tests and installs Boltill.

CARGO ?= cargo
PREFIX ?= /usr/local
SCHEMAS ?= ../shared/schemas
PROFILE = release
TARGET = $(or $(CARGO_TARGET_DIR),target)
BINARIES = boltilld boltill boltill-devnet

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help build demo test test-embedded test-bitcoind test-install bench bench-micro bench-smoke check format lint doc install manual comparison tools

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: tools ## Build the programs, optimised, into target/release
	$(CARGO) build --locked --release $(BINARIES:%=--package %)

demo: build ## Watch one node pay another one's invoice, on a network of your own
	$(TARGET)/release/boltill-devnet demo

# The end-to-end tests run the programs, so those are built first, and together with the tests: built apart, or package by package,
# the dependencies have other features, and most would be compiled once more.
BUILD_FOR_TESTS = $(CARGO) build --locked --workspace --bins --tests

test: test-embedded test-bitcoind ## Run all tests, those that are end to end also on a real bitcoind

test-embedded: tools
	$(BUILD_FOR_TESTS)
	@if $(CARGO) nextest --version >/dev/null 2>&1; then \
		set -x; $(CARGO) nextest run --locked --workspace && $(CARGO) test --locked --workspace --doc; \
	else \
		set -x; $(CARGO) test --locked --workspace; \
	fi

# Where no bitcoind can be had this says so; with BOLTILL_REQUIRE_ALL=1, as CI has it, that is a failure.
test-bitcoind: tools
	$(BUILD_FOR_TESTS)
	@if ! bitcoind=$$(scripts/bitcoind.sh); then \
		echo "NOT RUN: the end-to-end tests on a real bitcoind" >&2; \
		[ "$$BOLTILL_REQUIRE_ALL" != 1 ]; exit; \
	fi; \
	export BOLTILL_TEST_BITCOIND="$$bitcoind"; \
	if $(CARGO) nextest --version >/dev/null 2>&1; then \
		set -x; $(CARGO) nextest run --locked --workspace --filterset 'package(boltill-e2e)'; \
	else \
		set -x; $(CARGO) test --locked --package boltill-e2e; \
	fi

check: format lint doc test test-install bench-smoke ## Run everything that CI runs

format: tools
	$(CARGO) fmt --all --check

lint: tools
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

doc: tools
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps

bench: build ## Measure nodes on networks of their own, half an hour (boltill-bench --help: less, or other nodes)
	$(CARGO) build --locked --release --package boltill-bench
	$(TARGET)/release/boltill-bench

bench-micro: tools ## Measure the parts of a call by themselves
	$(CARGO) bench --locked --package boltill-bench

# With the programs of the tests: it proves that everything can still be measured.
bench-smoke: tools ## Run every measurement for a moment; its figures mean nothing
	$(BUILD_FOR_TESTS)
	$(TARGET)/debug/boltill-bench --smoke

# The pages and completions are made on the machine that builds, by a program that is not installed.
install: $(if $(filter release,$(PROFILE)),build manual) ## Put programs, manual pages, completions and a systemd unit below PREFIX (/usr/local)
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share" "$(DESTDIR)$(PREFIX)/lib/systemd/system"
	install -m 755 $(BINARIES:%=$(TARGET)/$(PROFILE)/%) "$(DESTDIR)$(PREFIX)/bin"
	umask 022; $(TARGET)/$(PROFILE)/boltill-manual share "$(DESTDIR)$(PREFIX)/share"
	sed 's|@PREFIX@|$(PREFIX)|' packaging/boltilld.service > "$(DESTDIR)$(PREFIX)/lib/systemd/system/boltilld.service"
	chmod 644 "$(DESTDIR)$(PREFIX)/lib/systemd/system/boltilld.service"

manual: tools
	$(CARGO) build --locked --release --package boltill-manual

# With the programs of the tests, which are there already when this is run by `make check`.
test-install: tools
	$(BUILD_FOR_TESTS)
	scripts/test-install.sh

comparison: tools ## Measure the commands against Core Lightning's schemas in SCHEMAS, for docs/from-core-lightning.md
	$(CARGO) run --locked --quiet --package boltill-manual -- comparison $(SCHEMAS) > docs/from-core-lightning.md.new
	mv docs/from-core-lightning.md.new docs/from-core-lightning.md

tools:
	@command -v $(CARGO) >/dev/null || { echo "Rust is missing: install it from https://rustup.rs" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "A C compiler is missing: install gcc or clang (Debian: apt install build-essential)" >&2; exit 1; }
