//go:build unix

package safetensors

import (
	"fmt"
	"os"
	"syscall"
)

// Map maps a file read-only. The pages are shared with every other process that reads the same model.
func Map(path string) ([]byte, func() error, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if info.IsDir() {
		return nil, nil, fmt.Errorf("%s: is a folder, expected a file", path)
	}
	if info.Size() == 0 {
		return nil, func() error { return nil }, nil
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: map into memory: %w", path, err)
	}
	return data, func() error { return syscall.Munmap(data) }, nil
}
