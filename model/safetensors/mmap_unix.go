//go:build unix

package safetensors

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapped is the memory of all files that are open, so that Release can tell it from the program's own.
var mapped struct {
	sync.Mutex
	files [][]byte
}

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
	data, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: map into memory: %w", path, err)
	}
	mapped.Lock()
	defer mapped.Unlock()
	mapped.files = append(mapped.files, data)
	return data, func() error { return unmap(data) }, nil
}

func unmap(data []byte) error {
	mapped.Lock()
	defer mapped.Unlock()
	i := slices.IndexFunc(mapped.files, func(f []byte) bool { return &f[0] == &data[0] })
	if i < 0 {
		return errors.New("safetensors: closed twice")
	}
	mapped.files = slices.Delete(mapped.files, i, i+1)
	return unix.Munmap(data)
}

// Release gives the memory of a tensor's values back to the system where it is that of a file; they can still be read,
// and come from the file again. It does nothing to memory of the program's own.
func Release(data []byte) {
	if len(data) == 0 {
		return
	}
	mapped.Lock()
	defer mapped.Unlock()
	for _, f := range mapped.files {
		at := uintptr(unsafe.Pointer(&data[0])) - uintptr(unsafe.Pointer(&f[0]))
		if at < uintptr(len(f)) {
			page := os.Getpagesize()
			first, end := (int(at)+page-1)/page*page, (int(at)+len(data))/page*page
			if first < end {
				_ = unix.Madvise(f[first:end], unix.MADV_DONTNEED) // advice: nothing is lost if it is not taken
			}
			return
		}
	}
}
