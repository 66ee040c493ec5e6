package eval

import (
	"fmt"
	"strings"
)

// Headline is what the table shows, in plain sentences: the score, the truth where it is known, the language of the
// answers, and what should make a reader doubt the score.
func (t Table) Headline() []string {
	var out []string
	total := t.Total()
	for _, q := range quantities {
		switch q.name {
		case "score", "quality", "passes", "right language":
			if s := t.sentence(q); s != "" {
				out = append(out, s)
			}
		}
	}
	return append(out, doubts(total)...)
}

// sentence says where one quantity rose, where it fell, where nothing can be said.
func (t Table) sentence(q quantity) string {
	places := map[Verdict][]string{}
	for _, r := range t.languages() {
		v := q.of(r).Verdict()
		places[v] = append(places[v], r.Name)
	}
	subject := map[string]string{"score": "The score", "quality": "True quality", "passes": "The share of right answers",
		"right language": "The share of answers in the right language"}[q.name]
	var parts []string
	say := func(v Verdict, format string) {
		if len(places[v]) > 0 {
			parts = append(parts, fmt.Sprintf(format, list(places[v])))
		}
	}
	say(Gained, "rose in %s")
	say(Lost, "fell in %s")
	say(WithinNoise, "stayed within noise in %s")
	say(TooFew, "was measured on too few prompts in %s")
	if len(parts) == 0 {
		return ""
	}
	s := subject + " " + list(parts)
	if total := q.of(t.Total()); total.Prompts > 0 {
		f, unit := t.format(q), ""
		if q.percent {
			unit = " %"
		}
		if len(t.languages()) > 1 {
			s += "; over all prompts " + total.Verdict().word()
		}
		s += fmt.Sprintf(": %s%s (%s)", f.arrow(total), unit, t.difference(total, f))
	}
	return s + "."
}

func (v Verdict) word() string {
	return [...]string{"unknown", "too few to say", "it stayed within noise", "it rose", "it fell"}[v]
}

// doubts are the known ways in which a better score is no better answer.
func doubts(total Row) []string {
	if total.Score.Verdict() != Gained {
		return nil
	}
	var out []string
	if total.Quality.Verdict() == Lost || total.Pass.Verdict() == Lost {
		out = append(out, "The reward went up; the answers got worse.")
	}
	if total.RightLanguage.Verdict() == Lost {
		out = append(out, "The reward went up while more answers left the language they were asked in: do not trust the score alone.")
	}
	if l := total.Length; l.Verdict() == Gained && l.After > 1.2*l.Before {
		out = append(out, fmt.Sprintf("The answers also grew %.0f %% longer, which some rewards pay for.", 100*(l.After/l.Before-1)))
	}
	return out
}

// list joins with commas and an "and".
func list(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	return strings.Join(items[:len(items)-1], ", ") + " and " + items[len(items)-1]
}
