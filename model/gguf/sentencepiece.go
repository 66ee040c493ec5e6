package gguf

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// A SentencePiece file holds scores instead of merges.
//
// The space mark ▁ (U+2581) stands for a space in every token; the converter had put plain spaces back into tokens of
// the user, with −1000 as their score.
const mark = "▁"

// sentencePiece is BPE over characters, with the bytes of those that are not in the vocabulary.
func (f *File) sentencePiece(v vocabulary) (object, error) {
	scores, ok := f.keys[scoresKey].Floats()
	if !ok || len(scores) != len(v.tokens) {
		return nil, f.errorf(scoresKey, "expected a number for each of %d tokens, found %s", len(v.tokens), f.keys[scoresKey])
	}
	if f.keys["tokenizer.ggml.precompiled_charsmap"].Count > 0 {
		return nil, f.errorf("tokenizer.ggml.precompiled_charsmap", "normalising by a table is not supported: take the model's Hugging Face folder instead")
	}
	fallback := false
	for i, t := range v.tokens {
		if v.is(i, userDefined) {
			v.tokens[i] = strings.ReplaceAll(t, " ", mark)
		}
		if v.is(i, userDefined) || v.is(i, control) {
			scores[i] = 0
		}
		fallback = fallback || v.is(i, byteToken)
	}
	var unknown any
	switch i, err := f.id(v, "unknown"); {
	case err != nil:
		return nil, err
	case i >= 0:
		unknown = v.tokens[i]
	}
	tok := object{"model": bpe(v.tokens, merges(v.tokens, scores), unknown, object{"byte_fallback": fallback})}
	spaces := object{"type": "Replace", "pattern": object{"String": " "}, "content": mark}
	decoders := []object{{"type": "Replace", "pattern": object{"String": mark}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}}
	prefix := true
	if f.flag("add_space_prefix", &prefix); prefix {
		tok["normalizer"] = object{"type": "Sequence", "normalizers": []object{{"type": "Prepend", "prepend": mark}, spaces}}
		tok["pre_tokenizer"] = nil
		decoders = append(decoders, object{"type": "Strip", "content": " ", "start": 1, "stop": 0})
	} else {
		tok["normalizer"] = spaces
		tok["pre_tokenizer"] = object{"type": "Split", "pattern": object{"String": " "}, "behavior": "MergedWithPrevious", "invert": false}
	}
	tok["decoder"] = object{"type": "Sequence", "decoders": decoders}
	return tok, nil
}

// merges are those of a SentencePiece vocabulary: every way to make a token of two others. The token with the best score
// goes first; among the ways to make tokens of one score, the one with the longest left part, then right part.
func merges(tokens []string, scores []float32) [][2]string {
	vocab, order := make(map[string]int, len(tokens)), make([]int, len(tokens))
	for i, t := range tokens {
		vocab[t], order[i] = i, i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), a-b) })
	list := make([][2]string, 0, 2*len(tokens))
	var ways []way // of the tokens of one score
	for n, i := range order {
		ways = appendWays(ways, tokens[i], vocab)
		if n+1 < len(order) && scores[order[n+1]] == scores[i] {
			continue
		}
		slices.SortStableFunc(ways, func(a, b way) int {
			return cmp.Or(b.chars[0]-a.chars[0], b.chars[1]-a.chars[1])
		})
		for _, w := range ways {
			list = append(list, w.parts)
		}
		ways = ways[:0]
	}
	return list
}

// way is a way to make a token of two.
type way struct {
	parts [2]string
	chars [2]int
}

func appendWays(ways []way, whole string, vocab map[string]int) []way {
	chars, all := 0, utf8.RuneCountInString(whole)
	for at := range whole {
		if at == 0 {
			continue
		}
		chars++
		_, left := vocab[whole[:at]]
		if !left {
			continue
		}
		if _, right := vocab[whole[at:]]; right {
			ways = append(ways, way{[2]string{whole[:at], whole[at:]}, [2]int{chars, all - chars}})
		}
	}
	return ways
}
