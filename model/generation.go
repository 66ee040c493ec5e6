package model

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"croco/model/hub"
)

// Generation is what a model's folder recommends for sampling. Zero values are recommendations that are absent.
type Generation struct {
	EOS      []int32 // ids that end an answer
	BOS, Pad int32   // −1: none
	DoSample bool
	Temperature, TopP, MinP,
	RepetitionPenalty float64
	TopK int
}

// ReadGeneration reads what a model recommends, without its weights.
func ReadGeneration(name string) (Generation, error) {
	config, err := ReadConfig(name)
	if err != nil {
		return Generation{}, err
	}
	dir, err := hub.Resolve(name)
	if err != nil {
		return Generation{}, err
	}
	return readGeneration(dir, config)
}

// readGeneration reads generation_config.json of a folder or GGUF file, where there is one. Its end-of-text ids win over
// config.json's.
func readGeneration(dir string, config *Config) (Generation, error) {
	c := config.reader()
	g := Generation{EOS: c.ids("eos_token_id"), BOS: first(c.ids("bos_token_id")), Pad: first(c.ids("pad_token_id"))}
	if c.err != nil {
		return g, c.err
	}
	path := hub.Path(dir, generationFile)
	raw, err := hub.ReadFile(dir, generationFile)
	if errors.Is(err, fs.ErrNotExist) {
		return g, nil
	}
	if err != nil {
		return g, err
	}
	keys, err := uniqueKeys(raw)
	if err != nil {
		return g, fmt.Errorf("%s: %w", path, err)
	}
	r := &reader{file: path, keys: keys, used: map[string]bool{}}
	if ids := r.ids("eos_token_id"); len(ids) > 0 {
		g.EOS = ids
	}
	if ids := r.ids("bos_token_id"); len(ids) > 0 {
		g.BOS = ids[0]
	}
	if ids := r.ids("pad_token_id"); len(ids) > 0 {
		g.Pad = ids[0]
	}
	g.DoSample = r.boolean("do_sample", false)
	g.Temperature = r.real("temperature", 0)
	g.TopP, g.MinP = r.real("top_p", 0), r.real("min_p", 0)
	g.RepetitionPenalty = r.real("repetition_penalty", 0)
	r.decode("top_k", &g.TopK)
	g.EOS = slices.Compact(g.EOS)
	return g, r.err
}

// file is the content of a generation_config.json.
func (g Generation) file() map[string]any {
	f := map[string]any{"do_sample": g.DoSample}
	put := func(key string, there bool, v any) {
		if there {
			f[key] = v
		}
	}
	put("eos_token_id", len(g.EOS) > 0, g.EOS)
	put("bos_token_id", g.BOS >= 0, g.BOS)
	put("pad_token_id", g.Pad >= 0, g.Pad)
	put("temperature", g.Temperature != 0, g.Temperature)
	put("top_p", g.TopP != 0, g.TopP)
	put("min_p", g.MinP != 0, g.MinP)
	put("top_k", g.TopK != 0, g.TopK)
	put("repetition_penalty", g.RepetitionPenalty != 0, g.RepetitionPenalty)
	return f
}

func first(ids []int32) int32 {
	if len(ids) == 0 {
		return -1
	}
	return ids[0]
}
