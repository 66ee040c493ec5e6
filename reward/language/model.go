package language

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"fmt"
	"math"
	"sync"
)

// model.bin, little-endian: "crocolid", uint32 version 1, uint32 Buckets, uint32 classes, the class codes (4 bytes each,
// padded with zeros), float32 scale, float32 bias of every class, int8 weight of every (bucket, class).
const (
	magic        = "crocolid"
	version      = 1
	classes      = 16          // the languages and Undetermined
	undetermined = classes - 1 // its index
)

//go:embed model.bin
var modelFile []byte

// model is the linear layer: logit[class] = bias + scale · Σ weights[bucket] / √n over a text's n features.
type model struct {
	codes   [classes]string
	scale   float32
	bias    [classes]float32
	weights []byte // int8, (Buckets, classes)
}

// shipped is the embedded model, read at the first use.
var shipped = sync.OnceValue(func() *model {
	m, err := parse(modelFile)
	if err != nil {
		panic(err)
	}
	return m
})

func parse(data []byte) (*model, error) {
	const header = len(magic) + 3*4 + classes*4 + 4 + classes*4
	if want := header + Buckets*classes; len(data) != want {
		return nil, fmt.Errorf("language: model.bin has %d bytes, expected %d: run reward/language/train", len(data), want)
	}
	le := binary.LittleEndian
	if string(data[:8]) != magic || le.Uint32(data[8:]) != version || le.Uint32(data[12:]) != Buckets || le.Uint32(data[16:]) != classes {
		return nil, fmt.Errorf("language: model.bin begins with %x, expected %q, version %d, %d buckets, %d classes", data[:20], magic, version, Buckets, classes)
	}
	m, at := &model{}, 20
	for c := range m.codes {
		m.codes[c] = string(bytes.TrimRight(data[at:at+4], "\x00"))
		at += 4
	}
	m.scale = math.Float32frombits(le.Uint32(data[at:]))
	at += 4
	for c := range m.bias {
		m.bias[c] = math.Float32frombits(le.Uint32(data[at:]))
		at += 4
	}
	m.weights = data[at:]
	return m, nil
}
