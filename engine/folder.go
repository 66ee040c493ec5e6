package engine

import (
	"fmt"
	"os"
	"path/filepath"
)

// Lock holds a folder for this process. A second run in the same folder is refused while the first lives; a lock that a
// killed process left behind does not count.
func Lock(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, ".lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := flock(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s is in use by another run (its lock is held): wait for it, stop it, or choose another folder", dir)
	}
	return func() { f.Close() }, nil
}
