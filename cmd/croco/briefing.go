package main

import (
	"fmt"
	"strings"

	"croco/engine/trainer"
	"croco/model"
	"croco/model/text"
)

// briefing is the one screen before training: what a mistake would show in.
func (t *console) briefing(s trainer.Summary, a trainer.Args) {
	t.say("data: %s: %s", a.TrainFile, s.Train)
	if s.Eval.Rows > 0 {
		t.say("evaluation data: %s", s.Eval)
	}
	t.say("tokens of a sequence: %s", percentiles(s.Lengths))
	t.say("the first example:\n%s", t.example(s, a.ModelNameOrPath))
	t.say("steps: %d, epochs: %d, examples of a step: %d × %d", s.Steps, s.Epochs, a.PerDeviceTrainBatchSize, a.GradientAccumulationSteps)
	if s.ResumedAt > 0 {
		t.say("resumed after step %d", s.ResumedAt)
	}
	t.say("trainable parameters: %s", grouped(s.Trainable))
	t.say("%s", memoryText(s.Needs, t.memory(), s.Checkpointing))
}

// percentiles describes ascending lengths.
func percentiles(lengths []int) string {
	if len(lengths) == 0 {
		return "none"
	}
	at := func(share int) int { return lengths[share*(len(lengths)-1)/100] }
	return fmt.Sprintf("shortest %d, half up to %d, 90 %% up to %d, 99 %% up to %d, longest %d", at(0), at(50), at(90), at(99), at(100))
}

// example is an example as the model sees it, special tokens included; ids where there is no tokenizer.
func (t *console) example(s trainer.Summary, dir string) string {
	codec, _ := text.Open(dir) // the trainer has opened it before
	show := func(ids []int32) string {
		if codec == nil {
			return fmt.Sprint(ids)
		}
		return codec.Tokenizer.Decode(ids, false)
	}
	e := s.Example
	parts := []struct {
		name   string
		colour int
		ids    []int32
	}{{"prompt", 36, e.Prompt}, {"chosen", 32, e.Chosen}, {"rejected", 31, e.Rejected}}
	if e.Rejected == nil {
		parts[1].name, parts = "completion", parts[:2]
	}
	var b strings.Builder
	for _, p := range parts {
		body := strings.ReplaceAll(clip(show(p.ids), 400), "\n", "\n  "+strings.Repeat(" ", 11))
		if t.tty {
			body = fmt.Sprintf("\x1b[%dm%s\x1b[0m", p.colour, body)
		}
		fmt.Fprintf(&b, "  %-10s %s\n", p.name, body)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// clip keeps the beginning of a text.
func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// memoryText is the plan of the memory that training needs, beside what is there, and says which knob to turn.
func memoryText(n model.Needs, m memory, checkpointing bool) string {
	how := "kept"
	if checkpointing {
		how = "computed again"
	}
	text := fmt.Sprintf("memory: about %s needed: %v; activations are %s", model.Bytes(n.Total()), n, how)
	if m.total == 0 {
		return text
	}
	text += fmt.Sprintf("; %s of %s free", model.Bytes(m.free), model.Bytes(m.total))
	switch {
	case n.ToCome() <= m.free:
	case !checkpointing:
		text += ": that may not be enough; try --gradient_checkpointing true"
	default:
		text += ": that may not be enough; try a smaller --per_device_train_batch_size with more --gradient_accumulation_steps, or a smaller --max_length"
	}
	return text
}

// grouped writes 1234567 as 1,234,567.
func grouped(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
