package cpu

import "golang.org/x/sys/cpu"

// supported lists what this machine can run, the best first.
func supported() []choice {
	list := []choice{{"go", &portable}}
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA || !cpu.X86.HasBMI2 {
		return list
	}
	list = append([]choice{{"avx2", &avx2}}, list...)
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ {
		list = append([]choice{{"avx512", &avx512}}, list...)
		if cpu.X86.HasAVX512BF16 {
			avx512.tilePairs = tall(&avx512TilesPairs)
		}
	}
	return list
}

// sizedTile is a tile of a fixed height and width.
type sizedTile = func(k int, a *float32, rs, ks int, b *float32, bs int, c *float32, ldc, beta int, next *float32, step int)

// tall chooses among the tiles of AVX-512, by rows and vectors.
func tall(tiles *[9][4]sizedTile) tileFunc {
	return func(mr, nv, k int, a *float32, rs, ks int, b *float32, bs int, c *float32, ldc, beta int, next *float32, step int) {
		tiles[mr][nv](k, a, rs, ks, b, bs, c, ldc, beta, next, step)
	}
}

// short chooses among the tiles of AVX2, by rows and of 16 or 24 columns.
func short(tiles *[5][2]sizedTile) tileFunc {
	return func(mr, nv, k int, a *float32, rs, ks int, b *float32, bs int, c *float32, ldc, beta int, next *float32, step int) {
		f, width := tiles[mr][0], 16
		if nv == 3 {
			f, width = tiles[mr][1], 24
		}
		for j := 0; j < 16*nv; j += width {
			f(k, a, rs, ks, at(b, j), bs, at(c, j), ldc, beta, at(next, j), step)
		}
	}
}

var avx512 = isa{
	name: "AVX-512", rows: []int{8, 4, 2, 1},
	tile: tall(&avx512Tiles), tileBF16: tall(&avx512TilesBF16),
	round: avx512Round, pair: avx512Pair, pairRows: avx512PairRows, pairHalves: avx512PairHalves,
	widen: avx512Widen, add: avx512Add, scale: avx512Scale, axpy: avx512Axpy,
	dot: avx512Dot, dot3: avx512Dot3, sum: avx512Sum, max: avx512Max, sumSquares: avx512SumSquares,
	expSum: avx512ExpSum, softmaxTile: avx512SoftmaxTile, scoreBack: avx512ScoreBack, softcap: avx512Softcap,
	silu: avx512Silu, siluBack: avx512SiluBack, gelu: avx512Gelu, geluBack: avx512GeluBack,
	norm: avx512Norm, normBack: avx512NormBack, rotate: avx512Rotate, adamw: avx512AdamW, transpose8: avx2Transpose8,
	transposePairs8: avx2TransposePairs8,
}

var avx512Tiles = [9][4]sizedTile{
	1: {1: avx512Tile1x16, 2: avx512Tile1x32, 3: avx512Tile1x48},
	2: {1: avx512Tile2x16, 2: avx512Tile2x32, 3: avx512Tile2x48},
	4: {1: avx512Tile4x16, 2: avx512Tile4x32, 3: avx512Tile4x48},
	8: {1: avx512Tile8x16, 2: avx512Tile8x32, 3: avx512Tile8x48},
}

var avx512TilesPairs = [9][4]sizedTile{
	1: {1: avx512TilePairs1x16, 2: avx512TilePairs1x32, 3: avx512TilePairs1x48},
	2: {1: avx512TilePairs2x16, 2: avx512TilePairs2x32, 3: avx512TilePairs2x48},
	4: {1: avx512TilePairs4x16, 2: avx512TilePairs4x32, 3: avx512TilePairs4x48},
	8: {1: avx512TilePairs8x16, 2: avx512TilePairs8x32, 3: avx512TilePairs8x48},
}

var avx512TilesBF16 = [9][4]sizedTile{
	1: {1: avx512TileBF161x16, 2: avx512TileBF161x32, 3: avx512TileBF161x48},
	2: {1: avx512TileBF162x16, 2: avx512TileBF162x32, 3: avx512TileBF162x48},
	4: {1: avx512TileBF164x16, 2: avx512TileBF164x32, 3: avx512TileBF164x48},
	8: {1: avx512TileBF168x16, 2: avx512TileBF168x32, 3: avx512TileBF168x48},
}

var avx2 = isa{
	name: "AVX2", rows: []int{4, 2, 1},
	tile: short(&avx2Tiles), tileBF16: short(&avx2TilesBF16),
	round: avx2Round, pair: avx2Pair, pairRows: avx2PairRows, pairHalves: avx2PairHalves,
	widen: avx2Widen, add: avx2Add, scale: avx2Scale, axpy: avx2Axpy,
	dot: avx2Dot, dot3: avx2Dot3, sum: avx2Sum, max: avx2Max, sumSquares: avx2SumSquares,
	expSum: avx2ExpSum, softmaxTile: avx2SoftmaxTile, scoreBack: avx2ScoreBack, softcap: avx2Softcap,
	silu: avx2Silu, siluBack: avx2SiluBack, gelu: avx2Gelu, geluBack: avx2GeluBack,
	norm: avx2Norm, normBack: avx2NormBack, rotate: avx2Rotate, adamw: avx2AdamW, transpose8: avx2Transpose8,
	transposePairs8: avx2TransposePairs8,
}

// By rows, then 16 and 24 columns.
var avx2Tiles = [5][2]sizedTile{1: {avx2Tile1x16, avx2Tile1x24}, 2: {avx2Tile2x16, avx2Tile2x24}, 4: {avx2Tile4x16, avx2Tile4x24}}

var avx2TilesBF16 = [5][2]sizedTile{
	1: {avx2TileBF161x16, avx2TileBF161x24}, 2: {avx2TileBF162x16, avx2TileBF162x24}, 4: {avx2TileBF164x16, avx2TileBF164x24},
}
