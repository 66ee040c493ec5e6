package model

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/forest"
	"croco/model/safetensors"
)

// pair is a row of pairs-*.jsonl.
type pair struct {
	Prompt   []int32 `json:"prompt_ids"`
	Chosen   []int32 `json:"chosen_ids"`
	Rejected []int32 `json:"rejected_ids"`
}

func readPairs(t *testing.T, path string) (pairs []pair) {
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	for s := bufio.NewScanner(bytes.NewReader(raw)); s.Scan(); {
		var p pair
		require.NoError(t, json.Unmarshal(s.Bytes(), &p))
		pairs = append(pairs, p)
	}
	return pairs
}

// baseOf is the model's folder that a training fixture names.
func baseOf(t *testing.T, name string) string { return filepath.Join(fixtures(t, "models"), name) }

// Log-probs and LoRA gradients of PEFT, float64: dlogp is given, so no loss is computed here.
func TestFixturesAdapterGradients(t *testing.T) {
	cases, err := filepath.Glob(filepath.Join(fixtures(t, "training"), "*", "losses.json"))
	require.NoError(t, err)
	require.NotEmpty(t, cases)
	for name, dev := range devices(t) {
		for _, path := range cases {
			checkAdapterGradients(t, name, path, dev)
		}
	}
}

func checkAdapterGradients(t *testing.T, device, path string, dev kernels.Device) {
	var c struct {
		Model, Data, Adapter string
		Rows                 []int
		Chosen               []float64 `json:"chosen_logps"`
		Rejected             []float64 `json:"rejected_logps"`
		RefChosen            []float64 `json:"ref_chosen_logps"`
		RefRejected          []float64 `json:"ref_rejected_logps"`
		Losses               map[string]struct {
			GradNorm  float64   `json:"grad_norm"`
			DChosen   []float64 `json:"dloss_dlogp_chosen"`
			DRejected []float64 `json:"dloss_dlogp_rejected"`
		}
	}
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &c))
	dir, l := filepath.Dir(path), limitsOf(dev.Arithmetic())
	pairs := readPairs(t, filepath.Join(dir, "..", c.Data))[c.Rows[0]:c.Rows[1]]
	grads, err := safetensors.Open(filepath.Join(dir, "grads.safetensors"))
	require.NoError(t, err)
	defer grads.Close()

	m, err := Open(baseOf(t, c.Model), Options{Device: dev})
	require.NoError(t, err)
	defer m.Close()
	require.NoError(t, m.LoadAdapter(filepath.Join(dir, c.Adapter), true))

	var seqs [][]int32
	for _, p := range pairs {
		seqs = append(seqs, append(append([]int32{}, p.Prompt...), p.Chosen...), append(append([]int32{}, p.Prompt...), p.Rejected...))
	}
	f := forest.Build(seqs)
	answer := func(i int) kernels.Picks { // the picks of sequence i
		all, n := follow(f, i, seqs[i]), len(pairs[i/2].Prompt)-1
		return kernels.Picks{Rows: all.Rows[n:], Tokens: all.Tokens[n:]}
	}
	logps := func(what string, chosen, rejected []float64) {
		h := m.Forward(f, false)
		defer h.Free()
		for i := range seqs {
			want := [][]float64{chosen, rejected}[i%2][i/2]
			picks := answer(i)
			require.InDelta(t, want, sum(m.LogProbs(h, picks)), l.sequence(l.spreads(m, h, picks.Rows)), "%s, sequence %d", what, i)
		}
	}
	t.Run(device+"/"+filepath.Base(dir)+"/logps", func(t *testing.T) {
		logps("adapter on", c.Chosen, c.Rejected)
		require.True(t, m.SetAdapter(false))
		logps("adapter off", c.RefChosen, c.RefRejected)
		require.False(t, m.SetAdapter(true))
	})
	for name, loss := range c.Losses {
		if loss.DChosen == nil {
			continue // a token-wise loss
		}
		t.Run(device+"/"+filepath.Base(dir)+"/"+name, func(t *testing.T) {
			m.ZeroGrads()
			h := m.Forward(f, true)
			picks, dlogp := sortPicks(len(seqs), answer, func(i int) float64 { return [][]float64{loss.DChosen, loss.DRejected}[i%2][i/2] })
			m.BackwardLogProbs(h, picks, dlogp)
			h.Free()
			squares, largest := 0.0, 0.0
			for _, p := range m.Params() {
				squares += dev.SumSquares(p.Grad)
				for _, g := range m.read(p.Grad) {
					largest = max(largest, math.Abs(float64(g)))
				}
			}
			require.InEpsilon(t, loss.GradNorm, math.Sqrt(squares), l.norm)
			for _, p := range m.Params() {
				if want, ok := grads.Tensor(name + "/" + p.Name); ok {
					w, err := want.Floats()
					require.NoError(t, err)
					check := Check{}
					l.gradient(&check, p.Name, m.read(p.Grad), w, largest)
					require.True(t, check.OK(), check.Where)
				}
			}
		})
	}
}

// sortPicks joins the picks of n sequences by row, with the gradient that each sequence has.
func sortPicks(n int, picks func(int) kernels.Picks, gradient func(int) float64) (all kernels.Picks, dlogp []float32) {
	type one struct {
		row, token int32
		d          float32
	}
	var list []one
	for i := range n {
		p := picks(i)
		for j := range p.Rows {
			list = append(list, one{p.Rows[j], p.Tokens[j], float32(gradient(i))})
		}
	}
	slices.SortStableFunc(list, func(a, b one) int { return int(a.row - b.row) })
	for _, o := range list {
		all.Rows, all.Tokens, dlogp = append(all.Rows, o.row), append(all.Tokens, o.token), append(dlogp, o.d)
	}
	return all, dlogp
}

// What PEFT's adapters make models compute.
func TestFixturesAdapterLogits(t *testing.T) {
	cases, err := filepath.Glob(filepath.Join(fixtures(t, "training"), "*", "expected.json"))
	require.NoError(t, err)
	for name, dev := range devices(t) {
		for _, path := range cases {
			dir := filepath.Dir(path)
			t.Run(name+"/"+filepath.Base(dir)+"/logits", func(t *testing.T) {
				e, err := readExpected(dir)
				require.NoError(t, err)
				defer e.arrays.Close()
				m, err := Open(baseOf(t, strings.TrimPrefix(filepath.Base(dir), "lora-")), Options{Device: dev})
				require.NoError(t, err)
				defer m.Close()
				require.NoError(t, m.LoadAdapter(filepath.Join(dir, "adapter"), true))
				f := forest.Build(e.InputIDs)
				h := m.Forward(f, false)
				defer h.Free()
				for i := range e.InputIDs {
					logits := m.Logits(h, f.Path(i))
					want, ok, err := e.array(fmt.Sprintf("seq%d.logits", i), logits.Len())
					require.NoError(t, err)
					require.True(t, ok)
					check := Check{}
					limitsOf(dev.Arithmetic()).rows(&check, "logits", m.read(logits), want, m.Spec.Vocab)
					require.True(t, check.OK(), check.Where)
					m.device.Free(logits)
				}
			})
		}
	}
}

// Every adapter folder loads on its base, is saved as PEFT saved it, byte for byte, and merges to what it computes.
func TestFixturesAdapters(t *testing.T) {
	configs, err := filepath.Glob(filepath.Join(fixtures(t, "training"), "*", "*", adapterConfigFile))
	require.NoError(t, err)
	require.NotEmpty(t, configs)
	for name, dev := range devices(t) {
		for _, path := range configs {
			dir := filepath.Dir(path)
			t.Run(name+"/"+filepath.Base(filepath.Dir(dir))+"/"+filepath.Base(dir), func(t *testing.T) {
				var c struct {
					Base string `json:"base_model_name_or_path"`
				}
				raw, err := os.ReadFile(path)
				require.NoError(t, err)
				require.NoError(t, json.Unmarshal(raw, &c))
				base := baseOf(t, filepath.Base(c.Base))
				report, err := VerifyAdapter(dir, base, dev)
				require.NoError(t, err)
				require.True(t, report.OK(), report.String())

				m, err := Open(base, Options{Device: dev})
				require.NoError(t, err)
				defer m.Close()
				require.NoError(t, m.LoadAdapter(dir, true))
				out := t.TempDir()
				require.NoError(t, m.SaveAdapter(out))
				want, err := os.ReadFile(filepath.Join(dir, adapterFile))
				require.NoError(t, err)
				got, err := os.ReadFile(filepath.Join(out, adapterFile))
				require.NoError(t, err)
				require.True(t, bytes.Equal(want, got), "%s differs from PEFT's", adapterFile)
				m.RemoveAdapter()
				require.NoError(t, m.LoadAdapter(out, false))
			})
		}
	}
}
