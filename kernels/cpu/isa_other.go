//go:build !amd64

package cpu

func supported() []choice { return []choice{{"go", &portable}} }
