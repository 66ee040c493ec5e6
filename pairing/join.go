package pairing

// Join is the pair of two answers to one prompt. The record of log-probabilities holds for both where one model wrote
// both. The scores are those of the answers; pool says how many there were to choose from.
func Join(chosen, rejected Candidate, pool int) Pair {
	p := Pair{
		ID: chosen.ID, SourceDataset: chosen.Source, Domain: chosen.Domain, Prompt: chosen.Prompt, PromptLanguage: chosen.Language,
		Chosen: chosen.Completion, Rejected: rejected.Completion, ChosenScore: chosen.Score, RejectedScore: rejected.Score,
		ChosenLanguage: chosen.Language, RejectedLanguage: rejected.Language, PoolSize: pool,
		PromptIDs: chosen.PromptIDs, ChosenIDs: chosen.CompletionIDs, RejectedIDs: rejected.CompletionIDs,
		ChosenLogprobs: chosen.Logprobs, Model: chosen.Model,
	}
	if rejected.Model == chosen.Model {
		p.RejectedLogprobs = rejected.Logprobs
	}
	return p
}
