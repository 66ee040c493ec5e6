package toyworld

import (
	"bytes"
	"encoding/json"
)

// TokenizerJSON is the vocabulary as a Hugging Face tokenizer.json, for programs that read nothing else. It is a
// byte-level BPE without merges, in which every word is found whole (ignore_merges); it reads capitals as small letters
// and decodes with punctuation joined. Words that the world does not have are lost without a word: use Encode to be told.
func TokenizerJSON() []byte {
	type object = map[string]any
	vocabulary, added := object{}, []object{}
	for id, word := range world.Vocabulary {
		if int32(id) >= specials {
			vocabulary["Ġ"+byteLevel(word)] = id
			continue
		}
		vocabulary[word] = id
		added = append(added, object{"id": id, "content": word, "special": true, "normalized": false,
			"single_word": false, "lstrip": true, "rstrip": true})
	}
	replace := func(from, to string) object {
		return object{"type": "Replace", "pattern": object{"String": from}, "content": to}
	}
	var apart []object // spaces between what Encode takes for different tokens
	for _, mark := range []string{".", ",", ":", "?", "¿", "+", "="} {
		apart = append(apart, replace(mark, " "+mark+" "))
	}
	apart = append(apart, replace("'", "' "), replace("qu' est-ce", "qu'est-ce"))
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	err := enc.Encode(object{
		"version": "1.0", "truncation": nil, "padding": nil, "added_tokens": added,
		"normalizer": object{"type": "Sequence", "normalizers": append([]object{{"type": "Lowercase"}}, apart...)},
		"pre_tokenizer": object{"type": "Sequence", "pretokenizers": []object{
			{"type": "WhitespaceSplit"},
			{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": false},
		}},
		"post_processor": nil,
		"decoder": object{"type": "Sequence", "decoders": []object{
			{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": false},
			replace(" .", "."), replace(" ,", ","), replace(" :", ":"), replace(" ?", "?"), replace("¿ ", "¿"), replace("' ", "'"),
			{"type": "Strip", "content": " ", "start": 1, "stop": 0},
		}},
		"model": object{"type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil,
			"end_of_word_suffix": nil, "fuse_unk": false, "byte_fallback": false, "ignore_merges": true,
			"vocab": vocabulary, "merges": []string{}},
	})
	if err != nil {
		panic(err) // maps of strings and numbers always encode
	}
	return out.Bytes()
}

// byteLevel spells the bytes of a word as GPT-2's byte-level alphabet does: printable Latin-1 as itself, the others
// from U+0100 in order.
func byteLevel(word string) string {
	printable := func(b int) bool { return b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE }
	var spelt []rune
	for i := range len(word) {
		b := int(word[i])
		if printable(b) {
			spelt = append(spelt, rune(b))
			continue
		}
		unprintable := 0
		for x := range b {
			if !printable(x) {
				unprintable++
			}
		}
		spelt = append(spelt, rune(0x100+unprintable))
	}
	return string(spelt)
}
