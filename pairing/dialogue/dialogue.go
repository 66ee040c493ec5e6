// Package dialogue turns examples of conversations into the texts and token ids that trainers take, as Hong et al.
// (arXiv 2410.18027; IQ-KAIST/rm-lingual-transfer, src/utils.py) do.
//
//	Formatter.Format   an example for SFT, DPO or ORPO → texts
//	Formatter.Pair     an example for a reward model → token ids
//	Formatter.Batch    many such examples at once
//	Messages           a list of turns → messages
//	MentionsSystem     whether a chat template knows a system turn
//
// The released mapping for reward models is written for batches, but is called for one example, where it walks over
// single turns and fails; Pair formats whole conversations, which is what Batch gives and the authors' batch would have.
package dialogue

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"croco/model/chat"
	"croco/pairing/python"
)

// Formatter is a tokenizer as far as examples need one.
type Formatter struct {
	Render func(messages []chat.Message, generationPrompt bool) (string, error)
	BOS    string                    // taken off the front of answers; "" for none
	System bool                      // put an empty system turn before prompts that begin with another one
	IDs    func(text string) []int32 // without special tokens of its own
}

// MentionsSystem looks for a system turn in a chat template, or for ChatML, which has one.
func MentionsSystem(template string) bool {
	return strings.Contains(template, "system") || strings.Contains(template, "<|im_start|>")
}

// WithSystem puts an empty system turn first, unless one is there.
func WithSystem(turns []any) []any {
	if len(turns) > 0 {
		if first, ok := turns[0].(*python.Object); ok && first.Get("role") == "system" {
			return turns
		}
	}
	return slices.Insert(slices.Clone(turns), 0, any(python.Dict("role", "system", "content", "")))
}

// Messages reads a list of objects with role and content.
func Messages(value any) ([]chat.Message, error) {
	turns, ok := value.([]any)
	if !ok || len(turns) == 0 {
		return nil, fmt.Errorf("expected a list of turns with role and content, found %.60s", python.Dumps(value))
	}
	messages := make([]chat.Message, len(turns))
	for i, turn := range turns {
		o, ok := turn.(*python.Object)
		if !ok {
			return nil, fmt.Errorf("turn %d: expected an object with role and content, found %.60s", i+1, python.Dumps(turn))
		}
		if _, ok := o.Lookup("content"); !ok {
			return nil, fmt.Errorf("turn %d: expected the key content, found %q", i+1, o.Keys)
		}
		if err := messages[i].UnmarshalJSON([]byte(python.Dumps(o))); err != nil {
			return nil, fmt.Errorf("turn %d: %w", i+1, err)
		}
	}
	return messages, nil
}

// Format adds to a copy of the example its texts: for SFT, text, of messages; for DPO and ORPO, text_prompt, text_chosen
// and text_rejected. The prompt is the example's own list, if it has one, and otherwise all turns of chosen but the
// last; then only the last turns of chosen and rejected are their texts.
func (f Formatter) Format(example *python.Object, kind string) (*python.Object, error) {
	out := python.Copy(example).(*python.Object)
	switch strings.ToLower(kind) {
	case "sft":
		turns, err := f.prompt(out.Get("messages"))
		if err == nil {
			out.Set("messages", turns)
			err = f.add(out, "text", turns, "")
		}
		return out, err
	case "dpo", "orpo":
		return out, f.preference(out)
	}
	return nil, fmt.Errorf("kind: expected SFT, DPO or ORPO, found %q", kind)
}

func (f Formatter) preference(out *python.Object) error {
	for _, key := range []string{"chosen", "rejected"} {
		v, ok := out.Lookup(key)
		if !ok {
			return fmt.Errorf("expected the keys chosen and rejected, found %q", out.Keys)
		}
		if _, err := Messages(v); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	chosen, rejected := out.Get("chosen").([]any), out.Get("rejected").([]any)
	_, notTurns := Messages(out.Get("prompt"))
	prompt, own := out.Get("prompt"), notTurns == nil
	if !own {
		if len(chosen) < 2 {
			return errors.New("chosen: expected a prompt before the last turn, found one turn")
		}
		prompt = chosen[:len(chosen)-1]
		chosen, rejected = chosen[len(chosen)-1:], rejected[len(rejected)-1:]
	}
	turns, err := f.prompt(prompt)
	if err != nil {
		return err
	}
	if own {
		out.Set("prompt", turns)
	}
	return errors.Join(f.add(out, "text_prompt", turns, ""), f.add(out, "text_chosen", chosen, f.BOS), f.add(out, "text_rejected", rejected, f.BOS))
}

// prompt is a list of turns, with the system turn that the template wants.
func (f Formatter) prompt(value any) ([]any, error) {
	if _, err := Messages(value); err != nil {
		return nil, err
	}
	turns := value.([]any)
	if f.System {
		turns = WithSystem(turns)
	}
	return turns, nil
}

func (f Formatter) add(out *python.Object, key string, turns []any, bos string) error {
	messages, err := Messages(turns)
	if err != nil {
		return err
	}
	text, err := f.Render(messages, false)
	if err != nil {
		return err
	}
	out.Set(key, strings.TrimPrefix(text, bos))
	return nil
}

// IDs are a reward model's pair: both conversations whole, without a generation prompt.
type IDs struct{ Chosen, Rejected []int32 }

// Pair formats one example, whose chosen and rejected are conversations.
func (f Formatter) Pair(example *python.Object) (p IDs, err error) {
	for _, side := range []struct {
		key string
		ids *[]int32
	}{{"chosen", &p.Chosen}, {"rejected", &p.Rejected}} {
		messages, err := Messages(example.Get(side.key))
		if err != nil {
			return p, fmt.Errorf("%s: %w", side.key, err)
		}
		text, err := f.Render(messages, false)
		if err != nil {
			return p, fmt.Errorf("%s: %w", side.key, err)
		}
		*side.ids = f.IDs(text)
	}
	return p, nil
}

// Batch formats an example whose chosen and rejected are lists of conversations, side by side.
func (f Formatter) Batch(example *python.Object) ([]IDs, error) {
	chosen, err := example.List("chosen")
	rejected, err2 := example.List("rejected")
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	if len(chosen) != len(rejected) {
		return nil, fmt.Errorf("expected as many rejected conversations as chosen ones, found %d and %d", len(rejected), len(chosen))
	}
	pairs := make([]IDs, len(chosen))
	for i := range chosen {
		if pairs[i], err = f.Pair(python.Dict("chosen", chosen[i], "rejected", rejected[i])); err != nil {
			return nil, fmt.Errorf("conversation %d: %w", i+1, err)
		}
	}
	return pairs, nil
}
