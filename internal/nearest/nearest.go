// Package nearest finds what a misspelt word was meant to be.
//
//	Of   the candidate with the fewest edits
package nearest

// Of is the candidate that the fewest insertions, deletions and replacements make of word (Levenshtein's distance); the
// first of equals, "" where there is none.
func Of(word string, candidates []string) string {
	best, least := "", 0
	for _, c := range candidates {
		if d := distance([]rune(word), []rune(c)); best == "" || d < least {
			best, least = c, d
		}
	}
	return best
}

// distance fills the table of edits row by row: row[j] turns what has been read of a into b[:j].
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			replace := diagonal
			if x != y {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
