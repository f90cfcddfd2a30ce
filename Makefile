# The everyday commands. `make demo` and `make test` start from a bare Debian with Swift, git and make.
BIN := .build/release/lavise-pipeline
DATA ?= $(or $(LAVISE_DATA),data)
# One OpenBLAS kernel on every AVX2 machine, so that tests compute the same bits as the command does.
TEST_ENV := $(shell grep -qm1 avx2 /proc/cpuinfo 2>/dev/null && echo OPENBLAS_CORETYPE=$${OPENBLAS_CORETYPE:-Haswell})

.PHONY: demo test build setup sample results report tables docs reproduce-all clean

demo: build
	@$(BIN) run experiments/demo.json

build: setup
	@swift build -c release --product lavise-pipeline

test:
	@scripts/setup --tests
	env $(TEST_ENV) swift test -c release

setup:
	@scripts/setup

sample: build
	@$(BIN) run --data $(DATA) experiments/coco_sample.json

# Writes the committed results again, after numbers changed on purpose (needs the sample data).
results: build
	@$(BIN) run --data $(DATA) demo coco_sample deviations_sample
	@$(BIN) tables --quiet >/dev/null

# make report EXPERIMENT=coco_sample: its page in results/coco_sample/report.html.
EXPERIMENT ?= demo
report: build
	@$(BIN) run --data $(DATA) $(EXPERIMENT) --quiet
	@$(BIN) report --data $(DATA) $(EXPERIMENT)

tables: build
	@$(BIN) tables

# The manual page (.build/lavise-pipeline.1) and shell completions (.build/completions).
docs: build
	@swift package generate-manual >/dev/null
	@mkdir -p .build/completions
	@cp .build/plugins/GenerateManual/outputs/lavise-pipeline/lavise-pipeline.1 .build/
	@for shell in bash zsh fish; do $(BIN) --generate-completion-script $$shell > .build/completions/lavise-pipeline.$$shell; done
	@echo ".build/lavise-pipeline.1 .build/completions/"

reproduce-all: build
	@$(BIN) run $(filter-out experiments/schema.json experiments/demo.json experiments/%_sample.json,$(wildcard experiments/*.json))

clean:
	rm -rf .build .lavise
