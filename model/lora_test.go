package model

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/reference"
	"croco/model/safetensors"
)

func open(t *testing.T, name string) *Model {
	m, err := Open(filepath.Join("testdata", "models", name), Options{Device: reference.New()})
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	return m
}

func TestAddLoRA(t *testing.T) {
	m := open(t, "qwen3")
	require.NoError(t, m.AddLoRA(LoRA{R: 4, Alpha: 8, Targets: []string{"v_proj", "gate_proj"}, Seed: 3}))
	var names []string
	for _, p := range m.Params() {
		names = append(names, p.Name)
		require.True(t, p.Decay)
		values, bound := m.values(p), 1/math.Sqrt(40)
		for _, v := range values {
			if p.Shape[0] == 4 { // A is (4,40), uniform in ±1/√40
				require.LessOrEqual(t, math.Abs(float64(v)), bound)
			} else {
				require.Zero(t, v)
			}
		}
		if p.Shape[0] == 4 {
			require.Greater(t, apart(values, make([]float32, len(values))), 0.9*bound)
		}
	}
	require.Equal(t, "base_model.model.model.layers.0.self_attn.v_proj.lora_A.weight", names[0])
	require.Equal(t, "base_model.model.model.layers.1.mlp.gate_proj.lora_B.weight", names[7])
	require.Len(t, names, 8)
	require.ErrorContains(t, m.AddLoRA(LoRA{R: 4, Alpha: 8, Targets: []string{"v_proj"}}), "has an adapter already")
	require.Equal(t, 2.0, LoRA{R: 4, Alpha: 8}.scale())
	require.Equal(t, 4.0, LoRA{R: 4, Alpha: 8, RSLora: true}.scale())
}

func TestAddLoRARefuses(t *testing.T) {
	good := LoRA{R: 4, Alpha: 8, Targets: []string{"q_proj"}}
	for want, change := range map[string]func(*LoRA){
		`LoRA target "w_proj" is unknown: expected all-linear or some of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj`: func(l *LoRA) { l.Targets = []string{"w_proj"} },
		"LoRA needs targets":              func(l *LoRA) { l.Targets = nil },
		"LoRA rank 0: expected 1 or more": func(l *LoRA) { l.R = 0 },
		"LoRA alpha 0: expected":          func(l *LoRA) { l.Alpha = 0 },
		"LoRA dropout 1: expected":        func(l *LoRA) { l.Dropout = 1 },
	} {
		l := good
		change(&l)
		require.ErrorContains(t, open(t, "qwen3").AddLoRA(l), want)
	}
	m, err := Open("testdata/models/qwen3", Options{Device: reference.New(), Trainable: All})
	require.NoError(t, err)
	defer m.Close()
	require.ErrorContains(t, m.AddLoRA(good), "needs a frozen base")
}

// Where nothing below is trained, nothing below is computed: the gradients above are the same.
func TestLowestAdapter(t *testing.T) {
	m := open(t, "llama-tied")
	require.NoError(t, m.AddLoRA(LoRA{R: 2, Alpha: 4, Targets: []string{"all-linear"}, Seed: 1}))
	m.disturb()
	all := m.gradientsOf(m.texts(2, 9, 12))
	require.Equal(t, 0, m.lowestTrained())
	for i := range 2 { // freeze the two lowest blocks by hand
		for _, lin := range m.blocks[i].present() {
			l := lin.lora
			l.a.grad, l.b.grad = nil, nil
		}
	}
	require.Equal(t, 2, m.lowestTrained())
	for name, grad := range m.gradientsOf(m.texts(2, 9, 12)) {
		if zero := make([]float32, len(grad)); !strings.Contains(name, "layers.2.") {
			require.Equal(t, zero, grad, name)
		} else {
			require.Equal(t, all[name], grad, name)
			require.NotEqual(t, zero, grad)
		}
	}
}

// adapterOf writes an adapter of a fixture model to a folder and returns it with its config for editing.
func adapterOf(t *testing.T, name string, l LoRA) (dir string, config map[string]any) {
	m := open(t, name)
	require.NoError(t, m.AddLoRA(l))
	m.disturb()
	dir = t.TempDir()
	require.NoError(t, m.SaveAdapter(dir))
	raw, err := os.ReadFile(filepath.Join(dir, adapterConfigFile))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &config))
	return dir, config
}

func TestAdapterConfigFile(t *testing.T) {
	dir, _ := adapterOf(t, "llama-seqcls", LoRA{R: 2, Alpha: 4, Targets: []string{"v_proj", "down_proj"}})
	raw, err := os.ReadFile(filepath.Join(dir, adapterConfigFile))
	require.NoError(t, err)
	require.Equal(t, `{
  "alpha_pattern": {},
  "auto_mapping": null,
  "base_model_name_or_path": "testdata/models/llama-seqcls",
  "bias": "none",
  "fan_in_fan_out": false,
  "inference_mode": true,
  "init_lora_weights": true,
  "layers_pattern": null,
  "layers_to_transform": null,
  "lora_alpha": 4,
  "lora_dropout": 0.0,
  "modules_to_save": [
    "classifier",
    "score"
  ],
  "peft_type": "LORA",
  "r": 2,
  "rank_pattern": {},
  "revision": null,
  "target_modules": [
    "down_proj",
    "v_proj"
  ],
  "task_type": "SEQ_CLS",
  "use_dora": false,
  "use_rslora": false
}
`, string(raw))
	f, err := safetensors.Open(filepath.Join(dir, adapterFile))
	require.NoError(t, err)
	defer f.Close()
	require.Contains(t, f.Names(), "base_model.model.score.weight")
	require.Len(t, f.Names(), 2*2*2+1)
}

// A classifier's adapter brings its own score, which SetAdapter switches too.
func TestClassifierAdapter(t *testing.T) {
	dir, _ := adapterOf(t, "llama-seqcls", LoRA{R: 2, Alpha: 4, Targets: []string{"v_proj"}})
	m := open(t, "llama-seqcls")
	ids := []int32{3, 4, 5}
	base := m.outputs(ids)
	require.NoError(t, m.LoadAdapter(dir, true))
	require.NotEqual(t, base, m.outputs(ids))
	require.NotNil(t, m.headGrad())
	m.SetAdapter(false)
	require.Equal(t, base, m.outputs(ids))
	report, err := VerifyAdapter(dir, "testdata/models/llama-seqcls", reference.New())
	require.NoError(t, err)
	require.True(t, report.OK(), report.String())
}

// Settings that change the maths, and keys that fit nothing, are refused by name.
func TestLoadAdapterRefuses(t *testing.T) {
	type tensors = map[string]safetensors.Tensor
	l := LoRA{R: 2, Alpha: 4, Targets: []string{"q_proj", "up_proj"}}
	const a = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
	for _, c := range []struct {
		key    string
		value  any
		change func(tensors)
		want   string
	}{
		{"use_dora", true, nil, `"use_dora": unknown key with value true`},
		{"bias", "all", nil, `"bias": "all" is not supported, only "none"`},
		{"peft_type", "IA3", nil, `"peft_type": "IA3" is not supported`},
		{"rank_pattern", map[string]int{"q_proj": 8}, nil, `"rank_pattern": unknown key`},
		{"modules_to_save", []string{"lm_head"}, nil, `"modules_to_save": unknown key`},
		{"task_type", "SEQ_CLS", nil, `"task_type": "SEQ_CLS" is not supported, only "CAUSAL_LM"`},
		{"init_lora_weights", "pissa", nil, `"init_lora_weights": "pissa" is not supported`},
		{"target_modules", nil, nil, `"target_modules": is missing`},
		{"target_modules", []string{"q_proj", "k_proj"}, nil, "are missing: base_model.model.model.layers.0.self_attn.k_proj.lora_A.weight"},
		{"r", 3, nil, `shape [2 48], expected [3 48]`},
		{"r", 0, nil, `"r": expected a number above 0`},
		{"lora_dropout", 1.5, nil, `"lora_dropout": expected 0 or more and below 1, found 1.5`},
		{"", nil, func(x tensors) { x["base_model.model.language_"+a[17:]] = x[a]; delete(x, a) }, "keys that match no module of the base model: base_model.model.language_model.layers.0"},
		{"", nil, func(x tensors) { delete(x, a) }, "are missing: " + a},
		{"", nil, func(x tensors) { bump(x[a], 7, float32(math.NaN())) }, "element 7 is NaN or infinite"},
	} {
		dir, config := adapterOf(t, "llama-untied-rope3", l)
		if c.change != nil {
			rewrite(t, filepath.Join(dir, adapterFile), filepath.Join(dir, adapterFile), c.change)
		} else {
			config[c.key] = c.value
			require.NoError(t, writeJSON(filepath.Join(dir, adapterConfigFile), config))
		}
		m := open(t, "llama-untied-rope3")
		err := m.LoadAdapter(dir, false)
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, dir)
		require.False(t, m.HasAdapter())
	}
}

// Merging into a bfloat16 file rounds W + s·B·A once; everything else is copied byte for byte.
func TestSaveMerged(t *testing.T) {
	dir, _ := adapterOf(t, "qwen2-bf16", LoRA{R: 2, Alpha: 3, RSLora: true, Targets: []string{"k_proj"}})
	base := copyOf(t, "qwen2-bf16", func(map[string]safetensors.Tensor) {})
	require.NoError(t, os.WriteFile(filepath.Join(base, "tokenizer.json"), []byte("{…}\r\n"), 0o644))
	m, err := Open(base, Options{Device: reference.New()})
	require.NoError(t, err)
	defer m.Close()
	require.NoError(t, m.LoadAdapter(dir, false))
	require.ErrorContains(t, m.SaveMerged(base, false), "is the folder that the model was read from")
	out := t.TempDir()
	require.NoError(t, m.SaveMerged(out, false))
	for _, name := range []string{"config.json", "generation_config.json", "tokenizer.json"} {
		want, err := os.ReadFile(filepath.Join(base, name))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(out, name))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	merged, err := Open(out, Options{Device: reference.New()})
	require.NoError(t, err)
	defer merged.Close()
	for _, info := range m.Spec.Tensors() {
		old, _ := m.source.Tensor(info.Name)
		now, _ := merged.source.Tensor(info.Name)
		require.Equal(t, "BF16", now.DType)
		if !strings.Contains(info.Name, "k_proj.weight") {
			require.Equal(t, old.Data, now.Data)
			continue
		}
		pair := m.pairOf(info.Name)
		w, a, b := must(old.Floats()), m.read(pair.a.w.Master), m.read(pair.b.w.Master)
		for i, v := range must(now.Floats()) {
			row, col := i/48, i%48
			exact := float64(w[i])
			for r := range 2 {
				exact += 3 / math.Sqrt2 * float64(b[row*2+r]) * float64(a[r*48+col])
			}
			require.InDelta(t, exact, float64(v), math.Abs(exact)/256, "within half of bfloat16's last place")
		}
	}
}

// In float32 the merged model computes what the adapter beside its base does.
func TestSaveMergedInFloat32(t *testing.T) {
	dir, _ := adapterOf(t, "qwen2-bf16", LoRA{R: 2, Alpha: 3, RSLora: true, Targets: []string{"k_proj"}})
	m, err := Open(filepath.Join("testdata", "models", "qwen2-bf16"), Options{Device: reference.New()})
	require.NoError(t, err)
	defer m.Close()
	require.NoError(t, m.LoadAdapter(dir, false))
	out := t.TempDir()
	require.NoError(t, m.SaveMerged(out, true))
	merged, err := Open(out, Options{Device: reference.New()})
	require.NoError(t, err)
	defer merged.Close()
	ids := m.sampleIDs(20)
	require.Less(t, apart(merged.outputs(ids), m.outputs(ids)), 1e-5)
}

func must(x []float32, err error) []float32 {
	if err != nil {
		panic(err)
	}
	return x
}

// Rounding to bfloat16 by way of float32 would round twice: 1 + 2⁻⁸ + 2⁻³⁰ lies above the tie, but not in float32.
func TestRoundOnce(t *testing.T) {
	x := 1 + math.Pow(2, -8) + math.Pow(2, -30)
	twice := safetensors.Encode([]float32{float32(x)}, kernels.BF16)
	once := safetensors.Encode([]float32{roundFor(x, kernels.BF16)}, kernels.BF16)
	require.Equal(t, []byte{0x80, 0x3f}, twice)
	require.Equal(t, []byte{0x81, 0x3f}, once)
	require.Equal(t, float32(x), roundFor(x, kernels.F32))
	below := 1 + 3*math.Pow(2, -8) - math.Pow(2, -30) // below a tie that float32 reaches, and whose even side is above
	require.Equal(t, []byte{0x82, 0x3f}, safetensors.Encode([]float32{float32(below)}, kernels.BF16))
	require.Equal(t, []byte{0x81, 0x3f}, safetensors.Encode([]float32{roundFor(below, kernels.BF16)}, kernels.BF16))
	require.Equal(t, []byte{0x81, 0xbf}, safetensors.Encode([]float32{roundFor(-x, kernels.BF16)}, kernels.BF16))
}
