// Package engine is the loop: a recipe becomes stages, the stages become a run folder.
//
//	ReadRecipe, DefaultsOf   recipe.yaml over the defaults of its method's paper
//	(Recipe) Run           what is missing of a run, from prompts to report.html
//	Generate               the stage that writes answers
//	Translate, Translations   prompts into other languages, answers into another
//	Score, Implicit        the stages that give every answer a number
//	Pairs, ICRPairs, LIDRPairs   scores, or answers and translations → preference pairs
//	Train                  pairs → adapter (package trainer), unless it has been done
//	ReadPrompts, Manifest, Shard   what the stages read, leave beside their files, and divide by
//
// A method (method.go) is the list of stages between prompts and a tuned policy; rounds (round.go) go through it again.
// Every stage is a file of JSON lines that is appended to, row by row in the order of the prompts, with a manifest beside
// it that says what it was made from. A stage that finds a part of its file goes on behind it; one that finds a file made
// with other settings refuses. So a run may be stopped anywhere, started again, divided over machines, and read with head.
package engine
