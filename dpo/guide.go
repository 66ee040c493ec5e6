package dpo

import (
	"fmt"
	"strings"
)

// Guide is the losses for people: their formulas, what formula may hold, and where other tools mean something else by the
// same name.
func Guide() string {
	var b strings.Builder
	b.WriteString("Losses (loss_type), with log-ratios x and y of the chosen and the rejected answer to the reference, n⁺ and n⁻ tokens,\n" +
		"β beta, ε label_smoothing, and δ = f(x) − f(y) as f_divergence_type has it (reverse_kl: x − y):\n\n")
	for _, name := range Names() {
		fmt.Fprintf(&b, "  %-17s %s\n", name, losses[name].about)
	}
	fmt.Fprintf(&b, "  %-17s %s\n\nloss_formula may read\n\n", "formula", "what loss_formula says")
	for _, name := range FormulaNames() {
		fmt.Fprintf(&b, "  %-17s %s\n", name, formulaNames[name].about)
	}
	fmt.Fprintf(&b, "\nwith + - * / ^ and %s.\n", strings.Join(FormulaFunctions(), ", "))
	b.WriteString(differences)
	return b.String()
}

const differences = `
The numbers are those of TRL. The same name gives another number elsewhere:

  ipo               log-ratios per token; OpenRLHF: sums; LLaMA-Factory and swift: mean log-probabilities
  bco_pair          without the running mean as baseline that LLaMA-Factory and swift subtract
  sigmoid           ignores label_smoothing; OpenRLHF, torchtune and LLaMA-Factory: what is sigmoid_smoothed here
  simpo             without NLL; TRL's CPOTrainer adds cpo_alpha·sft to it: here loss_type simpo,sft
  orpo              the NLL of the answer; TRL's ORPOTrainer takes the prompt's tokens in
  sft, rpo_alpha    mean over the micro-batch's tokens, mean over each answer's: equal for one pair only
  use_weighting     does not weigh sft and sft_per_pair
  logits/chosen     mean over answer tokens; LLaMA-Factory: over prompt and padding, too
  logps/chosen      sum over the answer; LLaMA-Factory's ipo, orpo, simpo: mean; torchtune: log_probs/chosen
  rewards/accuracies counts strictly greater rewards: 0 at the first step, everywhere
`
