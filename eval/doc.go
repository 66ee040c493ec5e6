// Package eval says whether tuning helped: it compares the scored answers of two models to the same held-out prompts.
//
//	Compare     answers before and after → a Table with a row per language and one over all
//	FromScored  rows of a scores file → answers
//	Read        the same from the file
//	Headline    a table in plain words
//	String      a table for a terminal; Markdown for a document; JSON for summary.json
//	ParseTable  summary.json → Table
//	TQuantile, Clustered, Bootstrap, Wilson   the statistics under it
//
// # What is compared
//
// The unit is the prompt. Its answers are averaged first, before and after; the difference of the two means is one
// observation, and the interval of their mean says how far other prompts might have moved it. Averaging over prompts and
// not over answers keeps a prompt with many answers from counting more.
//
// In rows over several languages the translations of one line are one cluster: a question that is easy in Danish is
// easy in German too, so they are not independent observations.
//
// A difference whose interval holds 0 is called within noise. With fewer than six prompts nothing is claimed, as even
// six that all move one way are only just unlikely by chance (2 · ½⁶ = 0.03).
package eval
