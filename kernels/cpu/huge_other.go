//go:build !linux

package cpu

func huge[T any](s []T) []T { return s }
