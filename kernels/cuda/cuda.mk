# Targets for NVIDIA GPUs. Headers and NVRTC are pip wheels; no toolkit and no GPU is needed to build and to test.
CUDA ?= 12
WHEELS := .fixtures/cuda$(CUDA)
ifeq ($(CUDA),12)
PIP   := nvidia-cuda-nvrtc-cu12==12.9.86 nvidia-cuda-runtime-cu12==12.9.79
INC   := $(WHEELS)/nvidia/cuda_runtime/include
NVRTC := $(WHEELS)/nvidia/cuda_nvrtc/lib/libnvrtc.so.12
else
PIP   := nvidia-cuda-nvrtc==13.5.37 nvidia-cuda-runtime==13.5.37
INC   := $(WHEELS)/nvidia/cu13/include
NVRTC := $(WHEELS)/nvidia/cu13/lib/libnvrtc.so.13
endif
include kernels/cuda/emu.mk

GPU  := CGO_ENABLED=1 CGO_CFLAGS="-O2 -g -I$(CURDIR)/kernels/cuda/compat -I$(CURDIR)/$(INC)" CGO_LDFLAGS="-L$(CURDIR)/kernels/cuda/shim/lib"
# On the emulated driver, where having no device is a failure and not a skip.
EMULATED := $(GPU) CROCO_NVRTC=$(CURDIR)/$(NVRTC) REQUIRE_CUDA=1 LD_LIBRARY_PATH=$(abspath $(EMU))

.PHONY: gpu emu test-cuda cuda-env

# The binary with GPU support; NVRTC lies beside it.
gpu: $(WHEELS)/.done
	$(GPU) go build -tags gpu -o bin/croco ./cmd/croco
	ln -sf ../$(NVRTC) bin/

emu: $(EMU)/libcuda.so.1

# The op table under four orders of threads, faults, promises; beside it whole models, training runs and the loop on that device. In bfloat16
# the models and the runs: how adapters are stored and losses are spelt is no matter of arithmetic.
test-cuda: $(WHEELS)/.done emu
	$(EMULATED) go vet -tags gpu ./kernels/cuda/... ./kernels/device
	$(EMULATED) go test -tags gpu -timeout 1200s -run TestKernelsCompile ./kernels/cuda
	$(MAKE) -j2 test-cuda-kernels test-cuda-models

.PHONY: test-cuda-kernels test-cuda-models
test-cuda-kernels:
	$(EMULATED) go test -tags gpu -p 1 -timeout 1200s ./kernels/cuda ./kernels/cuda/blaslt ./kernels/cuda/driver ./kernels/cuda/nvrtc ./kernels/cuda/source ./kernels/device
test-cuda-models:
	$(EMULATED) CROCO_TEST_DEVICE=cuda go test -tags gpu -p 1 -timeout 1200s -run TestFixtures ./model ./engine/trainer
	$(EMULATED) CROCO_TEST_DEVICE=cuda CROCO_TEST_DTYPE=bfloat16 go test -tags gpu -p 1 -timeout 1200s -run 'TestFixtures(Models|Training)' ./model ./engine/trainer
	$(EMULATED) go test -tags gpu -p 1 -timeout 1200s -run TestCUDA ./engine/exact ./cmd/croco

# Prints the variables for a shell: eval "$$(make -s cuda-env)" and then go test -tags gpu ./kernels/cuda/…
cuda-env: $(WHEELS)/.done emu
	@echo 'export $(EMULATED)'

$(WHEELS)/.done:
	python3 -m pip install -q --no-deps --target $(WHEELS) $(PIP)
	touch $@

.PHONY: gate mutate
# Registers, spills, shared memory and resident warps of every kernel on every architecture, against kernels/cuda/gate/testdata/gate.json.
# make gate UPDATE=-update writes it anew.
gate: $(WHEELS)/.done emu
	$(EMULATED) go test -tags gpu -count=1 -timeout 30m ./kernels/cuda/gate $(if $(UPDATE),-args $(UPDATE))

# Breaks the kernels, and the queue before them, in the ways of kernels/cuda/testdata/mutations, and fails where the tests do not notice. make mutate ONLY=rotate
mutate: $(WHEELS)/.done emu
	$(GPU) go test -tags gpu -c -o $(EMU)/cuda.test ./kernels/cuda
	$(GPU) CROCO_NVRTC=$(CURDIR)/$(NVRTC) go run ./kernels/cuda/mutate -emu $(EMU) -test $(EMU)/cuda.test -only "$(ONLY)" kernels/cuda/testdata/mutations/*.txt
