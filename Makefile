# `make run` and `make test` are all a fresh machine needs; see README.md.
# Every step leaves a stamp or is cargo's business, so that nothing is done twice.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BROWSER_SOURCES := $(shell find app frontend style public -type f -not -path '*/target/*') \
	CHANGELOG.md Cargo.toml Cargo.lock .cargo/config.toml Trunk.toml rust-toolchain.toml scripts/site.mjs scripts/wasm.mjs scripts/exports.mjs scripts/imports.mjs scripts/loader.mjs end2end/package-lock.json
SERVER_SOURCES := $(shell find app server migrations blueprints -type f) CHANGELOG.md Cargo.toml Cargo.lock rust-toolchain.toml
NODE_MODULES := end2end/node_modules/.package-lock.json
SITE := target/site/pkg/frontend_bg.wasm
PROGRAM := target/release/aikore
# A directory of its own: the browser's build never waits for the server's, nor the other way round.
WASM_TARGET ?= target-wasm

# What scripts/tools installs with cargo.
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin

.PHONY: help run test test-apps test-catalogue test-desktops looks assets tools bench bench-proxy bench-terminal bench-telemetry bench-lite bench-desktops format
help: ## Shows this list.
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile

run: $(PROGRAM) ## Installs what is missing, builds the release, starts it and prints the link (ARGS="--addr …").
	@exec $(PROGRAM) $(ARGS)

test: ## Everything CI checks.
	@scripts/test

test-apps: $(SITE) ## Runs real web UIs through every way of access, in a browser (downloads them; some ten minutes).
	@cargo build --bin aikore
	cd end2end && node_modules/.bin/playwright test -c apps/playwright.config.ts $(if $(APPS),-g "$(APPS)")

test-catalogue: $(SITE) ## Installs and runs blueprints for real, also offline; prints a table (NAMES="Gradio", KEEP=directory; gigabytes).
	@cargo build --bin aikore
	node end2end/catalogue/run.mjs $(if $(KEEP),--keep "$(KEEP)") $(NAMES)

test-desktops: $(SITE) ## What takes minutes of desktops: kills at each step of a start, twenty at once, a hundred starts, viewers that never read.
	@scripts/tools test
	cargo test --workspace --exclude frontend --test engine desktops:: -- --include-ignored --test-threads 1 --nocapture
	cargo build --bin aikore
	cd end2end && node_modules/.bin/playwright test -c desktops/playwright.config.ts

looks: $(SITE) ## Compares how pages look with end2end/looks (UPDATE=1 takes those pictures anew).
	@cargo build --bin aikore
	npm --prefix end2end run looks -- $(if $(UPDATE),--update-snapshots)

assets: $(SITE) ## Builds what the browser loads, into target/site.

tools: ## Installs the build tools that are missing.
	@scripts/tools build

bench: $(PROGRAM) ## Measures start, memory, requests and latencies; prints the table of the README.
	@command -v wrk >/dev/null || { echo "Install wrk first: apt-get install wrk"; exit 1; }
	node end2end/bench.mjs --write

bench-proxy: $(PROGRAM) ## Measures the proxy beside nginx, haproxy and socat; prints a table.
	@cargo build --release --package server --example load
	node end2end/bench-proxy.mjs

bench-terminal: $(PROGRAM) ## Measures terminals beside wetty's (fetched from npm); prints a table.
	@node end2end/bench-terminal.mjs

bench-telemetry: $(PROGRAM) ## Measures what measuring costs, beside glances and nvitop (from PyPI); prints a table.
	@node end2end/bench-telemetry.mjs

bench-desktops: $(PROGRAM) ## Measures a desktop in a viewer's browser: first picture, key to picture, what it costs; prints a table.
	@node end2end/bench-desktops.mjs

bench-lite: $(PROGRAM) ## Measures how long the server works on a plain page; prints a table.
	@node end2end/bench-lite.mjs

format: ## Formats the code.
	@cargo fmt --all

$(NODE_MODULES): end2end/package-lock.json
	@scripts/tools build
	npm --prefix end2end ci --no-audit --no-fund --loglevel=error
	touch $@

$(SITE): $(NODE_MODULES) $(BROWSER_SOURCES)
	@scripts/tools build
	PATH=$(CURDIR)/end2end/node_modules/.bin:$$PATH CARGO_TARGET_DIR=$(WASM_TARGET) trunk build --release --offline
	touch $@
	# A server built before there was a site knows of no file in it.
	touch server/src/assets.rs

$(PROGRAM): $(SITE) $(SERVER_SOURCES)
	@cargo build --release --bin aikore
	touch $@
