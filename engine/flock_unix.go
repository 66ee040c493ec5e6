//go:build unix

package engine

import (
	"os"
	"syscall"
)

// flock takes the lock of an open file, or fails at once. The lock ends with the process.
func flock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
