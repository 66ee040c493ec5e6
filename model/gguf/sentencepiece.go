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
// goes first, of one token's ways, and of tokens with equal scores, the one with the longest left part.
func merges(tokens []string, scores []float32) [][2]string {
	type way struct {
		left, right       string
		score             float32
		chars, rightChars int // of the left part
		leftID, rightID   int
		whole             int
	}
	vocab := make(map[string]int, len(tokens))
	for i, t := range tokens {
		vocab[t] = i
	}
	var ways []way
	for i, whole := range tokens {
		chars, all := 0, utf8.RuneCountInString(whole)
		for at := range whole {
			if at > 0 {
				chars++
				left, okLeft := vocab[whole[:at]]
				right, okRight := vocab[whole[at:]]
				if okLeft && okRight {
					ways = append(ways, way{whole[:at], whole[at:], scores[i], chars, all - chars, left, right, i})
				}
			}
		}
	}
	slices.SortFunc(ways, func(a, b way) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.chars, a.chars), cmp.Compare(b.rightChars, a.rightChars),
			cmp.Compare(a.whole, b.whole), cmp.Compare(a.leftID, b.leftID), cmp.Compare(a.rightID, b.rightID))
	})
	list := make([][2]string, len(ways))
	for i, w := range ways {
		list[i] = [2]string{w.left, w.right}
	}
	return list
}
