package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"croco/kernels"
	"croco/model/hub"
	"croco/model/safetensors"
)

// The files of a PEFT adapter folder, and what every name in it begins with.
const (
	adapterConfigFile = "adapter_config.json"
	adapterFile       = "adapter_model.safetensors"
	adapterPrefix     = "base_model.model."
)

// adapterKey is the name of a LoRA matrix, which is "A" or "B": base_model.model.<path>.lora_A.weight.
func adapterKey(module, which string) string {
	return adapterPrefix + module + ".lora_" + which + ".weight"
}

// LoadAdapter puts the adapter of a PEFT folder beside the frozen base. Where trainable is set it is trained on. Keys
// that match no module, modules that miss a key, and settings that change the maths and are not supported are errors.
func (m *Model) LoadAdapter(name string, trainable bool) error {
	dir, err := hub.Resolve(name)
	if err != nil {
		return err
	}
	l, targets, err := m.readAdapterConfig(filepath.Join(dir, adapterConfigFile))
	if err != nil {
		return err
	}
	file, err := safetensors.Open(filepath.Join(dir, adapterFile))
	if err != nil {
		return err
	}
	defer file.Close()
	found, score, err := m.match(file, l, targets)
	if err != nil {
		return err
	}
	values := func(name string, shape []int) []float32 { return found[name] }
	target := func(lin *linear) bool { return found[adapterKey(lin.path, "A")] != nil }
	return m.attach(l, target, values, score, trainable)
}

// readAdapterConfig reads adapter_config.json. targets is nil where the file's keys decide alone.
func (m *Model) readAdapterConfig(path string) (l LoRA, targets []string, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return l, nil, fmt.Errorf("%w: an adapter folder needs an %s", err, adapterConfigFile)
	}
	keys, err := uniqueKeys(raw)
	if err != nil {
		return l, nil, fmt.Errorf("%s: %w", path, err)
	}
	r := &reader{file: path, keys: keys, used: map[string]bool{}}
	r.must("peft_type", `"LORA"`)
	if !r.has("peft_type") {
		r.fail("peft_type", "is missing, expected \"LORA\"")
	}
	l = LoRA{R: r.size("r", 0), Alpha: r.positive("lora_alpha", 0), Dropout: r.real("lora_dropout", 0), RSLora: r.boolean("use_rslora", false)}
	if !(l.Dropout >= 0 && l.Dropout < 1) {
		r.fail("lora_dropout", "expected 0 or more and below 1, found %v", l.Dropout)
	}
	if m.Spec.Labels > 0 {
		r.must("task_type", `"SEQ_CLS"`)
		m.savedModules(r)
	} else {
		r.must("task_type", `"CAUSAL_LM"`)
	}
	r.must("bias", `"none"`)
	r.must("init_lora_weights", "true", "false", `"gaussian"`)
	if r.has("target_modules") && r.keys["target_modules"][0] == '[' {
		r.decode("target_modules", &targets)
		slices.Sort(targets)
		l.Targets = targets
	} else if r.str("target_modules", "") == "" { // a pattern or all-linear
		r.fail("target_modules", "is missing")
	}
	r.unread(adapterHarmless)
	return l, targets, r.err
}

// adapterHarmless are keys of adapter_config.json that say nothing about the forward pass.
var adapterHarmless = set(`auto_mapping base_model_name_or_path inference_mode megatron_core peft_version qalora_group_size
	revision eva_config corda_config lora_ga_config loftq_config layers_pattern`)

// savedModules checks modules_to_save of a classifier: PEFT lists classifier and score, whichever the model has.
func (m *Model) savedModules(r *reader) {
	var saved []string
	r.decode("modules_to_save", &saved)
	for _, s := range saved {
		if s != "score" && s != "classifier" {
			r.fail("modules_to_save", "%q is not supported, only score", s)
		}
	}
}

// match reads the file's tensors and checks them against the model's modules and the config's targets.
func (m *Model) match(file *safetensors.File, l LoRA, targets []string) (found map[string][]float32, score []float32, err error) {
	shapes := map[string][]int{}
	if m.Spec.Labels > 0 {
		shapes[adapterPrefix+scoreName] = []int{m.Spec.Labels, m.Spec.Width}
	}
	var missing, extra []string
	for _, b := range m.blocks {
		for _, lin := range b.present() {
			for which, shape := range map[string][]int{"A": {l.R, lin.w.In}, "B": {lin.w.Out, l.R}} {
				shapes[adapterKey(lin.path, which)] = shape
			}
		}
	}
	found = map[string][]float32{}
	for _, stored := range file.Names() {
		t, _ := file.Tensor(stored)
		name := m.currentKey(stored)
		shape, ok := shapes[name]
		switch {
		case !ok:
			extra = append(extra, stored)
			continue
		case !slices.Equal(shape, t.Shape):
			return nil, nil, t.Errorf("shape %v, expected %v of this model and r = %d", t.Shape, shape, l.R)
		}
		if ok, at := t.Finite(); !ok {
			return nil, nil, t.Errorf("element %d is NaN or infinite: the adapter is damaged", at)
		}
		if found[name], err = t.Floats(); err != nil {
			return nil, nil, err
		}
	}
	if len(extra) > 0 {
		return nil, nil, fmt.Errorf("%s: keys that match no module of the base model: %s; expected names like %s",
			file.Path, few(extra), adapterKey(m.blocks[0].present()[0].path, "A"))
	}
	for name := range shapes {
		if found[name] == nil && m.wanted(name, targets, found) {
			missing = append(missing, name)
		}
	}
	if _, invented := m.source.(scored); invented && found[adapterPrefix+scoreName] == nil {
		missing = append(missing, adapterPrefix+scoreName)
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return nil, nil, fmt.Errorf("%s: keys that target_modules %v wants are missing: %s", file.Path, targets, few(missing))
	}
	if len(found) == 0 {
		return nil, nil, fmt.Errorf("%s: holds no LoRA matrices", file.Path)
	}
	return found, found[adapterPrefix+scoreName], nil
}

// currentKey is a key as transformers names modules now: those of a multimodal model have moved.
func (m *Model) currentKey(key string) string {
	if rest, ok := strings.CutPrefix(key, adapterPrefix+oldInnerPath); ok && m.Config.Wrapper != "" {
		return adapterPrefix + innerPath + rest
	}
	return key
}

// wanted reports whether a key must be there: its module is a target by PEFT's rule (its path is the target, or ends in
// it), or its other half is there. A classifier's score may be absent if its base has one.
func (m *Model) wanted(key string, targets []string, found map[string][]float32) bool {
	module, half, isLoRA := strings.Cut(strings.TrimPrefix(key, adapterPrefix), ".lora_")
	if !isLoRA {
		return false
	}
	other := adapterKey(module, map[string]string{"A.weight": "B", "B.weight": "A"}[half])
	return found[other] != nil || slices.ContainsFunc(targets, func(t string) bool {
		return module == t || strings.HasSuffix(module, "."+t)
	})
}

// SaveAdapter writes the adapter as a PEFT folder: float32, keys sorted, the config with the keys that PEFT and vLLM
// want and no others. A classifier's score is saved in full.
func (m *Model) SaveAdapter(dir string) error {
	a := m.adapter
	if a == nil {
		return fmt.Errorf("%s: the model has no adapter to save", dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var items []safetensors.Item
	for _, t := range a.tensors() {
		items = append(items, safetensors.FromFloats(t.name, t.value.Shape, m.read(t.value), kernels.F32))
	}
	if err := safetensors.Write(filepath.Join(dir, adapterFile), items); err != nil {
		return err
	}
	return writeJSON(filepath.Join(dir, adapterConfigFile), m.adapterConfig())
}

// adapterConfig is the content of adapter_config.json.
func (m *Model) adapterConfig() map[string]any {
	l, task := m.adapter.config, "CAUSAL_LM"
	var saved []string
	if m.Spec.Labels > 0 {
		task, saved = "SEQ_CLS", []string{"classifier", "score"}
	}
	targets := map[string]bool{}
	for _, lin := range m.adapter.linears {
		targets[lin.slot.name()] = true
	}
	return map[string]any{
		"alpha_pattern": struct{}{}, "auto_mapping": nil, "base_model_name_or_path": m.Name, "bias": "none",
		"fan_in_fan_out": false, "inference_mode": true, "init_lora_weights": true, "layers_pattern": nil,
		"layers_to_transform": nil, "lora_alpha": l.Alpha, "lora_dropout": json.RawMessage(decimal(l.Dropout)),
		"modules_to_save": saved, "peft_type": "LORA", "r": l.R, "rank_pattern": struct{}{}, "revision": nil,
		"target_modules": m.targetModules(sorted(targets)), "task_type": task, "use_dora": false, "use_rslora": l.RSLora,
	}
}

// targetModules is the value of target_modules: a list of names, or a pattern where modules of other parts of a multimodal
// model have the same names.
func (m *Model) targetModules(names []string) any {
	if m.Config.Wrapper == "" {
		return names
	}
	return regexp.QuoteMeta(innerPath) + `layers\..*\.(` + strings.Join(names, "|") + ")"
}

// decimal writes a number as Python does: 0.0, not 0.
func decimal(x float64) string {
	s := strconv.FormatFloat(x, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

// writeJSON writes a value with sorted keys and an indent of 2, in place when it is whole.
func writeJSON(path string, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return safetensors.Atomically(path, func(w io.Writer) error {
		_, err := w.Write(b.Bytes())
		return err
	})
}
