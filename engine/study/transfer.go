package study

import (
	"context"
	"errors"
	"slices"

	"croco/engine/demo"
	"croco/model"
	"croco/toyworld"
)

// transferPairs is how many pairs each reward model of transfer is trained on.
const transferPairs = 2000

// transfer trains reward models for German and Danish from as many pairs each: English ones, English ones that the policy
// has translated (Hong et al., arXiv 2410.18027), and pairs in the language itself; and asks each about held-out pairs in
// the language.
func transfer(ctx context.Context, w *world) (map[string]float64, error) {
	policy, err := model.Open(w.policy, model.Options{Device: w.Device, Trainable: model.All})
	if err != nil {
		return nil, err
	}
	numbers := map[string]float64{}
	english := w.preferences(policy, "en")
	for _, l := range []string{"de", "da"} {
		tests := toyworld.InLanguage(toyworld.PreferencePairs(toyworld.ReportCard(l), demo.Sample(policy, w.key("transfer tests"))))
		translated, err := w.translated(ctx, english, l)
		if err != nil {
			return nil, errors.Join(err, policy.Close())
		}
		for name, pairs := range map[string][]toyworld.Pair{"English": english, "translated": translated, "native": w.preferences(policy, l)} {
			m, err := demo.TrainRewardOn(w.Device, policy, toyworld.RewardRounds[0], pairs, uint64(w.seed))
			if err != nil {
				return nil, errors.Join(err, policy.Close())
			}
			numbers[l+", "+name] = rounded(demo.Accuracy(m, tests))
			if err := m.Close(); err != nil {
				return nil, errors.Join(err, policy.Close())
			}
		}
	}
	return numbers, policy.Close()
}

// preferences are pairs in one language.
func (w *world) preferences(policy *model.Model, language string) []toyworld.Pair {
	o := toyworld.RewardRounds[0].Pairs[0]
	o.Language, o.Tasks, o.Seed = language, transferPairs*w.Tasks/toyworld.Tuning.Tasks, w.key("transfer")
	return toyworld.PreferencePairs(o, demo.Sample(policy, o.Seed))
}

// translated asks the tasks of English pairs in another language, and lets the policy translate their answers.
func (w *world) translated(ctx context.Context, english []toyworld.Pair, language string) ([]toyworld.Pair, error) {
	var asked []question
	for i, p := range english {
		for _, answer := range [][]int32{p.Chosen, p.Rejected} {
			words, _ := toyworld.Strip(answer)
			asked = append(asked, question{p.Task, i, language, toyworld.Chat(toyworld.Translate(language, words))})
		}
	}
	rows, err := w.answer(ctx, w.policy, "", asked, decoding{1, 0, "transfer"})
	if err != nil {
		return nil, err
	}
	pairs := slices.Clone(english)
	for i := range pairs {
		p := &pairs[i]
		p.Language, p.Prompt = language, toyworld.Chat(toyworld.Prompt(p.Task, language))
		p.Chosen, p.Rejected = ended(rows[2*i].CompletionIDs), ended(rows[2*i+1].CompletionIDs)
	}
	return pairs, nil
}

// ended is an answer up to its end token, which one that was cut gets.
func ended(ids []int32) []int32 {
	words, _ := toyworld.Strip(ids)
	return append(slices.Clone(words), toyworld.EOS)
}
