//go:build gpu

package nvrtc

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
)

// Cubin is Compile with a cache: a file named by the hash of source, options, architecture and NVRTC version, in
// $XDG_CACHE_HOME/croco/cuda or where else the system keeps caches. A folder that cannot be written costs time, no more.
func Cubin(src, name, arch string, options ...string) ([]byte, error) {
	return cached("cubin", src, name, arch, options, func() ([]byte, error) {
		cubin, _, err := Compile(src, name, arch, options...)
		return cubin, err
	})
}

// Resources is the compiler's report on every kernel of a source, from the same cache: registers, spills, stack, shared memory.
func Resources(src, name, arch string, options ...string) (string, error) {
	options = append(options, "--ptxas-options=-v")
	log, err := cached("log", src, name, arch, options, func() ([]byte, error) {
		_, log, err := Compile(src, name, arch, options...)
		return []byte(log), err
	})
	return string(log), err
}

func cached(kind, src, name, arch string, options []string, compile func() ([]byte, error)) ([]byte, error) {
	version, err := Version()
	if err != nil {
		return nil, err
	}
	path := ""
	if dir, err := os.UserCacheDir(); err == nil {
		key := sha256.Sum256(fmt.Appendf(nil, "%q", append(append([]string{}, options...), version, arch, src)))
		path = filepath.Join(dir, "croco", "cuda", fmt.Sprintf("%s-%s-%x.%s", name, arch, key[:12], kind))
		if data, err := os.ReadFile(path); err == nil {
			return data, nil
		}
	}
	data, err := compile()
	if err == nil && path != "" {
		keep(path, data)
	}
	return data, err
}

// keep writes a file in one step: other processes see all of it or nothing.
func keep(path string, data []byte) {
	if os.MkdirAll(filepath.Dir(path), 0o755) != nil {
		return
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".cubin-*")
	if err != nil {
		return
	}
	_, err = tmp.Write(data)
	if closed := tmp.Close(); err != nil || closed != nil || os.Rename(tmp.Name(), path) != nil {
		os.Remove(tmp.Name())
	}
}
