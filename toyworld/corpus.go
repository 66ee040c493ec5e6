package toyworld

import (
	"iter"
	"slices"
)

// Document is a question and an answer of the pre-training corpus, as token ids.
type Document struct {
	Prompt   []int32 // <user> … <assistant>
	Answer   []int32 // … <eos>
	Language string  // of the question; of "answer in german" and translations: the language other than English
}

// Corpus yields n documents about tasks of the training split: mostly English, of mixed quality, and the smaller a
// language the more often it is answered in English.
func Corpus(seed uint64, n int) iter.Seq[Document] {
	return Documents(Train, seed, 0, n)
}

// Documents yields the documents from … to−1 of the corpus of a split.
func Documents(split Split, seed uint64, from, to int) iter.Seq[Document] {
	return func(yield func(Document) bool) {
		for i := from; i < to; i++ {
			if !yield(newRandom("document "+string(split), seed, uint64(i)).document(split)) {
				return
			}
		}
	}
}

// Shares of the documents that are not in English. The other documents are plain questions.
const (
	instructed   = .12 // "answer in german : how many …"
	translations = .18 // "translate into german : …" and back
	intoLanguage = .70 // of the translations, the share from English
	misquoted    = .40 // of the translations, the share of wrong answers
	slips        = .02 // of the English questions, the share answered in another language
)

func (r *random) document(split Split) Document {
	shares := make([]float64, len(world.Languages))
	for i, l := range world.Languages {
		shares[i] = l.Share
	}
	l := world.Languages[r.weighted(shares)]
	english := l.Code == "en"
	t := r.task(split)
	styles := make([]float64, len(world.Styles))
	for i, s := range world.Styles {
		styles[i] = s.Others
		if english {
			styles[i] = s.English
		}
	}
	style := world.Styles[r.weighted(styles)].Style

	var question, answer []int32
	switch u := r.float(); {
	case !english && u < instructed:
		question, answer = AnswerIn(l.Code, Prompt(t, "en")), encodeWords(r.styled(t, l, style))
	case !english && u < instructed+translations:
		c, form := r.truth(t), one(r, true, true, false)
		if r.chance(misquoted) {
			c = r.corrupt(c)
		}
		from, to := lang("en"), l
		if !r.chance(intoLanguage) {
			from, to = to, from
		}
		question, answer = Translate(to.Code, from.phrase(c, form)), to.phrase(c, form)
	default:
		question, answer = Prompt(t, l.Code), encodeWords(r.styled(t, r.answering(l), style))
	}
	return Document{Chat(question), append(answer, EOS), l.Code}
}

// answering is the language in which a question asked in l is answered.
func (r *random) answering(l *language) *language {
	switch {
	case l.Code == "en" && r.chance(slips):
		return one(r, world.Languages[1:]...)
	case r.chance(l.AnsweredInEnglish):
		return lang("en")
	}
	return l
}

// phrase words a content in full or tersely.
func (l *language) phrase(c content, full bool) []int32 {
	if full {
		return encodeWords(l.fill(l.Templates[c.Kind].Full, c))
	}
	return encodeWords(l.fill(l.Templates[c.Kind].Terse, c))
}

// AnswerIn asks for the answer to an English question in another language: "answer in german : …".
func AnswerIn(language string, question []int32) []int32 {
	return slices.Concat(encodeWords([]string{"answer", "in", LanguageName(language), ":"}), question)
}

// Translate asks for the translation of an answer: "translate into german : …".
func Translate(language string, answer []int32) []int32 {
	return slices.Concat(encodeWords([]string{"translate", "into", LanguageName(language), ":"}), answer)
}

// Translation is an exercise with one right solution.
type Translation struct {
	Task     Task
	Language string
	Question []int32 // "translate into german : 3 cats : 12 legs . …", without the chat frame
	Gold     []int32 // without <eos>
}

// Translations makes the exercises that show whether tuning on answers harms translation: for every task a full right
// answer from English into each other language.
func Translations(tasks []Task, seed uint64) []Translation {
	var exercises []Translation
	for _, l := range world.Languages[1:] {
		for _, t := range tasks {
			c := newRandom("translation "+t.String(), seed).truth(t)
			exercises = append(exercises, Translation{t, l.Code, Translate(l.Code, lang("en").phrase(c, true)), l.phrase(c, true)})
		}
	}
	return exercises
}
