// Package lidr makes the pairs of Language Imbalance Driven Rewarding (arXiv 2410.08964): a model answers a prompt in
// English and in another language, translates both answers itself, and is taught to prefer what came from English.
//
//	Answered         rows and answers → records of the answers
//	Translated       records and replies → records with the translated answer
//	Pairs            both directions of one language → English pairs and that language's
//	Run              the files of all languages → a file per language and one of all
//	FromAnswers      croco's own answers and their translations → croco's own pairs
//	Defaults, AuthorsOptions, Options.Validate   the switches
//
// For a prompt x in English and x_l in language l, with the model's own answers y and y_l and its own translations:
//
//	l        prompt x_l   chosen  y → l        rejected  y_l
//	English  prompt x     chosen  y            rejected  y_l → English
//
// No reward model scores anything: that the model is better in English is the reward. The records and files are the
// authors' (ZNLP/Language-Imbalance-Driven-Rewarding, utils/), their misspelt key en2de_reponse included.
package lidr
