package model

import (
	"fmt"
	"slices"
	"strings"

	"croco/model/hub"
	"croco/model/safetensors"
)

// Describe tells a model on one screen: family, shape, parameters, what is unusual, and the memory that generating,
// scoring and DPO need for texts of the given lengths. It reads the headers of the weights only. name is as in Open.
func Describe(name string, lengths ...int) (string, error) {
	config, err := ReadConfig(name)
	if err != nil {
		return "", err
	}
	spec, err := config.Spec()
	if err != nil {
		return "", err
	}
	dir, err := hub.Resolve(name)
	if err != nil {
		return "", err
	}
	generation, err := readGeneration(dir, config)
	if err != nil {
		return "", err
	}
	source, err := openWeights(dir, config)
	if err != nil {
		return "", err
	}
	d := description{config: config, spec: spec, generation: generation, source: source}
	return d.text(name, lengths), source.Close()
}

// description is what Describe works on.
type description struct {
	config     *Config
	spec       *Spec
	generation Generation
	source     safetensors.Source
}

func (d description) text(name string, lengths []int) string {
	var b strings.Builder
	line := func(label, format string, args ...any) {
		fmt.Fprintf(&b, "%-15s%s\n", label, fmt.Sprintf(format, args...))
	}
	kind := "language model"
	if n := d.spec.Labels; n > 0 {
		kind = fmt.Sprintf("classifier of %d labels", n)
	}
	line("model", "%s", name)
	line("family", "%s (%s), a %s", d.config.ModelType, families[d.config.ModelType].about, kind)
	if d.config.Wrapper != "" {
		line("", "the text model inside a %s model; adapters carry its module names, merged models are text models alone", d.config.Wrapper)
	}
	line("shape", "%s", d.spec.Shape())
	count, bytes, dtypes := d.parameters()
	line("parameters", "%s in %s, %s", human(count), strings.Join(dtypes, " and "), Bytes(bytes))
	for i, text := range d.unusual() {
		line([]string{"unusual", ""}[min(i, 1)], "%s", text)
	}
	line("end", "ids %v end an answer; BOS %s, padding %s", d.generation.EOS, idOrNone(d.generation.BOS), idOrNone(d.spec.Pad))
	line("LoRA", "targets %s", strings.Join(d.spec.Targets(), ", "))
	d.memory(&b, bytes, lengths)
	return b.String()
}

// unusual are the differences from the base case, and what else deserves a look.
func (d description) unusual() []string {
	list := d.spec.Differences()
	switch {
	case d.spec.Labels > 0:
	case d.spec.Tied:
		list = append(list, "the head is the embedding table")
	}
	if len(d.generation.EOS) == 0 {
		list = append(list, "no end token is named: answers end by length alone")
	}
	if d.spec.Pad >= 0 && slices.Contains(d.generation.EOS, d.spec.Pad) {
		list = append(list, "the padding id ends answers too: its embedding learns nothing in full tuning, and a classifier skips it at the end")
	}
	if len(list) == 0 {
		return []string{"nothing"}
	}
	return list
}

// parameters counts weights, their bytes in the file, and names their dtypes, the commonest first.
func (d description) parameters() (count, bytes int64, dtypes []string) {
	by := map[string]int64{}
	for _, info := range d.spec.Tensors() {
		n := int64(elements(info.Shape))
		count += n
		if t, ok := d.source.Tensor(info.Name); ok {
			by[t.DType] += n
			bytes += int64(len(t.Data))
		}
	}
	dtypes = sorted(by)
	slices.SortStableFunc(dtypes, func(a, b string) int { return int(min(1, max(-1, by[b]-by[a]))) })
	return count, bytes, dtypes
}

// What the estimates assume.
const (
	describedTexts = 16 // that are generated side by side
	describedRank  = 16 // of LoRA on all projections
)

// memory writes a table of estimates: of weights, activations, caches, and what training adds.
func (d description) memory(b *strings.Builder, weights int64, lengths []int) {
	if len(lengths) == 0 {
		lengths = []int{512, 2048}
	}
	s := d.spec
	adapter := int64(0)
	for _, p := range s.projections() {
		out, in, _ := s.linear(p)
		adapter += int64(describedRank * (out + in) * len(s.Layers))
	}
	fmt.Fprintf(b, "%-15s%-18s%-18s%-18s%s\n", "memory", fmt.Sprintf("generate %d texts", describedTexts), "score a text",
		"DPO, one pair", "with checkpointing")
	for _, n := range lengths {
		generate := weights + int64(describedTexts*n*s.rowBytes()) + s.activations(n, 0, false, false) + s.logits(describedTexts, false)
		score := weights + s.activations(n, 0, false, false) + s.logits(n, false)
		dpo := func(checkpointing bool) int64 {
			return weights + 16*adapter + s.activations(2*n, describedRank, true, checkpointing) + s.logits(2*n, true)
		}
		note := ""
		if n > s.Positions {
			note = "   longer than the context"
		}
		fmt.Fprintf(b, "%-15s%-18s%-18s%-18s%s%s\n", fmt.Sprintf("  %d tokens", n), Bytes(generate), Bytes(score),
			Bytes(dpo(false)), Bytes(dpo(true)), note)
	}
}

func idOrNone(id int32) string {
	if id < 0 {
		return "none"
	}
	return fmt.Sprint(id)
}

// human is a count with three digits.
func human(n int64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, "B"}, {1e6, "M"}, {1e3, "k"}} {
		if float64(n) >= u.size {
			return fmt.Sprintf("%.3g %s", float64(n)/u.size, u.name)
		}
	}
	return fmt.Sprint(n)
}

// Bytes is a size for people: 1.5 GB.
func Bytes(n int64) string {
	if n < 1e9 {
		return fmt.Sprintf("%.3g MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.3g GB", float64(n)/1e9)
}
