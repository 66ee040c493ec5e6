package tokenizer

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf8"
)

// charsMap is SentencePiece's table of normalization rules (nmt_nfkc and its like): 4 bytes with the size of a trie,
// the trie, and the replacements, each ended by a zero byte. The trie is a double array (Aoe 1989) of 32-bit units as
// the darts-clone library writes it:
//
//	bits 0–7 and 31  the byte on the edge to this unit
//	bit  8           a key ends here: its value is in the unit at this one's offset
//	bits 10–30       the offset to the children, shifted left by 8 where bit 9 is set
//	bits 0–30        of a unit with bit 31: a value, the place of a replacement
type charsMap struct {
	units        []uint32
	replacements string
}

func readPrecompiled(n *node) (normalizer, error) {
	data, err := base64.StdEncoding.DecodeString(n.text("precompiled_charsmap"))
	if n.err != nil {
		return nil, n.err
	}
	if err != nil {
		return nil, n.errorf("precompiled_charsmap: %w", err)
	}
	if len(data) < 4 {
		return nil, n.errorf("precompiled_charsmap: %d bytes, expected at least the size of its trie", len(data))
	}
	size, rest := int(binary.LittleEndian.Uint32(data)), data[4:]
	if size == 0 || size > len(rest) {
		return nil, n.errorf("precompiled_charsmap: a trie of %d bytes in %d bytes", size, len(rest))
	}
	size = size / 4 * 4
	m := &charsMap{units: make([]uint32, size/4), replacements: string(rest[size:])}
	for i := range m.units {
		m.units[i] = binary.LittleEndian.Uint32(rest[4*i:])
	}
	if !utf8.ValidString(m.replacements) {
		return nil, n.errorf("precompiled_charsmap: the replacements are not UTF-8 text")
	}
	return m.normalize, nil
}

func offsetOf(unit uint32) uint32 { return unit >> 10 << (unit & (1 << 9) >> 6) }

// find returns what stands in for a text: the replacement of the shortest key that it begins with.
func (m *charsMap) find(text string) (string, bool) {
	const byteBits = 1<<31 | 0xFF
	at := offsetOf(m.units[0])
	for i := 0; i < len(text) && text[i] != 0; i++ {
		at ^= uint32(text[i])
		if int(at) >= len(m.units) || m.units[at]&byteBits != uint32(text[i]) {
			return "", false
		}
		unit := m.units[at]
		at ^= offsetOf(unit)
		if unit>>8&1 == 0 {
			continue
		}
		if int(at) >= len(m.units) {
			return "", false
		}
		start := int(m.units[at] & (1<<31 - 1))
		if start > len(m.replacements) || start < len(m.replacements) && !utf8.RuneStart(m.replacements[start]) {
			return "", false
		}
		other, _, _ := strings.Cut(m.replacements[start:], "\x00")
		return other, true
	}
	return "", false
}

// normalize looks up characters with their marks (grapheme clusters) if they are short, and what is not found so,
// character by character. A cluster that begins with a key is replaced as a whole, its marks with it: this is how the
// Rust library does it, and so how the models saw their texts.
func (m *charsMap) normalize(e *edits) {
	text := e.text
	for i := 0; i < len(text); {
		end := i + 1
		if text[i] >= utf8.RuneSelf || i+1 < len(text) && (text[i+1] >= utf8.RuneSelf || text[i+1] == '\n') {
			end = clusterEnd(text, i)
		}
		if end-i < 6 {
			if other, ok := m.find(text[i:end]); ok {
				if other != text[i:end] {
					e.replace(i, end, other)
				}
				i = end
				continue
			}
		}
		for i < end {
			_, n := utf8.DecodeRuneInString(text[i:])
			if other, ok := m.find(text[i : i+n]); ok && other != text[i:i+n] {
				e.replace(i, i+n, other)
			}
			i += n
		}
	}
}

// clusterEnd returns the end of the extended grapheme cluster that begins at i (UAX #29), as far as clusters of less
// than six bytes go: those of Hangul jamo, flags and joined emoji are longer.
func clusterEnd(text string, i int) int {
	r, n := utf8.DecodeRuneInString(text[i:])
	end := i + n
	if r == '\r' && strings.HasPrefix(text[end:], "\n") {
		return end + 1
	}
	if isControl(r) {
		return end
	}
	for unicode.Is(prepends, r) && end < len(text) {
		if r, n = utf8.DecodeRuneInString(text[end:]); isControl(r) {
			return end
		}
		end += n
	}
	for end < len(text) {
		next, n := utf8.DecodeRuneInString(text[end:])
		if !isExtender(next) {
			break
		}
		end += n
	}
	return end
}
