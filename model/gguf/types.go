package gguf

import (
	"fmt"
	"math"
	"strings"
)

// Type is how a tensor's values are stored, by the number that the format gives it.
type Type uint32

const (
	F32  Type = 0
	F16  Type = 1
	Q4_0 Type = 2
	Q4_1 Type = 3
	Q5_0 Type = 6
	Q5_1 Type = 7
	Q8_0 Type = 8
	Q4_K Type = 12
	Q5_K Type = 13
	Q6_K Type = 14
	BF16 Type = 30
)

// layout is a block of a type: so many values of one row, in so many bytes.
type layout struct {
	name          string
	values, bytes int
	dequantise    func(dst []float32, block []byte) // nil for the plain ones
}

var layouts = map[Type]layout{
	F32:  {"F32", 1, 4, nil},
	F16:  {"F16", 1, 2, nil},
	BF16: {"BF16", 1, 2, nil},
	Q4_0: {"Q4_0", 32, 2 + 16, q4_0},
	Q4_1: {"Q4_1", 32, 4 + 16, q4_1},
	Q5_0: {"Q5_0", 32, 2 + 4 + 16, q5_0},
	Q5_1: {"Q5_1", 32, 4 + 4 + 16, q5_1},
	Q8_0: {"Q8_0", 32, 2 + 32, q8_0},
	Q4_K: {"Q4_K", 256, 4 + 12 + 128, q4_K},
	Q5_K: {"Q5_K", 256, 4 + 12 + 32 + 128, q5_K},
	Q6_K: {"Q6_K", 256, 128 + 64 + 16 + 2, q6_K},
}

// refused are types with a name that are not supported.
var refused = map[Type]string{9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS",
	19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64",
	29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4", 40: "NVFP4", 41: "Q1_0"}

func (t Type) String() string {
	if l, ok := layouts[t]; ok {
		return l.name
	}
	if name, ok := refused[t]; ok {
		return name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// quantised reports whether a type stores blocks.
func (t Type) quantised() bool { return layouts[t].values > 1 }

// bytes is the size of a tensor. Its rows are whole blocks.
func (t Type) bytes(shape []int) (int, error) {
	l, ok := layouts[t]
	if !ok {
		return 0, fmt.Errorf("%s is not supported, only %s", t, strings.Join(supported(), ", "))
	}
	n := 1
	for _, s := range shape {
		if s == 0 {
			return 0, fmt.Errorf("shape %v is empty", shape)
		}
		if n > math.MaxInt32*1024/s {
			return 0, fmt.Errorf("shape %v is too large", shape)
		}
		n *= s
	}
	if row := append([]int{1}, shape...)[len(shape)]; row%l.values != 0 {
		return 0, fmt.Errorf("rows of %d values are not whole blocks of %s, which hold %d", row, t, l.values)
	}
	return n / l.values * l.bytes, nil
}

func supported() (names []string) {
	for t := F32; t <= BF16; t++ {
		if l, ok := layouts[t]; ok {
			names = append(names, l.name)
		}
	}
	return names
}
