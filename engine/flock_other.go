//go:build !unix

package engine

import "os"

// flock takes no lock here: the system has none of this kind.
func flock(*os.File) error { return nil }
