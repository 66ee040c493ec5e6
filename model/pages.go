package model

import (
	"runtime"
	"sync"
	"sync/atomic"

	"croco/model/safetensors"
)

// A frozen weight is in memory twice: as the file's pages, and packed by the device. Both files and packing can be as
// large as half of a machine's memory, so pages are given back as soon as they have been read: here after the check of
// all values, then block by block after the first pass. Whoever reads them again gets them from the file.

// finite checks the values of tensors side by side, and returns the error of the first that holds NaN or infinity.
func finite(tensors []safetensors.Tensor) error {
	errs := make([]error, len(tensors))
	var next atomic.Int64
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(tensors); i = int(next.Add(1)) - 1 {
				t := tensors[i]
				if ok, at := t.Finite(); !ok {
					errs[i] = t.Errorf("element %d is NaN or infinite: the weights are damaged", at)
				}
				safetensors.Release(t.Data)
			}
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// settle gives the pages of a block back once its weights are packed.
func (m *Model) settle(b *block) {
	if b.settled {
		return
	}
	b.settled = true
	for _, l := range b.present() {
		m.release(l.name + ".weight")
	}
}

// settleHead is settle of the head. A tied table is read on, a row at a time.
func (m *Model) settleHead() {
	if m.settled {
		return
	}
	m.settled = true
	for _, name := range []string{embedName, headName} {
		m.release(name)
	}
}

// release gives the pages of a tensor back.
func (m *Model) release(name string) {
	if t, ok := m.source.Tensor(name); ok {
		safetensors.Release(t.Data)
	}
}
