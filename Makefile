# The everyday commands. `make demo` and `make test` start from a bare Debian with Swift, git and make.
BIN := .build/release/lavise-pipeline
DATA ?= $(or $(LAVISE_DATA),data)

.PHONY: demo test test-cluster test-remote mutants build install package test-package setup sample results report tables docs man reproduce-all pins fuzz bench bench-peers check-models check-keras clean

demo: build
	@$(BIN) run experiments/demo.json

build: setup
	@swift build -c release --product lavise-pipeline

test:
	@scripts/setup --tests
	swift test -c release

# What takes a real Slurm longer: nodes that die, a split brain, limits of time and memory, the real sample; ten thousand jobs.
test-cluster:
	@scripts/setup --tests
	env LAVISE_CLUSTER=1 swift test -c release --filter "SlurmTests|SlurmTroubleTests|SlurmLongTests|SlurmScaleTests"

# What needs servers that Debian has and that are large: Ceph's radosgw, and Slurm's accounting in MariaDB.
test-remote:
	@scripts/setup --servers
	env LAVISE_SERVERS=1 swift test -c release --filter "RadosTests|RoundTripTests|MultipartTests|TroubleTests|RemoteVerbTests|SlurmAccountingTests"

# Do the tests notice small changes of behaviour? Needs python3; half an hour on two cores.
mutants:
	@scripts/setup --tests
	scripts/mutants

# Writes anew what RevisionGuardTests pins, where a stage's revision was raised.
pins:
	env LAVISE_PIN=1 swift test -c release --filter RevisionGuardTests

# Every fuzzer for SECONDS_EACH seconds, from SEED.
SECONDS_EACH ?= 60
SEED ?= 1
fuzz:
	@scripts/setup --tests
	scripts/fuzz $(SECONDS_EACH) $(SEED)

setup:
	@scripts/setup

sample: build
	@$(BIN) run --data $(DATA) experiments/coco_sample.json

# Writes the committed results again, after numbers changed on purpose (needs the sample data).
results: build
	@$(BIN) run --data $(DATA) demo planted_demo coco_sample planted_sample random_sample mobilenet_sample unseen_sample deviations_sample
	@$(BIN) run --data $(DATA) coco_sample --seeds 0..9
	@$(BIN) tables --quiet >/dev/null
	@scripts/costs

# make report EXPERIMENT=coco_sample: its page in results/coco_sample/report.html.
EXPERIMENT ?= demo
report: build
	@$(BIN) run --data $(DATA) $(EXPERIMENT) --quiet
	@$(BIN) report --data $(DATA) $(EXPERIMENT)

tables: build
	@$(BIN) tables

# The manual page (.build/lavise-pipeline.1; needs python3) and shell completions (.build/completions).
man: docs
docs: build
	@mkdir -p .build/completions
	@scripts/manual $(BIN) > .build/lavise-pipeline.1
	@for shell in bash zsh fish; do $(BIN) --generate-completion-script $$shell > .build/completions/lavise-pipeline.$$shell; done
	@echo ".build/lavise-pipeline.1 .build/completions/"

# make install PREFIX=$$HOME/.local: the command, manual page, completions, experiments and pages; DESTDIR for packagers.
PREFIX ?= /usr/local
install: build
	@scripts/install $(BIN) $(PREFIX) $(DESTDIR)
	@echo "$(DESTDIR)$(PREFIX)/bin/lavise-pipeline $$(scripts/version)"

# A Debian package that needs no Swift where it is installed.
package: setup
	@scripts/package

# The package by lintian and on a bare Debian 12, and the images of packaging/ by their recipes, the demo in each. As root. Where
# snapshot.debian.org is out of reach: MIRROR=http://deb.debian.org/debian.
test-package: package
	@scripts/setup --packages
	scripts/try-package .build/package/lavise-pipeline_$$(scripts/version)_$$(dpkg --print-architecture).deb $(MIRROR)
	scripts/try-images .build/package/lavise-pipeline_$$(scripts/version)_$$(dpkg --print-architecture).deb $(MIRROR)

# Light ones first, so that a mistake shows early; the COCO-trained backbone only where the user has its checkpoint.
FIRST := $(addprefix experiments/,$(addsuffix .json,resnet18_vg resnet18_coco random_vg random_coco unseen_vg resnet50_layer3_vg resnet50_vg))
ALL := $(filter-out experiments/schema.json experiments/demo.json experiments/%_sample.json,$(wildcard experiments/*.json))
NEEDS_CHECKPOINT := $(if $(wildcard $(DATA)/resnet18-coco.pth),,experiments/resnet18_coco_trained.json)

reproduce-all: build
	@for left in $(NEEDS_CHECKPOINT); do echo "left out: $$left needs your own $(DATA)/resnet18-coco.pth (REPRODUCE.md)" >&2; done
	@$(BIN) --data $(DATA) run $(filter-out $(NEEDS_CHECKPOINT),$(FIRST) $(filter-out $(FIRST),$(ALL)))

# Our kernels beside their floors (docs/performance.md).
bench: setup
	@swift build -c release --product lavise-bench
	@.build/release/lavise-bench --docs docs/performance.md

# The same work by PyTorch, ONNX Runtime and Pillow, which go into a virtual environment: some 2 GB.
bench-peers: build .build/peers/ready
	@swift build -c release --product lavise-bench
	@.build/peers/bin/python bench/peers.py --docs docs/performance.md --json bench

.build/peers/ready: bench/requirements.txt
	python3 -m venv .build/peers
	.build/peers/bin/pip install --quiet --requirement $<
	@touch $@

# Every architecture that is known by name, from every kind of file, beside torchvision in float64 (docs/models.md): hours, and 3 GB for the virtual
# environment. MODELS="resnet18 vgg16" checks some; the table is of all that were checked so far.
check-models: setup .build/models/ready
	@swift build -c release --product graph-probe
	@.build/models/bin/python scripts/check-models --docs docs/models.md $(MODELS)

.build/models/ready: scripts/check-models.txt
	python3 -m venv .build/models
	.build/models/bin/pip install --quiet --requirement $<
	@touch $@

# Networks of Keras, by tf2onnx, beside Keras (docs/your-own-model.md): minutes, and 2 GB for the virtual environment.
check-keras: build .build/keras/ready
	@swift build -c release --product graph-probe
	@.build/keras/bin/python scripts/check-keras

.build/keras/ready: scripts/check-keras.txt
	python3 -m venv .build/keras
	.build/keras/bin/pip install --quiet --requirement $<
	@touch $@

clean:
	rm -rf .build .lavise
