package dpo

// metrics are TRL's numbers of the batch.
func (b *Batch) metrics(in *Inputs, stats *Stats) map[string]float64 {
	m := in.metrics(b.objective.Beta)
	b.tokenMetrics(m, stats)
	return m
}

// metrics are means over the pairs. A reward is β times a log-ratio; a pair counts as right
// when the chosen answer's is strictly greater, so that a policy that is its own reference scores 0 and not ½. Without a
// reference the reward is β·log π.
func (in *Inputs) metrics(beta float64) map[string]float64 {
	m := map[string]float64{}
	ratioC, ratioR := in.ratioed()
	for i := range in.Chosen {
		chosen, rejected := beta*(ratioC[i]-in.RefChosen[i]), beta*(ratioR[i]-in.RefRejected[i])
		m["rewards/chosen"] += chosen
		m["rewards/rejected"] += rejected
		m["rewards/margins"] += chosen - rejected
		m["rewards/accuracies"] += 0
		if chosen > rejected {
			m["rewards/accuracies"]++
		}
		m["logps/chosen"] += in.Chosen[i]
		m["logps/rejected"] += in.Rejected[i]
		m["chosen_length"] += in.ChosenN[i]
		m["rejected_length"] += in.RejectedN[i]
		if in.Weight != nil {
			m["weights"] += in.Weight[i]
		}
	}
	for k := range m {
		m[k] /= float64(len(in.Chosen))
	}
	return m
}

// tokenMetrics adds means over answer tokens: the entropy over both answers, the mean logit of each, and the share of
// the chosen answers' tokens that were the likeliest.
func (b *Batch) tokenMetrics(m map[string]float64, stats *Stats) {
	if stats == nil {
		return
	}
	var n [2]float64 // tokens of the chosen and of the rejected answers
	var entropy, right float64
	var logit [2]float64
	for i, s := range b.Owner {
		side := s % 2
		n[side]++
		if stats.Entropy != nil {
			entropy += float64(stats.Entropy[i])
		}
		if stats.MeanLogit != nil {
			logit[side] += float64(stats.MeanLogit[i])
		}
		if stats.Argmax != nil && side == 0 && int32(stats.Argmax[i]) == b.Picks.Tokens[i] {
			right++
		}
	}
	if stats.Entropy != nil {
		m["entropy"] = entropy / (n[0] + n[1])
	}
	if stats.MeanLogit != nil {
		m["logits/chosen"], m["logits/rejected"] = logit[0]/n[0], logit[1]/n[1]
	}
	if stats.Argmax != nil {
		m["mean_token_accuracy"] = right / n[0]
	}
}
