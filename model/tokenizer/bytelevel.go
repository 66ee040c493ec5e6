package tokenizer

// visible spells each byte as one character that can be seen, so that the vocabulary of a byte-level model is
// readable text (GPT-2, Radford et al. 2019): printable Latin-1 stands for itself, the rest from U+0100 on. A space
// is Ġ, a line break Ċ.
var visible, byteOf = func() (to [256]rune, from map[rune]byte) {
	from = map[rune]byte{}
	next := rune(256)
	for b := range to {
		to[b] = rune(b)
		if b <= ' ' || b > '~' && b < '¡' || b == 0xAD {
			to[b] = next
			next++
		}
		from[to[b]] = byte(b)
	}
	return to, from
}()

// spell returns the visible spelling of the bytes of a text.
func spell(text string) string {
	out := make([]rune, len(text))
	for i := range out {
		out[i] = visible[text[i]]
	}
	return string(out)
}

// unspell appends the bytes that a token spells to out; false if some of its characters are not of the spelling.
func unspell(out []byte, token string) ([]byte, bool) {
	for _, r := range token {
		b, ok := byteOf[r]
		if !ok {
			return out, false
		}
		out = append(out, b)
	}
	return out, true
}
