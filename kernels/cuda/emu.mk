# The emulated driver: emu/*.cpp and every kernel, each file of its own, so that a kernel that changes costs one compilation.
# CXXFLAGS="-O1 -g -fsanitize=undefined" LINK=-fsanitize=undefined looks for undefined behaviour (in a build folder of its own).
HERE     := kernels/cuda
EMU      ?= .fixtures/emu
CXXFLAGS ?= -O2 -g -march=x86-64-v3
LINK     ?= -static-libstdc++ -static-libgcc
EMUFLAGS := -std=c++17 -fPIC -Wall -Wno-unused-function -Wno-unknown-pragmas -ffp-contract=off -fno-strict-aliasing
KERNELS  := $(patsubst $(HERE)/source/%.cu,$(EMU)/%.o,$(wildcard $(HERE)/source/*.cu))
DRIVER   := $(patsubst $(HERE)/emu/%.cpp,$(EMU)/emu-%.o,$(wildcard $(HERE)/emu/*.cpp)) $(EMU)/emu-stubs.o

$(EMU)/libcuda.so.1: $(KERNELS) $(DRIVER)
	g++ -shared -Wl,-soname,libcuda.so.1 -Wl,-z,defs $(LINK) -Wl,--exclude-libs,ALL -o $@ $^ -pthread
$(EMU)/%.o: $(HERE)/source/%.cu $(wildcard $(HERE)/source/*.cuh $(HERE)/emu/*.h)
	@mkdir -p $(EMU)
	g++ $(CXXFLAGS) $(EMUFLAGS) -include $(HERE)/source/gpu.cuh -x c++ -c $< -o $@
$(EMU)/emu-%.o: $(HERE)/emu/%.cpp $(wildcard $(HERE)/source/*.cuh $(HERE)/emu/*.h)
	@mkdir -p $(EMU)
	g++ $(CXXFLAGS) $(EMUFLAGS) -c $< -o $@
$(EMU)/emu-stubs.o: $(HERE)/emu/stubs.c $(HERE)/shim/symbols.h
	@mkdir -p $(EMU)
	gcc -O2 -fPIC -c $< -o $@
