package trainer

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// events writes scalars as TensorBoard reads them: a TFRecord file of tensorflow.Event messages.
//
//	record  = length u64 · masked CRC of length u32 · data · masked CRC of data u32, little-endian
//	Event   = 1 wall_time double · 2 step int64 · 3 file_version string | 5 summary
//	Summary = repeated 1 value { 1 tag string · 2 simple_value float }
//
// Sources: tensorflow/core/util/event.proto, framework/summary.proto, lib/io/record_writer.h.
type events struct{ file *os.File }

// newEvents begins a file of its own; TensorBoard joins the files of a folder.
func newEvents(dir string) (*events, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	now := time.Now()
	name := fmt.Sprintf("events.out.tfevents.%d.%s.%d", now.Unix(), strings.ReplaceAll(host, "/", "_"), os.Getpid())
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	e := &events{f}
	return e, e.write(event(now, 0, append([]byte{3<<3 | 2, 13}, "brain.Event:2"...)))
}

// add writes the values of one step: tag train/key or, without its prefix, eval/key.
func (e *events) add(step int, values map[string]float64) error {
	if e == nil {
		return nil
	}
	keys := make([]string, 0, len(values))
	for k := range values {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var summary []byte
	for _, k := range keys {
		tag := "train/" + k
		if rest, ok := strings.CutPrefix(k, "eval_"); ok {
			tag = "eval/" + rest
		}
		value := field(1, []byte(tag))
		value = append(value, 2<<3|5)
		value = binary.LittleEndian.AppendUint32(value, math.Float32bits(float32(values[k])))
		summary = append(summary, field(1, value)...)
	}
	return e.write(event(time.Now(), step, field(5, summary)))
}

func (e *events) close() error {
	if e == nil {
		return nil
	}
	return e.file.Close()
}

// event encodes an Event with its content already encoded.
func event(at time.Time, step int, content []byte) []byte {
	b := []byte{1<<3 | 1}
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(at.UnixMicro())/1e6))
	b = append(b, 2<<3)
	b = binary.AppendUvarint(b, uint64(step))
	return append(b, content...)
}

// field encodes a length-delimited protobuf field.
func field(number byte, data []byte) []byte {
	return append(binary.AppendUvarint([]byte{number<<3 | 2}, uint64(len(data))), data...)
}

// write appends one record.
func (e *events) write(data []byte) error {
	head := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	record := binary.LittleEndian.AppendUint32(head, masked(head))
	record = append(record, data...)
	record = binary.LittleEndian.AppendUint32(record, masked(data))
	_, err := e.file.Write(record)
	return err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is the checksum of a TFRecord: rotated right by 15 bits and shifted by a constant, so that checksums of data
// that hold checksums stay good.
func masked(data []byte) uint32 {
	c := crc32.Checksum(data, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}
