package model

import (
	"errors"
	"fmt"
	"strings"
)

// FamilyTable is a Markdown table of the families and what each does.
func FamilyTable() (string, error) {
	var b strings.Builder
	fmt.Fprintln(&b, "| `model_type` | generate | score | LoRA | full | adapter out | what distinguishes it |")
	fmt.Fprintln(&b, "|---|---|---|---|---|---|---|")
	var errs error
	for _, name := range knownFamilies() {
		f := families[name]
		config, err := ParseConfig(name, fmt.Appendf(nil, sampleConfig, name))
		if err == nil {
			var s *Spec
			if s, err = config.Spec(); err == nil {
				score := "yes"
				if f.classifier == "" {
					score = "in croco only"
				}
				fmt.Fprintf(&b, "| `%s` | yes | %s | `%s` | yes | PEFT | %s |\n", name, score, strings.Join(s.Targets(), "`, `"), f.about)
			}
		}
		errs = errors.Join(errs, err)
	}
	return b.String(), errs
}

// sampleConfig is the least that a config of any family must say.
const sampleConfig = `{"model_type": %q, "vocab_size": 200000, "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 12,
	"num_attention_heads": 4, "num_key_value_heads": 4}`
