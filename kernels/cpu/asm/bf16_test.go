package main

import (
	"fmt"
	"testing"
)

// As llvm-mc --mcpu=cooperlake -show-encoding writes them.
func TestVDPBF16PS(t *testing.T) {
	for _, c := range []struct {
		b, a, acc byte
		want      string
	}{
		{0, 0, 0, "62f27e4852c0"},
		{1, 0, 5, "62f27e4852e9"},
		{7, 24, 3, "62f23e4052df"},
		{8, 15, 16, "62c2064852c0"},
		{25, 27, 1, "6292264052c9"},
		{16, 8, 31, "62223e4852f8"},
		{31, 31, 31, "6202064052ff"},
	} {
		if got := fmt.Sprintf("%x", vdpbf16ps(c.b, c.a, c.acc)); got != c.want {
			t.Errorf("VDPBF16PS Z%d, Z%d, Z%d: %s, expected %s", c.b, c.a, c.acc, got, c.want)
		}
	}
}
