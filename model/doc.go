// Package model is a transformer from a Hugging Face folder: read, run forward and backward over a prompt forest,
// adapted by LoRA, written back.
//
// The verbs:
//
//	Open, OpenClassifier, New          a folder's model, one with a new head, or random weights by a seed; Save writes a folder
//	(m) Forward                        hidden states of a forest's rows; Free releases them
//	(m) Layers                         the same of every layer, to look at
//	(m) LogProbs, Scores, Logits       what the heads read from hidden states
//	(m) BackwardLogProbs, …Scores      the whole backward pass, added to the gradients of Params
//	(m) Params, Updated, ZeroGrads     what an optimizer needs
//	(m) AddLoRA, LoadAdapter           an adapter; SetAdapter switches it, SaveAdapter and SaveMerged write it
//	(m) NewCache, Step, LogitsOf       the same forward pass, one piece of text after another
//	Describe, FamilyTable              a model on one screen; what croco runs
//	Verify, VerifyAdapter              compare with what an independent implementation computed
//
// A decoder is described by data, a Spec; a family (families.go, family_llama.go …) maps config.json to a Spec. One function, block,
// runs a layer of any of them, and blockBackward runs it back. Weights stay in the file's dtype, memory-mapped, unless they are trained: then they are float32.
//
// # Shapes
//
// T rows of a forest, C model width, H query heads, G key/value heads, D head width, F MLP width, V vocabulary, R LoRA
// rank. Linear weights are (out, in), as in the file. Hidden states are (T,C), after the last normalisation.
//
// # A training step
//
//	h := m.Forward(f, true)
//	logp := m.LogProbs(h, picks)
//	… the loss and dlogp, its gradient …
//	m.BackwardLogProbs(h, picks, dlogp)
//	h.Free()
//	for _, p := range m.Params() { m.Device().AdamW(p.Value, p.Grad, …) }
//	m.Updated()
//	m.ZeroGrads()
package model
