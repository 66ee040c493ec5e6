package model

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/cpu"
	"croco/kernels/forest"
	"croco/kernels/reference"
)

// onCPU opens a fixture model on the cpu device.
func onCPU(t *testing.T, name string, o Options) *Model {
	d, err := cpu.New(1)
	require.NoError(t, err)
	o.Device = d
	m, err := Open(filepath.Join("testdata", "models", name), o)
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	return m
}

// allModels are the fixture language models: every family, every exception.
var allModels = []string{"llama-tied", "llama-untied-rope3", "mistral", "qwen2-bf16", "qwen3", "gemma3", "cohere2",
	"gemma2", "phi3", "cohere", "cohere-qknorm", "olmo2", "smollm3", "smollm3-sliding", "llama-bias-linear", "llama-yarn", "qwen2-window-yarn"}

// texts are n random texts that share their first ids.
func (m *Model) texts(shared int, lengths ...int) (seqs [][]int32) {
	for i, n := range lengths {
		seq := make([]int32, n)
		for j := range seq {
			seed := uint64(7)
			if j >= shared {
				seed = uint64(100 + i)
			}
			seq[j] = int32(kernels.Uniform(seed, uint64(j)) * float64(m.Spec.Vocab))
		}
		seqs = append(seqs, seq)
	}
	return seqs
}

// hiddenOf are the hidden states of every sequence, computed in one forest.
func (m *Model) hiddenOf(seqs [][]int32) [][]float32 {
	f := forest.Build(seqs)
	h := m.Forward(f, false)
	defer h.Free()
	out := make([][]float32, len(seqs))
	for i := range seqs {
		out[i] = m.gather(h.Hidden, f.Path(i))
	}
	return out
}

// A sequence has the same bits alone, in a forest, and in a forest in another order.
func TestHiddenStatesDoNotDependOnTheBatch(t *testing.T) {
	for _, name := range allModels {
		m := onCPU(t, name, Options{})
		seqs := m.texts(70, 75, 130, 71, 90)
		together := m.hiddenOf(seqs)
		reversed := m.hiddenOf([][]int32{seqs[3], seqs[2], seqs[1], seqs[0]})
		for i := range seqs {
			require.Equal(t, together[i], m.hiddenOf(seqs[i : i+1])[0], "%s alone", name)
			require.Equal(t, together[i], reversed[len(seqs)-1-i], "%s reversed", name)
		}
	}
}

// What Step computes through a cache, a prompt in two pieces and then token after token of several samples in pages that
// lie anywhere, is what Forward computes: bit for bit, hidden states and the log-probs that Sample reports.
func TestStepIsForward(t *testing.T) {
	const shared, length, page = 83, 150, 64
	for _, name := range allModels {
		m := onCPU(t, name, Options{})
		seqs := m.texts(shared, length, length, length)
		want := m.hiddenOf(seqs)
		cache := m.NewCache(2*page + 3*3*page)
		defer cache.Free()

		// The trunk: positions 0 … 82 in two pages of the cache, the second before the first.
		segments := []forest.Segment{{Parent: -1, Start: page, Len: page}, {Parent: 0, Start: 0, Len: shared - page, Offset: page}}
		row := func(s forest.Segment, pos int) int32 { return int32(s.Start + pos - s.Offset) }
		got := make([][]float32, 3)
		for _, piece := range [][2]int{{0, 50}, {50, page}, {page, shared}} {
			seg := piece[0] / page
			var positions, rows []int32
			for pos := piece[0]; pos < piece[1]; pos++ {
				positions, rows = append(positions, int32(pos)), append(rows, row(segments[seg], pos))
			}
			plan := &forest.Plan{Segments: append([]forest.Segment{}, segments[:seg+1]...),
				Runs: []forest.Run{{Segment: seg, First: piece[0] - segments[seg].Offset, Len: len(rows)}}}
			plan.Segments[seg].Len = piece[1] - segments[seg].Offset
			hidden := m.Step(seqs[0][piece[0]:piece[1]], positions, rows, plan, cache)
			values := m.read(hidden)
			m.device.Free(hidden)
			for i := range got {
				got[i] = append(got[i], values...)
			}
		}
		// The samples: each token of all three in one step.
		leaf := []int{1, 1, 1}
		next := 2 * page
		for pos := shared; pos < length; pos++ {
			var tokens, positions, rows []int32
			var runs []forest.Run
			for i := range seqs {
				if pos == shared || pos%page == 0 {
					segments = append(segments, forest.Segment{Parent: leaf[i], Start: next, Offset: pos})
					leaf[i], next = len(segments)-1, next+page
				}
				s := &segments[leaf[i]]
				s.Len++
				tokens, positions = append(tokens, seqs[i][pos]), append(positions, int32(pos))
				rows = append(rows, row(*s, pos))
				runs = append(runs, forest.Run{Row: i, Segment: leaf[i], First: pos - s.Offset, Len: 1})
			}
			hidden := m.Step(tokens, positions, rows, &forest.Plan{Segments: segments, Runs: runs}, cache)
			values := m.read(hidden)
			for i := range got {
				got[i] = append(got[i], values[i*m.Spec.Width:(i+1)*m.Spec.Width]...)
			}
			m.device.Free(hidden)
		}
		for i := range seqs {
			require.Equal(t, want[i], got[i], "%s, sample %d", name, i)
		}
	}
}

// The log-probability that Sample reports of a token is the one that LogProbs computes.
func TestSampledLogProbIsLogProb(t *testing.T) {
	for _, name := range allModels {
		m := onCPU(t, name, Options{})
		seqs := m.texts(0, 40)
		f := forest.Build(seqs)
		h := m.Forward(f, false)
		picks := follow(f, 0, seqs[0])
		want := m.LogProbs(h, picks)
		logits := m.Logits(h, picks.Rows)
		draws := make([]kernels.Draw, len(picks.Rows))
		for i := range draws {
			draws[i] = kernels.Draw{Temperature: 0.7, TopP: 0.9, Forced: picks.Tokens[i]}
		}
		tokens, got := make([]int32, len(draws)), make([]float32, len(draws))
		m.device.Sample(tokens, got, logits, draws)
		require.Equal(t, want, got, name)
		m.device.Free(logits)
		h.Free()
	}
}

// gradientsOf are the gradients of −mean log-prob of the texts, or of the sum of scores of a classifier.
func (m *Model) gradientsOf(seqs [][]int32) map[string][]float32 {
	m.ZeroGrads()
	m.SetDropoutSeed(5)
	f := forest.Build(seqs)
	h := m.Forward(f, true)
	if m.Spec.Labels > 0 {
		d := make([]float32, len(seqs)*m.Spec.Labels)
		for i := range d {
			d[i] = 1
		}
		m.BackwardScores(h, f.Ends, d)
	} else {
		picks, dlogp := sortPicks(len(seqs), func(i int) kernels.Picks { return follow(f, i, seqs[i]) }, func(int) float64 { return -0.1 })
		m.BackwardLogProbs(h, picks, dlogp)
	}
	h.Free()
	out := map[string][]float32{}
	for _, p := range m.Params() {
		out[p.Name] = m.read(p.Grad)
	}
	return out
}

// Checkpointing computes again what it did not keep: the gradients have the same bits, with and without LoRA.
func TestCheckpointingChangesNoBit(t *testing.T) {
	for _, name := range append(allModels, "qwen3-seqcls") {
		var grads [2]map[string][]float32
		for i, checkpointing := range []bool{false, true} {
			m := onCPU(t, name, Options{Trainable: All, Checkpointing: checkpointing})
			grads[i] = m.gradientsOf(m.texts(9, 30, 21))
		}
		require.Equal(t, grads[0], grads[1], name)
		for i, checkpointing := range []bool{false, true} {
			m := onCPU(t, name, Options{Checkpointing: checkpointing})
			require.NoError(t, m.AddLoRA(LoRA{R: 3, Alpha: 6, Dropout: 0.2, Targets: []string{"all-linear"}, Seed: 4}))
			m.disturb()
			grads[i] = m.gradientsOf(m.texts(9, 30, 21))
		}
		require.Equal(t, grads[0], grads[1], name+" with LoRA")
	}
}

// disturb makes every trained value a little different, so that B is not zero.
func (m *Model) disturb() {
	for _, p := range m.Params() {
		values := m.values(p)
		for i := range values {
			values[i] += float32(0.1 * (kernels.Uniform(nameSeed(p.Name), uint64(i)) - 0.5))
		}
		m.device.Write(p.Value, values)
	}
	m.Updated()
}

// A new adapter changes no bit of the forward pass, nor the hash; a disturbed one changes both, and switched off neither.
func TestFreshAdapterChangesNoBit(t *testing.T) {
	for _, name := range append(allModels, "llama-seqcls") {
		m := onCPU(t, name, Options{})
		seqs := m.texts(5, 33, 20)
		want, hash := m.hiddenOf(seqs), m.Hash()
		require.NoError(t, m.AddLoRA(LoRA{R: 16, Alpha: 32, Targets: []string{"all-linear"}, Seed: 1}))
		require.Equal(t, want, m.hiddenOf(seqs), name)
		require.Equal(t, hash, m.Hash())
		m.disturb()
		require.NotEqual(t, want, m.hiddenOf(seqs))
		require.NotEqual(t, hash, m.Hash())
		m.SetAdapter(false)
		require.Equal(t, want, m.hiddenOf(seqs))
		require.Equal(t, hash, m.Hash())
	}
}

// With dropout, too, gradients are those of the function that Forward computes: LoRA's against differences of the loss.
func TestDropoutGradients(t *testing.T) {
	m, err := Open("testdata/models/llama-seqcls", Options{Device: reference.New()})
	require.NoError(t, err)
	defer m.Close()
	require.NoError(t, m.AddLoRA(LoRA{R: 2, Alpha: 4, Dropout: 0.3, Targets: []string{"q_proj", "v_proj", "down_proj"}, Seed: 4}))
	m.disturb()
	seqs := m.texts(3, 9, 7)
	grads := m.gradientsOf(seqs)
	loss := func() (sum float64) {
		f := forest.Build(seqs)
		h := m.Forward(f, true)
		defer h.Free()
		for _, s := range m.Scores(h, f.Ends) {
			sum += float64(s)
		}
		return sum
	}
	const eps = 1e-2
	for _, p := range m.Params() {
		values := m.values(p)
		for _, at := range []int{0, len(values) / 2, len(values) - 1} {
			var moved [2]float64
			old := values[at]
			for i, step := range []float32{eps, -eps} {
				values[at] = old + step
				m.device.Write(p.Value, values)
				m.Updated()
				moved[i] = loss()
			}
			values[at] = old
			m.device.Write(p.Value, values)
			m.Updated()
			numeric := (moved[0] - moved[1]) / (2 * eps)
			require.InDelta(t, numeric, float64(grads[p.Name][at]), 2e-3+2e-2*math.Abs(numeric), "%s[%d]", p.Name, at)
		}
	}
}
