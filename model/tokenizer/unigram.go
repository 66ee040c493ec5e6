package tokenizer

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// unigram is the model of SentencePiece's default (Kudo 2018, arXiv:1804.10959): each token has a log-probability, and
// of all ways to cut a word into tokens the most probable is taken. With best[i] the score of the best way to cut the
// first i bytes,
//
//	best[j] = max over tokens text[i:j] of best[i] + score(token)
//
// A character that is no token can stand for itself at a score below that of every token.
type unigram struct {
	trie     trie
	scores   []float64
	ids      map[string]int32
	unknown  int32
	penalty  float64 // the score of an unknown character
	fallback bool    // unknown characters become the tokens <0xC3> <0xA9> of their bytes
	byteID   [256]int32
}

// unknownPenalty is how far an unknown character is below the least probable token.
const unknownPenalty = 10

func readUnigram(n *node) (model, vocabulary, error) {
	m := &unigram{trie: newTrie(), ids: map[string]int32{}, unknown: -1, penalty: math.Inf(1)}
	var raw json.RawMessage
	n.must("vocab", &raw)
	n.get("unk_id", &m.unknown)
	m.fallback = n.flag("byte_fallback", false)
	if err := n.done(); err != nil {
		return nil, vocabulary{}, err
	}
	v := vocabulary{ids: m.ids}
	err := readScores(raw, func(name string, score float64) error {
		id := int32(len(m.scores))
		m.scores, m.ids[name] = append(m.scores, score), id
		v.table = append(v.table, token{name: name, present: true})
		m.penalty = min(m.penalty, score)
		return m.trie.add(name, id)
	})
	if err != nil {
		return nil, v, n.errorf("vocab: %w", err)
	}
	if m.unknown < 0 || int(m.unknown) >= len(m.scores) {
		return nil, v, n.errorf("unk_id: expected the id of one of the %d tokens, found %d: a character outside the vocab would have no id", len(m.scores), m.unknown)
	}
	v.size = len(v.table)
	m.penalty -= unknownPenalty
	m.byteID = byteTokens(m.ids)
	return m, v, nil
}

// readScores reads [["token", score], …] and calls visit for each, in order.
func readScores(raw json.RawMessage, visit func(name string, score float64) error) error {
	c := &cursor{s: string(raw)}
	if err := c.enter('['); err != nil {
		return err
	}
	for id := 0; c.next() != ']'; id++ {
		name, score := "", 0.0
		err := c.enter('[')
		if err == nil {
			name, err = c.string()
		}
		if err == nil {
			score, err = c.float()
		}
		if err == nil && c.next() != ']' {
			err = fmt.Errorf("expected a token and its score")
		}
		if err == nil && id == maxID {
			err = fmt.Errorf("more than %d tokens", maxID)
		}
		if err == nil {
			c.i++
			err = visit(name, score)
		}
		if err != nil {
			return fmt.Errorf("token %d: %w", id, err)
		}
	}
	return nil
}

// arc is the last token on the best way to a position of a word.
type arc struct {
	score    float64
	from, id int32 // id −1: no way leads here
}

// lattice is the memory of one search: the best way to each position, and the tokens of the best way to the end.
type lattice struct {
	best   []arc
	chosen []chosen
}

// chosen is a token of the best way; a run of unknown characters is one.
type chosen struct {
	place
	id int32
}

// cut finds the best way to cut a word, in s.chosen.
func (m *unigram) cut(word string, s *lattice) []chosen {
	s.best = append(s.best[:0], arc{})
	for range len(word) {
		s.best = append(s.best, arc{id: -1})
	}
	for i, size := 0, 0; i < len(word); i += size {
		_, size = utf8.DecodeRuneInString(word[i:])
		known := false // the character at i is a token
		till := s.best[i].score
		for j, node := i, int32(0); j < len(word); {
			if node = m.trie.child(node, word[j]); node == 0 {
				break
			}
			j++
			if id := m.trie.values[node]; id >= 0 {
				s.best[j].offer(till+m.scores[id], i, id)
				known = known || j == i+size
			}
		}
		if !known {
			s.best[i+size].offer(till+m.penalty, i, m.unknown)
		}
	}
	s.chosen = s.chosen[:0]
	for end := len(word); end > 0; {
		a := s.best[end]
		last := len(s.chosen) - 1
		if last >= 0 && a.id == m.unknown && s.chosen[last].id == m.unknown {
			s.chosen[last].from = int(a.from)
		} else {
			s.chosen = append(s.chosen, chosen{place{int(a.from), end}, a.id})
		}
		end = int(a.from)
	}
	slices.Reverse(s.chosen)
	return s.chosen
}

// offer takes a way to this position if it is better than the best so far; of equals the first stays.
func (a *arc) offer(score float64, from int, id int32) {
	if a.id < 0 || score > a.score {
		*a = arc{score, int32(from), id}
	}
}

func (m *unigram) encode(word string, ids []int32, s *scratch) []int32 {
	known := s.recall(word)
	if known != nil && known.word == word && word != "" {
		return append(ids, known.ids...)
	}
	start := len(ids)
	for _, c := range m.cut(word, &s.lattice) {
		ids = m.spelled(word[c.from:c.to], c.id, ids)
	}
	if known != nil {
		known.word = strings.Clone(word)
		known.ids = append([]int32(nil), ids[start:]...)
	}
	return ids
}

// spelled appends the ids of a chosen token. A run of unknown characters may happen to be a token all the same.
func (m *unigram) spelled(text string, id int32, ids []int32) []int32 {
	if id != m.unknown {
		return append(ids, id)
	}
	if id, ok := m.ids[text]; ok {
		return append(ids, id)
	}
	if m.fallback {
		if ids, ok := appendBytes(text, &m.byteID, ids); ok {
			return ids
		}
	}
	return append(ids, m.unknown)
}

func (m *unigram) places(word string, _ []int32, s *scratch) ([]place, error) {
	var out []place
	for _, c := range m.cut(word, &s.lattice) {
		for range m.spelled(word[c.from:c.to], c.id, nil) {
			out = append(out, c.place) // the tokens of bytes share the place of their run
		}
	}
	return out, nil
}
