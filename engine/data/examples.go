package data

import (
	"fmt"
	"slices"

	"croco/model/text"
)

// Example is a row as the trainer takes it. SFT has no rejected answer; where a whole text is trained on, the prompt
// is empty.
type Example struct {
	File                             string
	Line                             int
	Prompt, Chosen, Rejected         []int32
	ChosenLogprobs, RejectedLogprobs []float32 // of the answers' tokens, as the sampler recorded them; nil: no record
	Model                            string    // hash of the model that made the record
	Margin                           float64   // reward models: by how much the chosen answer is better
	Doubt                            float64   // reward models: 1 − target, the probability that the rejected answer is the better one
	Wanted                           []bool    // SFT: the tokens of Chosen that are trained on; nil: all
}

// Where is "file:line".
func (e Example) Where() string { return fmt.Sprintf("%s:%d", e.File, e.Line) }

// Options of reading.
type Options struct {
	Encoder   Encoder // nil: rows must hold token ids
	MaxLength int     // tokens of prompt and answer; 0: no limit
	Vocab     int     // ids at or above it are refused; 0: not checked
	// Whole is for reward models, which read a sequence as one: text is encoded in one piece, with no boundary between
	// prompt and answer, and what is longer than MaxLength is dropped where it would otherwise lose its end.
	Whole bool
	// AssistantOnly trains on what the assistant wrote, as the generation blocks of the chat template say. CompletionOnly
	// trains on the completion and not on the prompt; nil: where the row has the two. Both are for Completions.
	AssistantOnly  bool
	CompletionOnly *bool
	Ends           []int32 // the model's end tokens, of which an answer should hold one; empty: not checked
}

// Preferences turns rows into pairs of answers.
func Preferences(rows []Row, o Options) ([]Example, Report, error) {
	return each(rows, o, true)
}

// Completions turns rows into texts to imitate: prompt and completion, messages, text, or the chosen answers of pairs.
func Completions(rows []Row, o Options) ([]Example, Report, error) {
	return each(rows, o, false)
}

func each(rows []Row, o Options, pairs bool) ([]Example, Report, error) {
	report := Report{Rows: len(rows)}
	var kept []Example
	for _, row := range rows {
		e := Example{File: row.File, Line: row.Line}
		var err error
		switch {
		case row.Has("chosen_ids") || row.Has("completion_ids"):
			if err = row.fromIDs(&e, o, pairs); err == nil && !pairs {
				err = row.choose(&e, o, row.Has("prompt_ids"), nil)
			}
		case o.Encoder == nil:
			err = row.errorf("the model folder has no tokenizer, so rows must hold token ids (prompt_ids and so on); found %s", row.keys())
		case pairs:
			err = row.fromPair(&e, o, &report)
		default:
			err = row.fromText(&e, o, &report)
		}
		if err != nil {
			return nil, report, err
		}
		if e.fit(row, o, pairs, &report) {
			kept = append(kept, e)
		}
	}
	return kept, report, report.finish(len(kept))
}

// fromIDs takes the ids of a row as they are.
func (r Row) fromIDs(e *Example, o Options, pairs bool) (err error) {
	if r.Has("prompt_ids") {
		if e.Prompt, err = r.ids("prompt_ids", o.Vocab); err != nil {
			return err
		}
	}
	chosen := "chosen_ids"
	if !r.Has(chosen) {
		chosen = "completion_ids"
	}
	if e.Chosen, err = r.ids(chosen, o.Vocab); err != nil || !pairs {
		return err
	}
	if e.Rejected, err = r.ids("rejected_ids", o.Vocab); err != nil {
		return err
	}
	if e.ChosenLogprobs, err = r.logprobs("chosen_logprobs", len(e.Chosen)); err != nil {
		return err
	}
	if e.RejectedLogprobs, err = r.logprobs("rejected_logprobs", len(e.Rejected)); err != nil {
		return err
	}
	if r.Has("model") {
		if err := r.get("model", &e.Model, "the hash of the model that wrote the answers"); err != nil {
			return err
		}
	}
	return r.judgement(e)
}

// judgement reads how sure a pair is: margin, and target, the probability that the chosen answer is the better one.
func (r Row) judgement(e *Example) (err error) {
	if e.Margin, err = r.number("margin"); err != nil || !r.Has("target") {
		return err
	}
	target, err := r.number("target")
	if err == nil && !(target >= 0 && target <= 1) {
		err = r.errorf("key \"target\": expected a probability from 0 to 1 (0.5 for a tie), found %v", target)
	}
	e.Doubt = 1 - target
	return err
}

// fromPair encodes a row of text or messages with two answers.
func (r Row) fromPair(e *Example, o Options, report *Report) error {
	prompt, chosen, rejected, err := r.pair()
	if err != nil {
		return err
	}
	if prompt.empty() && !o.Whole {
		prompt, chosen, rejected = split(chosen, rejected)
	}
	if err := r.judgement(e); err != nil {
		return err
	}
	if e.Prompt, e.Chosen, err = r.encode(prompt, chosen, o, report); err != nil {
		return err
	}
	_, e.Rejected, err = r.encode(prompt, rejected, o, report)
	return err
}

// pair reads the pieces of a pair; a prompt that the row does not name is empty.
func (r Row) pair() (prompt, chosen, rejected piece, err error) {
	if chosen, err = r.piece("chosen"); err != nil {
		return
	}
	if rejected, err = r.piece("rejected"); err != nil {
		return
	}
	if chosen.chat != rejected.chat {
		return prompt, chosen, rejected, r.errorf("chosen and rejected must both be texts or both be messages")
	}
	if !r.Has("prompt") {
		return
	}
	if prompt, err = r.piece("prompt"); err == nil && prompt.chat != chosen.chat {
		err = r.errorf("prompt, chosen and rejected must all be texts or all be messages")
	}
	return
}

// fromText encodes a row of text or messages with one answer.
func (r Row) fromText(e *Example, o Options, report *Report) (err error) {
	var prompt, answer piece
	switch {
	case r.Has("messages"):
		answer, err = r.piece("messages")
	case r.Has("text"):
		answer, err = r.piece("text")
	case r.Has("chosen", "rejected"):
		var other piece
		if prompt, answer, other, err = r.pair(); err == nil && prompt.empty() {
			prompt, answer, _ = split(answer, other)
		}
	case r.Has("prompt", "completion"):
		if prompt, err = r.piece("prompt"); err == nil {
			answer, err = r.piece("completion")
		}
		if err == nil && prompt.chat != answer.chat {
			err = r.errorf("prompt and completion must both be texts or both be messages")
		}
	default:
		err = r.errorf("expected prompt and completion, messages, text, or prompt_ids and completion_ids; found %s", r.keys())
	}
	if err != nil {
		return err
	}
	if e.Prompt, e.Chosen, err = r.encode(prompt, answer, o, report); err != nil {
		return err
	}
	talk := prompt.add(answer)
	return r.choose(e, o, !prompt.empty(), &talk)
}

// choose applies CompletionOnly and AssistantOnly; talk is nil for a row of ids.
func (r Row) choose(e *Example, o Options, hasPrompt bool, talk *piece) error {
	if o.AssistantOnly {
		if talk == nil || !talk.chat {
			return r.errorf("assistant_only_loss needs messages, which say who wrote what; the row holds %s", r.keys())
		}
		ids, mask, err := o.Encoder.Assistant(talk.talk())
		if err != nil {
			return r.errorf("assistant_only_loss: %w", err)
		}
		if len(ids) != len(e.Prompt)+len(e.Chosen) {
			return r.errorf("assistant_only_loss: the conversation has %d tokens, prompt and answer %d", len(ids), len(e.Prompt)+len(e.Chosen))
		}
		if spoke := func(t turn) bool { return t.role == "assistant" }; !slices.Contains(mask, true) && slices.ContainsFunc(talk.turns, spoke) {
			return r.errorf("assistant_only_loss: %w", text.ErrNoGeneration)
		}
		e.Wanted = mask[len(e.Prompt):]
		if o.CompletionOnly != nil && !*o.CompletionOnly {
			e.Wanted = mask
		}
	}
	switch {
	case o.CompletionOnly == nil:
	case !*o.CompletionOnly:
		e.Prompt, e.Chosen = nil, slices.Concat(e.Prompt, e.Chosen)
	case !hasPrompt:
		return r.errorf("completion_only_loss needs a prompt and a completion; the row holds %s", r.keys())
	}
	return nil
}
