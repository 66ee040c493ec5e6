// Package shim lets one binary start on machines with and without a CUDA driver: with the build tag gpu, the symbols that
// gorgonia.org/cu links are jumps through pointers that are filled from libcuda.so.1 where there is one.
//
//	Reason    why no driver is in use
//	Symbol    a driver function that gorgonia.org/cu does not wrap
//
// The environment variable CROCO_CUDA is "off", or the path of the library to use.
package shim
