package demo

import (
	"bytes"
	"fmt"
	"time"

	"croco/engine/report"
	"croco/internal/jsonl"
	"croco/toyworld"
)

// page writes report.html: what the terminal shows, and more of it.
func (s *story) page(pool report.Ranked, raw, penalty comparison, shown examples, took time.Duration) error {
	t := toyworld.Tuning
	p := report.Report{
		Title:    "croco demo",
		Subtitle: fmt.Sprintf("%d tasks in %d languages, %d answers each, %.0f s", len(s.tasks), len(t.Languages), t.SamplesPerPrompt, took.Seconds()),
		Headline: s.verdict(raw, penalty),
	}
	add := func(title, lead string, blocks ...report.Block) {
		p.Sections = append(p.Sections, report.Section{Title: title, Lead: lead, Blocks: blocks})
	}
	add("One prompt and its answers", "In the order of the English reward model's raw scores. The quality beside them is the hidden truth: no stage of the loop sees it.", pool)
	add("The reward model's report card", "It has seen English prompts only. It judges answers in other languages nearly as well, and loves English.", report.Table{Grid: s.card.grid()})
	for _, arm := range []struct {
		title, lead string
		c           comparison
	}{
		{"(a) Tuned on raw scores", "The best answer of each pool is often one in English, so that is what the model learns.", raw},
		{"(b) The same answers, with a penalty", "Three standard deviations are taken off the scores of answers that are not in the language asked in.", penalty},
	} {
		blocks := report.Comparison(arm.c.sampled)
		blocks = append(blocks, report.Table{Caption: "The likeliest answer instead of sampled ones", Grid: arm.c.greedy.Grid("quality", "passes", "right language")},
			report.Paragraph(fmt.Sprintf("Translations that are wholly right, a skill that was not tuned: %.0f → %.0f %%.", 100*arm.c.translation[0], 100*arm.c.translation[1])))
		add(arm.title, arm.lead, blocks...)
	}
	var blocks []report.Block
	for _, x := range shown {
		tone := report.Good
		if x.AfterQuality < x.BeforeQuality {
			tone = report.Bad
		}
		blocks = append(blocks, report.Answers{Prompt: x.Prompt, Language: x.Language, Items: []report.Answer{
			{Label: "before", Score: fmt.Sprintf("%.0f %%", 100*x.BeforeQuality), Text: x.Before, Language: x.Language},
			{Label: "after", Score: fmt.Sprintf("%.0f %%", 100*x.AfterQuality), Text: x.After, Language: x.Language, Tone: tone}}})
	}
	add("Likeliest answers before and after (b)", "Gains and losses, the first of each that the test prompts hold.", blocks...)
	add("What this is", closing(took))
	var b bytes.Buffer
	if err := report.Write(&b, p); err != nil {
		return err
	}
	return jsonl.WriteFile(s.path("report.html"), b.Bytes())
}
