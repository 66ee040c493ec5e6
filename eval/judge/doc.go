// Package judge compares a model's answers with a reference's, question by question, by asking a third model which is
// better.
//
//	ReadAnswers, Align    files of answers → the two sides, question by question
//	Wording.Prompt        what the judge is asked
//	Stream, PerQuestion   which side stands first
//	Ask                   sides → Questions
//	ParseVerdict          what the judge said
//	Score                 questions and replies → Result: win rates, overall and per subcategory
//	Run                   all of it over folders of one file per language
//
// The protocol is that of CroCo's m-ArenaHard script (jjzha/CroCo, src/eval_marenahard.py): one judgment per question,
// sides swapped at random, the last verdict in the reply counts, a reply without one is left out. Options.Swap = "authors"
// gives its side for every question; the default draws each question's side from the question alone, so that adding a
// language changes no other. The wording is the caller's: DefaultWording and DefaultWordingTies are ours.
package judge
