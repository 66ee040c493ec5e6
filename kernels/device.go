package kernels

import (
	"errors"

	"croco/kernels/forest"
)

// ErrNotImplemented is what an operation panics with on a device that does not have it. The support matrix of optest
// then says "no", which is not a fault; a wrong number is one.
var ErrNotImplemented = errors.New("kernels: not implemented on this device")

// Device holds tensors and computes on them. Operations may run asynchronously: Read and Sync wait. Wrong shapes
// panic, since they are programmers' errors; a fault of the hardware is kept and returned by the next Sync.
// A device serves one goroutine at a time.
type Device interface {
	// Name is "reference", "cpu" or "cuda"; Info is one line for people: instruction set, threads, memory.
	Name() string
	Info() string
	// Arithmetic is F32, or BF16 where both operands of every matrix product are rounded to bfloat16 first: of linear layers,
	// of the head, and of attention. Sums are float32 either way, and everything between products is.
	Arithmetic() DType

	// New returns a tensor with undefined contents, Free gives tensors back for reuse (nil is allowed).
	New(shape ...int) *Tensor
	Free(ts ...*Tensor)
	// Write copies from the host, Read to the host (after everything before it is done), Copy within the device.
	Write(dst *Tensor, src []float32)
	Read(dst []float32, src *Tensor)
	// ReadLater is Read that does not wait: dst is there when the next Read or Sync has returned. src may be freed at once.
	ReadLater(dst []float32, src *Tensor)
	Copy(dst, src *Tensor)
	Zero(t *Tensor)
	Sync() error

	// NewWeight packs raw, little-endian row-major values of an (out, in) matrix. raw may be a memory-mapped file: it
	// must stay valid while the weight is used. A trainable weight is widened to float32 and has a Master.
	NewWeight(name string, out, in int, dtype DType, raw []byte, trainable bool) *Weight
	// Refresh tells the device that w.Master has changed.
	Refresh(w *Weight)
	FreeWeight(w *Weight)

	Linears
	Rows
	Attention
	Head
	Losses
	Optimizer
}

// Extra continues the chain of a linear layer over R more columns: y += X (T,R) · B (N,R)ᵀ. LoRA passes X = α/r · x·Aᵀ.
type Extra struct {
	X *Tensor
	B *Weight
}

// Linears are the matrix products.
type Linears interface {
	// Linear computes y (T,N) = bias (N) or 0, + x (T,K) · W (N,K)ᵀ, + extra. bias and extra may be nil.
	Linear(y, x *Tensor, w *Weight, bias *Tensor, extra *Extra)
	// In the forward pass this was y = x · Wᵀ, so now dx (T,K) = dy (T,N) · W, or += where accumulate is set.
	LinearBackwardInput(dx, dy *Tensor, w *Weight, accumulate bool)
	// … and dw (N,K) += dyᵀ · x.
	LinearBackwardWeight(dw, dy, x *Tensor)
	// db (N) += the sum of the rows of dy (T,N).
	BiasBackward(db, dy *Tensor)

	// Embed copies rows: y[t] (T,C) = scale · table[ids[t]].
	Embed(y *Tensor, table *Weight, ids []int32, scale float32)
	// EmbedBackward adds dtable[ids[t]] += scale · dy[t], in the order of t. A negative id gets nothing.
	EmbedBackward(dtable, dy *Tensor, ids []int32, scale float32)
}

// Norm describes a normalisation over the last dimension.
type Norm struct {
	LayerNorm bool    // subtract the mean too (Cohere); otherwise RMSNorm
	Eps       float32 // added to the mean square, or to the variance
	Offset    float32 // the weight used is Offset + w: 1 for Gemma
}

// Rope describes a rotary position embedding. Cos and Sin are (positions, Dim/2); of each head the first Dim dimensions
// are rotated, the rest pass. Rotate-half pairs i with i + Dim/2, interleaved pairs 2i with 2i+1.
type Rope struct {
	Cos, Sin    *Tensor
	Dim         int
	Interleaved bool
}

// Activation is the non-linearity of a gated MLP.
type Activation uint8

const (
	SiLU Activation = iota
	GELUTanh
)

// Rows are the operations on token rows: they know nothing of the forest.
type Rows interface {
	// Normalize computes y = x / sqrt(mean x² + eps) · w over the last dimension. Shapes of y and x agree, w is (width) or nil.
	Normalize(y, x, w *Tensor, n Norm)
	// NormalizeBackward writes dx and adds to dw; dw is nil when w is frozen. dx may be dy.
	NormalizeBackward(dx, dw, dy, x, w *Tensor, n Norm)

	// Rotate turns x (T, heads·D) in place by the angles of positions (T); inverse turns back, which is its gradient.
	Rotate(x *Tensor, heads int, positions []int32, r Rope, inverse bool)

	// Gate computes y = act(gate) · up, all (T,F).
	Gate(y, gate, up *Tensor, act Activation)
	// GateBackward writes dgate and dup. They may be gate and up themselves, or dy.
	GateBackward(dgate, dup, dy, gate, up *Tensor, act Activation)

	// Add: y += x. Scale: y *= s.
	Add(y, x *Tensor)
	Scale(y *Tensor, s float32)
	// Softcap: y = limit · tanh(y / limit).
	Softcap(y *Tensor, limit float32)

	// Dropout: y = x · mask / (1−p), where the mask of element i is a function of (seed, i) alone. It is its own gradient.
	Dropout(y, x *Tensor, p float32, seed uint64)

	// GatherRows: y[i] = x[rows[i]]. ScatterRows: y = 0, then y[rows[i]] += x[i] in the order of i.
	GatherRows(y, x *Tensor, rows []int32)
	ScatterRows(y, x *Tensor, rows []int32)
	// PutRows: y[rows[i]] = x[i], the other rows stay. The rows are distinct: a cache takes up new keys and values.
	PutRows(y, x *Tensor, rows []int32)
}

// Attn are the constants of an attention layer.
type Attn struct {
	H, G, D int     // query heads, key/value heads, head width; query head h reads key/value head h / (H/G)
	Scale   float32 // of q·k
	Softcap float32 // 0: none; else scores become cap · tanh(score / cap) before the mask
	Window  int     // 0: none; else position i sees positions i−Window < j ≤ i
}

// Attention is the only operation that knows of the forest.
type Attention interface {
	// Attend computes out (Tq, H·D) for the query rows of plan. k and v are (rows, G·D): the packed batch itself in
	// training, a cache when sampling; plan says which row holds which position of which path. lse (Tq, H), the
	// log-sum-exp of each query's scores, is written where it is not nil: the backward pass wants it.
	Attend(out, lse, q, k, v *Tensor, plan *forest.Plan, a Attn)
	// AttendBackward writes dq, dk and dv. Here every row of k and v is also a query row (a training plan).
	AttendBackward(dq, dk, dv, dout, out, lse, q, k, v *Tensor, plan *forest.Plan, a Attn)
}

// Picks are the (row, token) pairs whose log-probabilities are wanted, sorted by row: several targets may share a row,
// and then share its log-sum-exp.
type Picks struct {
	Rows   []int32 // (P), ascending, rows of the hidden states
	Tokens []int32 // (P)
}

// Logits says how logits are made from hidden · Wᵀ: times Scale (0 counts as 1), then soft-capped where Softcap > 0.
type Logits struct {
	Scale, Softcap float32
}

// MaxLogits is how many logits a device lets exist at a time, where a single row has fewer: they are made in pieces.
const MaxLogits = 64 << 20

// HeadStats are optional values per pick, each (P) or nil where it is not wanted.
type HeadStats struct {
	Entropy   *Tensor // of the row's distribution, nats
	MeanLogit *Tensor // over the vocabulary
	Argmax    *Tensor // the likeliest token, lowest id first; a float32 holds every id below 2²⁴
	Collision *Tensor // ln Σ P², the log of the chance that two draws from the row's distribution P are equal
}

// Draw is how the next token of one row is chosen.
type Draw struct {
	Temperature       float32 // 0: the likeliest token
	TopK              int     // 0: off
	TopP, MinP        float32 // TopP 1 or 0: off; MinP 0: off
	RepetitionPenalty float32 // 1 or 0: off
	History           []int32 // ids that the penalty applies to (prompt and answer so far)
	Forbidden         []int32 // ids that may not be chosen now
	Forced            int32   // ≥ 0: this token is taken whatever the distribution says; −1: none
	Uniform           float64 // the random number in [0, 1) of this draw
}

// Head are the operations on the vocabulary.
type Head interface {
	// LogProbs writes logp[i] = log softmax(logits of row Rows[i])[Tokens[i]], in row chunks. logp is (P), h (T,C), w (V,C).
	LogProbs(logp *Tensor, stats *HeadStats, h *Tensor, w *Weight, p Picks, l Logits)
	// LogProbsBackward: with dlogp (P) the gradient of the picks, it writes dh (T,C) (zero where no pick is) and adds to dw (V,C),
	// which is nil when the head is frozen. Logits are computed again, chunk by chunk.
	LogProbsBackward(dh, dw, dlogp, h *Tensor, w *Weight, p Picks, l Logits)
	// Sample chooses a token for every row of logits (B,V), which it may overwrite, and writes its log-probability under the raw
	// logits: the same bits as LogProbs gives. Logits are final: scaled and soft-capped.
	Sample(tokens []int32, logp []float32, logits *Tensor, draws []Draw)
}

// Losses stand between the head's forward and backward pass.
type Losses interface {
	// PairLoss adds the log-probabilities logp (P) of the answers of B pairs up, in float64 and in the order of their tokens, and runs
	// tape on every pair. It writes the pairs' losses (B) and dlogp (P) = scale · d mean(losses) / d logp. losses are there when the
	// next Read or Sync has returned.
	PairLoss(losses []float64, dlogp, logp *Tensor, p Pairs, tape Tape, scale float64)
}

// AdamW are the constants of one update of one tensor.
type AdamW struct {
	LR, Beta1, Beta2, Eps, WeightDecay float64
	Step                               int     // 1 for the first update
	GradScale                          float64 // the gradient is multiplied by this first (clipping)
}

// Optimizer are the operations of a training step that are not of the model.
type Optimizer interface {
	// AdamW updates p, m and v from the gradient g: p −= lr·wd·p, then p −= lr · m̂ / (√v̂ + eps).
	AdamW(p, g, m, v *Tensor, a AdamW)
	// SumSquares is Σ x², in float64, over fixed blocks in order.
	SumSquares(x *Tensor) float64
}
