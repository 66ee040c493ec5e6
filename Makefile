# croco: tune a multilingual language model on its own answers.
#
#   make demo      the whole loop in a toy world, in about a minute
#   make test      everything that can be tested here
#   make gpu       a binary for NVIDIA GPUs; make test-cuda, gate, mutate: see docs/kernels.md
#   make toyworld  train the demo's models again (about ten minutes)
#   make study     what is missing of docs/study.md (the models and all arms: about an hour)
#   make fixtures  fetch what the tests read and may not be copied here: tokenizers, a small model
#   make bench     the ledger of docs/performance.md: croco beside its peers on this machine; PYTHON=VENV/bin/python

.PHONY: build demo test race toyworld study fixtures bench generate

build:
	CGO_ENABLED=0 go build -o bin/croco ./cmd/croco

demo: build
	bin/croco demo --out out/demo

# Packages one after another: the kernels' workers spin, and two packages at once starve each other on two cores.
test: fixtures
	go vet ./...
	go test -p 1 ./...
	$(MAKE) race
	$(MAKE) gate
	$(MAKE) test-cuda

# The race detector is on for everything but the heavy numerics, which have their own small race tests, and packages where nothing
# runs at the same time.
race:
	go test -p 1 -race -short $$(go list ./... | grep -vE '/(model/chat|pairing|toyworld|kernels/forest|internal/house)(/|$$)')

toyworld:
	go run ./cmd/toyworld -out engine/demo/models

# May be stopped at any point; it goes on where it was. Without results for an arm in docs/study.jsonl it runs again.
study:
	go run ./cmd/study

# Gemma 3 270M is under the Gemma Terms of Use; SmolLM2-135M-Instruct under Apache 2.0.
fixtures: .fixtures/smollm2/model.safetensors .fixtures/gemma3-270m/model.safetensors
	node scripts/fetch-tokenizers.mjs --all

.fixtures/%/model.safetensors:
	python3 -m venv .fixtures/venv
	.fixtures/venv/bin/pip install --quiet numpy gguf
	.fixtures/venv/bin/python scripts/fetch-models.py $* .fixtures/$* --keep-gguf

bench: build
	python3 bench/ledger.py .fixtures/smollm2 --python $(PYTHON) --write docs/performance.md

# A Python that has torch, numpy, transformers, trl and peft.
PYTHON ?= python3

# The assembly and its stubs (the generator is a module of its own).
generate:
	go generate ./kernels/cpu

include kernels/cuda/cuda.mk
