// Package kernels is the arithmetic of croco: tensors in a device's memory and the operations on them.
//
// The verbs:
//
//	Device      memory, copies and every operation below; packages reference and cpu implement it
//	Tensor      a dense float32 array in a device's memory; Rows and Reshape make views
//	Weight      a linear layer's matrix or an embedding table, packed as the device likes it
//	Linear …    forward operations, each with its …Backward directly under it
//	LogProbs    the language-model head, which never holds the logits of all rows
//	Sample      the choice of the next token
//
// # Shape letters
//
// T rows in the packed batch, C model width, H query heads, G key/value heads, D head width, F MLP width,
// V vocabulary, R LoRA rank, L layers, N samples per prompt. A linear layer is y (T,N) = x (T,K) · W (N,K)ᵀ.
//
// # Gradients
//
// Said once: gradients of parameters accumulate (+=), gradients of activations are written (=), and the residual
// stream adds (Add, or accumulate = true).
//
// # One arithmetic
//
// The sampler, the scorer and the trainer run the same kernels in the same order of additions, so that what one of
// them computes another can take over, bit for bit. The rules, for every device within itself, and for the AVX-512,
// AVX2 and plain Go of package cpu alike:
//
//   - An output element of a linear layer is one chain of float32 fused multiply-adds over k = 0 … K−1 in order,
//     starting from the bias or from zero. LoRA columns follow in the same chain, so an adapter with B = 0 changes no
//     bit. Gradients are chains too: of the input over n = 0 … N−1, of a weight over the rows t = 0 … T−1, continuing
//     from what the gradient holds.
//   - Attention visits keys by position in tiles of 64 aligned at position 0: the tile's scores (one chain over the
//     head width each), their maximum, the rescaling of the accumulator, then P·V key by key. A masked key adds an
//     exact zero, a wholly masked tile is skipped, and a row of the cache that holds nothing is never multiplied.
//   - A reduction over a row uses 16 virtual lanes: lane i takes the elements i, i+16, i+32, … in order; the lanes are
//     folded by halves (i with i+8, then i+4, i+2, i+1).
//   - exp and its relatives are one polynomial with the same operations on every instruction set; there are no
//     approximate reciprocals or square roots.
//   - A device computes in float32, or, where it is asked to, multiplies bfloat16: Device.Arithmetic. All rules hold within
//     each of the two. In bfloat16 on a GPU the chain of a weight's gradient goes over groups of 16 rows.
//   - Nothing depends on the number of rows, on threads, or on what else is in the batch. A kernel is chosen by
//     architecture and dtype, never by row count.
package kernels
