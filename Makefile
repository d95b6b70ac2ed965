# One command a job; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help setup web build demo test check api screens sim bench lab fuzz clean

SHELL := bash
CARGO ?= cargo
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 10

setup: ## install what is missing (apt and npm packages)
	@scripts/setup

web: setup
	@scripts/build-web

# Programs and tests in one go: built apart, cargo would compile many dependencies twice.
build: web ## build every program, the watch page and the console
	@$(CARGO) build --workspace --bins --tests

demo: build ## publish a video and play it at two sites of three PCs (VIDEO=file, ONCE=1 to end by itself)
	@$(TARGET_DIR)/debug/demo

test: build ## all tests (LANES='player console' for some)
	@CARGO='$(CARGO)' scripts/test $(LANES)

check: web ## format, lints as errors, docs, licences and advisories
	@scripts/check

api: build ## the API asked for all that it describes, with right and wrong values (installs schemathesis)
	@scripts/api-check

screens: build ## the pictures of docs/screens anew
	@cd dms-server/console && SCREENS=keep npx --no-install vitest run --project browser screens

sim: ## the swarm in the simulator
	@$(CARGO) run -q --release -p swarm --example sim -- gate

bench: setup ## speed, as ratios to something run beside
	@scripts/bench

# The lab measures: programs as they are shipped. Variables become options: PEERS=5 is --peers 5.
LAB_OPTIONS := SCENARIO SITES PEERS SIZE_MIB WAN_MBIT RTT_MS LOSS_PPM LAN_MBIT BITRATE CLIENTS TOOLS WORK
lab_flag = $(if $(filter-out undefined,$(origin $(1))),--$(shell echo $(1) | tr A-Z_ a-z-)='$($(1))')

lab: ## the swarm in network namespaces, beside others (root, Linux; SCENARIO=flash PEERS=5 ..., HELP=1)
	@$(if $(HELP),,python3 tests/lab/lab.py --check $(foreach o,$(LAB_OPTIONS),$(call lab_flag,$(o))))
	@$(if $(or $(HELP),$(TOOLS)),,$(CARGO) build -q --release -p dms-server -p edge-peer -p dms-player --bins)
	@python3 tests/lab/lab.py $(if $(TOOLS),,--tools=$(TARGET_DIR)/release) $(foreach o,$(LAB_OPTIONS),$(call lab_flag,$(o))) $(if $(HELP),--help)

fuzz: ## the parsers under libFuzzer (nightly compiler; EACH=60 seconds a target, ONLY="floe csr", KEEP=1)
	@scripts/fuzz $(if $(EACH),--seconds $(EACH)) $(if $(KEEP),--keep) $(ONLY)

clean: ## remove everything built
	@$(CARGO) clean
	@rm -rf player/web/node_modules player/web/dist dms-server/console/node_modules dms-server/console/dist dms-server/console/dist-* tests/oidc/node_modules
