package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"croco/engine/trainer"
	"croco/model/gguf"
)

// closing are the commands that load what training left.
func closing(kind trainer.Kind, a trainer.Args) []string {
	class := "AutoModelForCausalLM"
	if kind == trainer.Reward {
		class = "AutoModelForSequenceClassification"
	}
	base, out := a.ModelNameOrPath, a.OutputDir
	if !a.UsePEFT {
		lines := []string{"model in " + out + "; to load it:", fmt.Sprintf("  Transformers  %s.from_pretrained(%q)", class, out)}
		if kind != trainer.Reward {
			lines = append(lines, "  vLLM          vllm serve "+out, "  llama.cpp     python convert_hf_to_gguf.py "+out)
		}
		return lines
	}
	merge := fmt.Sprintf("  croco      croco merge --model_name_or_path %s --adapter %s --out DIR", base, out)
	if gguf.Is(base) { // which the others take from a folder only
		return []string{"adapter in " + out + "; to make a model's folder of it and its base, for PEFT, vLLM and llama.cpp:", merge}
	}
	lines := []string{"adapter in " + out + "; to load it:",
		fmt.Sprintf("  PEFT       PeftModel.from_pretrained(%s.from_pretrained(%q), %q)", class, base, out)}
	if kind != trainer.Reward {
		lines = append(lines,
			fmt.Sprintf("  vLLM       vllm serve %s --enable-lora --max-lora-rank %d --lora-modules croco=%s", base, servedRank(rank(out, a.LoraR)), out),
			fmt.Sprintf("  llama.cpp  python convert_lora_to_gguf.py --base %s %s", base, out))
	}
	return append(lines, merge)
}

// rank is that of an adapter's folder: an adapter that training went on with has its own.
func rank(dir string, otherwise int) int {
	var config struct{ R int }
	raw, err := os.ReadFile(filepath.Join(dir, "adapter_config.json"))
	if err != nil || json.Unmarshal(raw, &config) != nil || config.R == 0 {
		return otherwise
	}
	return config.R
}

// servedRank is the smallest of the ranks that vLLM's --max-lora-rank takes which holds r; r itself beyond the largest.
func servedRank(r int) int {
	for _, rank := range []int{8, 16, 32, 64, 128, 256, 320, 512} {
		if r <= rank {
			return rank
		}
	}
	return r
}
