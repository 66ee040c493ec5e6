// Package toyworld is a small multilingual world with verifiable answers: what croco demo plays in.
//
// Six real languages share one meaning: 15 animals with legs and weights, five kinds of objects, six names and the
// numbers 0…80. A Task is free of language; it can be asked in any of them, and every answer to it, whoever wrote it,
// has a true quality between 0 and 1. Every word is one token, and a word that two languages spell alike is one token
// for both.
//
// The verbs:
//
//	Tasks            distinct tasks of a split
//	Prompt, Answer   a task worded as a question, and as an answer of some style
//	Judge            the true quality of an answer, and its parts
//	LanguageOf       the language that an answer is in
//	Encode, Text     text to token ids and back, spelt as people write
//	Chat             a question as a model reads it: <user> … <assistant>
//	Corpus           the documents that the base policy is trained on: mixed quality, mostly English
//	PreferencePairs  better and worse answers for training and testing reward models
//	Translations     "translate into german : …", a skill to watch while tuning
//	TokenizerJSON    the vocabulary as a Hugging Face tokenizer.json
//
// Everything is a function of a seed and an index: document 7 of a corpus is the same whether or not the six before it
// were made. The word lists and sentences (world.json) are free of rights (CC0); they were not reviewed by native
// speakers.
package toyworld
