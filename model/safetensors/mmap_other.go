//go:build !unix

package safetensors

import "os"

// Map reads a file whole where there is no mmap.
func Map(path string) ([]byte, func() error, error) {
	data, err := os.ReadFile(path)
	return data, func() error { return nil }, err
}

// Release has nothing to give back where there is no mmap.
func Release([]byte) {}
