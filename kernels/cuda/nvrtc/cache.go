//go:build gpu

package nvrtc

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
)

// Cubin is Compile with a cache: files named by the hash of source, options, architecture and NVRTC version, in
// $XDG_CACHE_HOME/croco/cuda or where else the system keeps caches. A folder that cannot be written costs time, no more.
func Cubin(src, name, arch string, options ...string) ([]byte, error) {
	cubin, _, err := cached(src, name, arch, options)
	return cubin, err
}

// Resources is the compiler's report on every kernel of a source, from the same compilation and cache: registers, spills,
// stack, shared memory.
func Resources(src, name, arch string, options ...string) (string, error) {
	_, log, err := cached(src, name, arch, options)
	return log, err
}

func cached(src, name, arch string, options []string) (cubin []byte, log string, err error) {
	version, err := Version()
	if err != nil {
		return nil, "", err
	}
	options = append(options[:len(options):len(options)], "--ptxas-options=-v")
	path := ""
	if dir, err := os.UserCacheDir(); err == nil {
		key := sha256.Sum256(fmt.Appendf(nil, "%q", append(options[:len(options):len(options)], version, arch, src)))
		path = filepath.Join(dir, "croco", "cuda", fmt.Sprintf("%s-%s-%x", name, arch, key[:12]))
		cubin, err := os.ReadFile(path + ".cubin")
		if log, err2 := os.ReadFile(path + ".log"); err == nil && err2 == nil {
			return cubin, string(log), nil
		}
	}
	cubin, log, err = Compile(src, name, arch, options...)
	if err == nil && path != "" {
		keep(path+".log", []byte(log))
		keep(path+".cubin", cubin)
	}
	return cubin, log, err
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
