// Package nvrtc compiles CUDA C++ to CUBINs at run time, through a libnvrtc that it finds with dlopen, and keeps them on
// disk. Everything but this comment has the build tag gpu.
//
//	Version    of the library found, or where it was looked for
//	Compile    a source for one architecture
//	Cubin      the same from the cache, in the user's cache folder
//
// gorgonia.org/cu/nvrtc is not used: it links the library, so that a program does not start without it, and it cannot
// return a CUBIN.
package nvrtc
