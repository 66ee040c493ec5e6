package optest_test

import (
	"testing"

	"croco/kernels/optest"
	"croco/kernels/reference"
)

func TestReference(t *testing.T) { optest.Run(t, reference.New()) }

func TestGradients(t *testing.T) { optest.RunGradients(t, reference.New()) }

func BenchmarkReference(b *testing.B) { optest.Bench(b, reference.New()) }
