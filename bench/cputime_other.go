//go:build !unix

package bench

import "time"

// processTime is not known here.
func processTime() time.Duration { return 0 }

// peakMB is not known here.
func peakMB() int { return 0 }
