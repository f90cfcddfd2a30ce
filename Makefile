# The everyday commands. `make demo` and `make test` start from a bare Debian with Swift, git and make.
BIN := .build/release/lavise-pipeline
DATA ?= $(or $(LAVISE_DATA),data)
# One OpenBLAS kernel on every AVX2 machine, so that tests compute the same bits as the command does.
TEST_ENV := $(shell grep -qm1 avx2 /proc/cpuinfo 2>/dev/null && echo OPENBLAS_CORETYPE=$${OPENBLAS_CORETYPE:-Haswell})

.PHONY: demo test build setup sample reproduce-all bench bench-peers clean

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
	@$(BIN) --data $(DATA) run experiments/coco_sample.json

reproduce-all: build
	@$(BIN) run $(filter-out experiments/schema.json experiments/demo.json experiments/%_sample.json,$(wildcard experiments/*.json))

# Our kernels beside their floors (docs/performance.md).
bench: setup
	@swift build -c release --product lavise-bench
	@env $(TEST_ENV) .build/release/lavise-bench --docs docs/performance.md

# The same work by PyTorch, ONNX Runtime and Pillow, which go into a virtual environment: some 2 GB.
bench-peers: build .build/peers/ready
	@swift build -c release --product lavise-bench
	@env $(TEST_ENV) .build/peers/bin/python bench/peers.py --docs docs/performance.md

.build/peers/ready: bench/requirements.txt
	python3 -m venv .build/peers
	.build/peers/bin/pip install --quiet --requirement $<
	@touch $@

clean:
	rm -rf .build .lavise
