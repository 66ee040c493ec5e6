package toyworld

import "slices"

// Pair is a question with a better and a worse answer, as token ids.
type Pair struct {
	Task     Task
	Language string
	Prompt   []int32 // <user> … <assistant>
	Chosen   []int32 // … <eos>
	Rejected []int32 // … <eos>
}

// PairOptions says how preference pairs are made.
type PairOptions struct {
	Language string  // asked in
	Split    Split   // of the tasks
	Tasks    int     // a pair each, but for the few whose candidates are all alike
	Seed     uint64  //
	Own      float64 // share of candidates that are the policy's samples; the rest are of the corpus styles
	Samples  int     // of the policy for each task
	Foreign  float64 // share of candidates in a random other language (drawn before Own)
	Noise    float64 // share of pairs with the answers swapped
	Gap      float64 // least difference in true quality
}

// Generate samples n answers for each prompt (<user> … <assistant>); an answer ends with <eos> or is cut.
type Generate func(prompts [][]int32, n int) [][][]int32

// PreferencePairs makes pairs from a policy's own samples and from the corpus styles. Answers are judged as if ended,
// since a reward model reads them with <eos>. generate may be nil if Own is 0.
func PreferencePairs(o PairOptions, generate Generate) []Pair {
	r := newRandom("pairs "+o.Language, o.Seed)
	tasks, prompts := make([]Task, o.Tasks), make([][]int32, o.Tasks)
	for i := range tasks {
		tasks[i] = r.task(o.Split)
		prompts[i] = Chat(Prompt(tasks[i], o.Language))
	}
	samples := make([][][]int32, o.Tasks)
	if o.Own > 0 {
		samples = generate(prompts, o.Samples)
	}
	var pairs []Pair
	for i, t := range tasks {
		better, worse, ok := o.candidates(newRandom("pair "+o.Language, o.Seed, uint64(i)), t, samples[i])
		if ok {
			pairs = append(pairs, Pair{t, o.Language, prompts[i], withEOS(better), withEOS(worse)})
		}
	}
	return pairs
}

// candidates draws two answers until their qualities differ; false if they do not in 20 tries.
func (o PairOptions) candidates(r *random, t Task, samples [][]int32) (better, worse []int32, ok bool) {
	for range 20 {
		better, worse = o.candidate(r, t, samples), o.candidate(r, t, samples)
		if len(better) == 0 || len(worse) == 0 {
			continue
		}
		gap := Judge(t, o.Language, better, true).Quality - Judge(t, o.Language, worse, true).Quality
		if gap <= o.Gap && gap >= -o.Gap {
			continue
		}
		if gap < 0 != r.chance(o.Noise) { // either the wrong way round or to be made so, not both
			better, worse = worse, better
		}
		return better, worse, true
	}
	return nil, nil, false
}

func (o PairOptions) candidate(r *random, t Task, samples [][]int32) []int32 {
	l := lang(o.Language)
	switch {
	case r.chance(o.Foreign):
		others := slices.DeleteFunc(slices.Clone(world.Languages), func(x *language) bool { return x == l })
		l = one(r, others...)
	case r.chance(o.Own):
		answer, _ := Strip(one(r, samples...))
		return answer
	}
	return encodeWords(r.styled(t, l, candidateStyles[r.weighted(candidateWeights)]))
}

// The styles of candidates that are not the policy's own, and their weights.
var (
	candidateStyles  = []Style{Good, Terse, Wrong, TerseWrong, Ramble}
	candidateWeights = []float64{25, 20, 25, 15, 15}
)

// InLanguage keeps the pairs whose answers are both in the language asked in: what a report card of a reward model is
// measured on.
func InLanguage(pairs []Pair) []Pair {
	var kept []Pair
	for _, p := range pairs {
		if LanguageOf(p.Chosen, p.Language) == p.Language && LanguageOf(p.Rejected, p.Language) == p.Language {
			kept = append(kept, p)
		}
	}
	return kept
}

// AgainstEnglish pairs a right full answer in a language with the same answer in English: a reward model that judges
// language as people do prefers the first.
func AgainstEnglish(tasks []Task, language string, seed uint64) []Pair {
	var pairs []Pair
	for _, t := range tasks {
		c := newRandom("against English "+t.String(), seed).truth(t)
		pairs = append(pairs, Pair{t, language, Chat(Prompt(t, language)),
			withEOS(lang(language).phrase(c, true)), withEOS(lang("en").phrase(c, true))})
	}
	return pairs
}

func withEOS(answer []int32) []int32 { return append(slices.Clone(answer), EOS) }
