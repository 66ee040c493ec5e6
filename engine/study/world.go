package study

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"croco/kernels"
	"croco/model"
	"croco/pairing"
	"croco/reward/classifier"
	"croco/sampler"
	"croco/toyworld"
)

// world is one seed while its arms run.
type world struct {
	*Study
	seed         int
	policy       string // folder
	tasks        []toyworld.Task
	tests        []toyworld.Task
	translations []toyworld.Translation
	judges       map[string]*model.Model // reward models that have been opened
	pools        map[source][]pairing.Candidate
}

// devSeed is the first of the seeds that choose hyper-parameters. Seed devSeed+k has the models of seed k.
const devSeed = 1000

// open finds the models and draws the tasks of a seed. Seeds that choose hyper-parameters measure on tasks of the tuning
// split that they do not tune on: the test split is not looked at.
func (s *Study) open(seed int) (*world, error) {
	w := &world{Study: s, seed: seed, judges: map[string]*model.Model{}, pools: map[source][]pairing.Candidate{}}
	w.tasks = toyworld.Tasks(toyworld.Tune, s.Tasks, uint64(seed))
	if seed < devSeed {
		w.tests = toyworld.Tasks(toyworld.Test, s.Tests, uint64(seed))
	} else {
		w.tests = toyworld.Tasks(toyworld.Tune, s.Tasks+s.Tests, uint64(seed)+devSeed)
		used := map[string]bool{}
		for _, t := range w.tasks {
			used[t.String()] = true
		}
		w.tests = slices.DeleteFunc(w.tests, func(t toyworld.Task) bool { return used[t.String()] })
		w.tests = w.tests[:min(s.Tests, len(w.tests))]
	}
	w.translations = toyworld.Translations(w.tests[:min(len(w.tests), 40)], uint64(seed))
	var err error
	w.policy, err = s.modelFolder(w.models(), policyModel)
	return w, err
}

// models is the seed whose models are used.
func (w *world) models() int { return w.seed % devSeed }

func (w *world) close() error {
	var errs []error
	for _, m := range w.judges {
		errs = append(errs, m.Close())
	}
	return errors.Join(errs...)
}

// question is a task in a language, as a model reads it.
type question struct {
	task     toyworld.Task
	line     int // equal for the languages of a task
	language string
	ids      []int32
}

// questions asks tasks in languages.
func questions(tasks []toyworld.Task, languages []string) (all []question) {
	for line, t := range tasks {
		for _, l := range languages {
			all = append(all, question{t, line, l, toyworld.Chat(toyworld.Prompt(t, l))})
		}
	}
	return all
}

// decoding is how answers are drawn.
type decoding struct {
	n           int
	temperature float64
	stream      string // names the random numbers
}

// withPolicy opens a policy under an adapter ("" for none).
func (w *world) withPolicy(folder, adapter string, do func(*model.Model) error) error {
	m, err := model.Open(folder, model.Options{Device: w.Device})
	if err != nil {
		return err
	}
	if adapter != "" {
		err = m.LoadAdapter(adapter, false)
	}
	if err == nil {
		err = do(m)
	}
	return errors.Join(err, m.Close())
}

// answer samples n answers to each question. Answer k to a question is the same for every n.
func (w *world) answer(ctx context.Context, folder, adapter string, asked []question, d decoding) (rows []pairing.Candidate, err error) {
	err = w.withPolicy(folder, adapter, func(m *model.Model) error {
		jobs := make([]sampler.Job, len(asked))
		for i, q := range asked {
			jobs[i] = sampler.Job{Key: uint64(i), Prompt: q.ids, N: d.n}
		}
		hash := m.Hash()
		p := sampler.Params{Temperature: d.temperature, TopP: 1, MaxNewTokens: toyworld.Tuning.MaxNewTokens, Stop: []int32{toyworld.EOS},
			Seed: w.key(d.stream), MaxRows: 256}
		return sampler.New(m).Generate(ctx, jobs, p, func(job int, answers []sampler.Answer) error {
			for k, a := range answers {
				rows = append(rows, asked[job].candidate(k, a, hash))
			}
			return nil
		})
	})
	return rows, err
}

// key is a seed of random numbers for a purpose.
func (w *world) key(purpose string) uint64 {
	k := uint64(w.seed)
	for i := range len(purpose) {
		k = kernels.Mix(k, uint64(purpose[i]))
	}
	return k
}

func (q question) candidate(sample int, a sampler.Answer, hash string) pairing.Candidate {
	words, _ := toyworld.Strip(a.IDs)
	c := pairing.Candidate{ID: pairing.Text(q.task.String()), LineID: q.line, Language: q.language, Sample: sample,
		Prompt: pairing.Text(toyworld.Text(q.ids, q.language)), Completion: toyworld.Text(words, q.language),
		PromptIDs: q.ids, CompletionIDs: a.IDs, Logprobs: a.Logprobs, FinishReason: a.Reason, Model: hash,
		DetectedLanguage: toyworld.LanguageOf(words, q.language)}
	c.Length = utf8.RuneCountInString(c.Completion)
	return c
}

// truth is what an answer (T ids) to a task, named by its id, is worth in a language.
func truth(id json.RawMessage, language string, ids []int32) toyworld.Judgement {
	task, err := toyworld.ParseTask(unquote(id))
	if err != nil {
		panic(err) // ids are made by question.candidate
	}
	words, ended := toyworld.Strip(ids)
	return toyworld.Judge(task, language, words, ended)
}

// unquote is the text of an id.
func unquote(id json.RawMessage) (name string) {
	if err := json.Unmarshal(id, &name); err != nil {
		panic(err)
	}
	return name
}

// judge opens a reward model of this seed, and scores answers.
func (w *world) judge(name string, rows []pairing.Candidate) ([]float64, error) {
	m := w.judges[name]
	if m == nil {
		folder, err := w.modelFolder(w.models(), name)
		if err != nil {
			return nil, err
		}
		if m, err = model.Open(folder, model.Options{Device: w.Device}); err != nil {
			return nil, err
		}
		w.judges[name] = m
	}
	s, err := classifier.New(m, 0)
	if err != nil {
		return nil, err
	}
	texts := make([][]int32, len(rows))
	for i, r := range rows {
		texts[i] = slices.Concat(r.PromptIDs, r.CompletionIDs)
	}
	return s.Score(texts), nil
}

// folder is where an arm of this seed keeps its pairs and its adapter.
func (w *world) folder(arm string) string {
	return filepath.Join(w.Dir, "seeds", fmt.Sprint(w.seed), arm)
}
