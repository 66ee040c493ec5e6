package model

import (
	"croco/kernels"
	"croco/kernels/forest"
)

// Cache holds keys and values of text that has been read, one row per token, for every layer. Which row holds which
// position of which path is for a forest.Plan to say.
type Cache struct {
	d      kernels.Device
	keys   []*kernels.Tensor // per layer (rows, G·D)
	values []*kernels.Tensor
}

// NewCache makes room for rows tokens.
func (m *Model) NewCache(rows int) *Cache {
	c, width := &Cache{d: m.device}, m.Spec.KVHeads*m.Spec.Head
	for range m.blocks {
		c.keys = append(c.keys, c.d.New(rows, width))
		c.values = append(c.values, c.d.New(rows, width))
	}
	return c
}

// RowBytes is the memory that one row of a cache takes, over all layers.
func (m *Model) RowBytes() int { return m.Spec.rowBytes() }

func (s *Spec) rowBytes() int { return 2 * 4 * len(s.Layers) * s.KVHeads * s.Head }

// Free gives the cache back to the device.
func (c *Cache) Free() {
	c.d.Free(c.keys...)
	c.d.Free(c.values...)
}

// put writes new keys and values (Tq, G·D) of a layer to rows, and returns all of them.
func (c *Cache) put(layer int, k, v *kernels.Tensor, rows []int32) (keys, values *kernels.Tensor) {
	c.d.PutRows(c.keys[layer], k, rows)
	c.d.PutRows(c.values[layer], v, rows)
	return c.keys[layer], c.values[layer]
}

// Step reads Tq more tokens: their keys and values go to cacheRows, which are distinct, and they attend through plan,
// whose segments are rows of the cache and whose runs are rows of this step. It returns their hidden states (Tq,C),
// which the caller frees. The code is Forward's, and so are the bits.
func (m *Model) Step(tokens, positions, cacheRows []int32, plan *forest.Plan, c *Cache) *kernels.Tensor {
	p := pass{m: m, d: m.device, positions: positions, plan: plan, adapter: m.AdapterOn(), cache: c, rows: cacheRows}
	hidden, _, _ := p.decode(tokens)
	return hidden
}
