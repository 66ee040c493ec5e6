//go:build gpu

package cuda

import (
	"unsafe"

	"croco/kernels/forest"
)

// keyBlocks are the keys of a training plan in blocks of at most 64 rows, each with the runs that may see it.
type keyBlocks struct {
	blocks, runs uintptr
	n            int
}

type attnKeys struct{ row, pos, n, from, to int32 }

type attnRun struct{ row, pos, len int32 }

// keyBlocks cuts the segments of the plan at hand at the tiles' borders. A segment's rows are seen by the runs in it and in
// what grows out of it.
func (d *Device) keyBlocks(plan *forest.Plan) *keyBlocks {
	if k := d.attention.keys; k != nil {
		return k
	}
	below := make([][]attnRun, len(plan.Segments)) // the runs that see a segment, in the order of the plan
	for _, r := range plan.Runs {
		run := attnRun{row: int32(r.Row), pos: int32(plan.Segments[r.Segment].Offset + r.First), len: int32(r.Len)}
		for s := r.Segment; s >= 0; s = plan.Segments[s].Parent {
			below[s] = append(below[s], run)
		}
	}
	var blocks []attnKeys
	var runs []attnRun
	for s, seg := range plan.Segments {
		from := len(runs)
		runs = append(runs, below[s]...)
		for at := 0; at < seg.Len; {
			pos := seg.Offset + at
			n := min(tileKeys-pos%tileKeys, seg.Len-at)
			blocks = append(blocks, attnKeys{row: int32(seg.Start + at), pos: int32(pos), n: int32(n), from: int32(from), to: int32(len(runs))})
			at += n
		}
	}
	d.attention.keys = &keyBlocks{blocks: d.copied(int32s(blocks)), runs: d.copied(int32s(runs)), n: len(blocks)}
	return d.attention.keys
}

// int32s is the memory of structs of int32.
func int32s[S attnItem | attnQuery | attnMerge | attnKeys | attnRun](s []S) []int32 {
	n := len(s) * int(unsafe.Sizeof(*new(S))) / 4
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(s))), n)
}
