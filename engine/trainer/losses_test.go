package trainer

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/dpo"
	"croco/engine/data"
	"croco/kernels"
	"croco/model"
	"croco/model/safetensors"
)

// zoo is a losses.json: losses of one adapter on one batch, in float64.
type zoo struct {
	Model, Data, Adapter string
	Rows                 [2]int
	ChosenLogps          []float64 `json:"chosen_logps"`
	RejectedLogps        []float64 `json:"rejected_logps"`
	RefChosen            []float64 `json:"ref_chosen_logps"`
	RefRejected          []float64 `json:"ref_rejected_logps"`
	ChosenTokens         []float64 `json:"chosen_tokens"`
	RejectedTokens       []float64 `json:"rejected_tokens"`
	Losses               map[string]struct {
		Terms          [][2]any
		Beta           float64
		LabelSmoothing float64 `json:"label_smoothing"`
		DiscopopTau    float64 `json:"discopop_tau"`
		SimPOGamma     float64 `json:"simpo_gamma"`
		CPOAlpha       float64 `json:"cpo_alpha"`
		FDivergence    string  `json:"f_divergence_type"`
		FAlpha         float64 `json:"f_alpha_divergence_coef"`
		Loss           float64
		GradNorm       float64   `json:"grad_norm"`
		PerPair        []float64 `json:"per_pair"`
		DChosen        []float64 `json:"dloss_dlogp_chosen"`
		DRejected      []float64 `json:"dloss_dlogp_rejected"`
	}
}

// terms splits the objective's terms into names and weights.
func terms(list [][2]any) (out []dpo.Term, tokenwise bool) {
	for _, t := range list {
		out = append(out, dpo.Term{Loss: t[0].(string), Weight: t[1].(float64)})
		tokenwise = tokenwise || t[0] == "sft"
	}
	return out, tokenwise
}

func TestFixturesLosses(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(fixtures(t, "training"), "*", "losses.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, path := range files {
		dir := filepath.Dir(path)
		var z zoo
		load(t, path, &z)
		grads, err := safetensors.Open(filepath.Join(dir, "grads.safetensors"))
		require.NoError(t, err)
		for system, d := range systems() {
			for name, want := range z.Losses {
				t.Run(system+"/"+filepath.Base(dir)+"/"+name, func(t *testing.T) {
					list, tokenwise := terms(want.Terms)
					o, err := dpo.New(list, dpo.Options{Beta: want.Beta, LabelSmoothing: want.LabelSmoothing, DiscopopTau: want.DiscopopTau,
						SimPOGamma: want.SimPOGamma, CPOAlpha: want.CPOAlpha, FDivergence: want.FDivergence, FAlpha: want.FAlpha})
					require.NoError(t, err)

					// The formula alone, from float64 log-probabilities.
					v, err := o.Value(&dpo.Inputs{Chosen: z.ChosenLogps, Rejected: z.RejectedLogps, RefChosen: z.RefChosen,
						RefRejected: z.RefRejected, ChosenN: z.ChosenTokens, RejectedN: z.RejectedTokens})
					require.NoError(t, err)
					require.InDelta(t, want.Loss, v.Loss, 1e-9)
					if !tokenwise {
						require.InDeltaSlice(t, want.PerPair, v.PerPair, 1e-9)
						require.InDeltaSlice(t, want.DChosen, v.DChosen, 1e-9)
						require.InDeltaSlice(t, want.DRejected, v.DRejected, 1e-9)
					}
					throughModel(t, d, z, dir, o, want.Loss, want.GradNorm, func(tensor string) (safetensors.Tensor, bool) {
						return grads.Tensor(name + "/" + tensor)
					})
				})
			}
		}
	}
}

// throughModel compares the loss and the gradients of the adapter that one forward and backward pass gives.
func throughModel(t *testing.T, d kernels.Device, z zoo, dir string, o *dpo.Objective, loss, gradNorm float64, want func(string) (safetensors.Tensor, bool)) {
	m, err := model.Open(filepath.Join(fixtures(t, "models"), z.Model), model.Options{Device: d})
	require.NoError(t, err)
	defer m.Close()
	require.NoError(t, m.LoadAdapter(filepath.Join(dir, z.Adapter), true))
	rows, err := data.Read(filepath.Join(filepath.Dir(dir), z.Data))
	require.NoError(t, err)
	examples, _, err := data.Preferences(rows, data.Options{})
	require.NoError(t, err)
	var pairs []dpo.Pair
	for i, e := range examples[z.Rows[0]:z.Rows[1]] {
		pairs = append(pairs, dpo.Pair{Prompt: e.Prompt, Chosen: e.Chosen, Rejected: e.Rejected, RefChosen: z.RefChosen[i], RefRejected: z.RefRejected[i]})
	}
	b := o.NewBatch(pairs)
	h := m.Forward(b.Forest, true)
	got, dlogp, _, err := b.Loss(m.LogProbs(h, b.Picks), nil, 1)
	require.NoError(t, err)
	l := toleranceOf(d.Arithmetic())
	require.InDelta(t, loss, got, l.loss*max(1, loss))
	m.BackwardLogProbs(h, b.Picks, dlogp)
	h.Free()

	optimizer := newAdamW(m, &Args{})
	require.InEpsilon(t, gradNorm, optimizer.norm(), l.gradNorm)
	for _, p := range m.Params() {
		w, ok := want(p.Name)
		if !ok {
			continue
		}
		exact, err := w.Floats()
		require.NoError(t, err)
		values := make([]float32, p.Grad.Len())
		m.Device().Read(values, p.Grad)
		for i := range exact {
			require.InDelta(t, exact[i], values[i], l.gradient*gradNorm, p.Name)
		}
	}
}
