package tokenizer

import "fmt"

// trie is a set of words, each with a value, that is walked byte by byte: all the words that a text begins with are
// found on one path. Nodes are numbers, the root is 0. The edges stand in one open-addressing hash table, since a
// vocabulary makes half a million nodes and few of them have more than one child.
type trie struct {
	edges  []uint64 // node (28 bits), byte (8), child (28); a child is never the root, so 0 is a free place
	used   int
	values []int32 // by node; −1: no word ends here
}

const maxNodes = 1 << 28

func newTrie() trie { return trie{edges: make([]uint64, 1<<8), values: []int32{-1}} }

// place returns the index of an edge, or of the free place where it would stand.
func (t *trie) place(node int32, b byte) uint64 {
	key, last := uint64(node)<<8|uint64(b), uint64(len(t.edges)-1)
	i := (key * 0x9E3779B97F4A7C15 >> 32) & last
	for t.edges[i] != 0 && t.edges[i]>>28 != key {
		i = (i + 1) & last
	}
	return i
}

// child returns the node behind byte b; 0 if there is none.
func (t *trie) child(node int32, b byte) int32 {
	return int32(t.edges[t.place(node, b)] & (maxNodes - 1))
}

// add puts a word in; a word that is there already gets the new value.
func (t *trie) add(word string, value int32) error {
	at := int32(0)
	for i := 0; i < len(word); i++ {
		next := t.child(at, word[i])
		if next == 0 {
			if next = int32(len(t.values)); next == maxNodes {
				return fmt.Errorf("the tokens are longer than %d bytes together", maxNodes)
			}
			t.values = append(t.values, -1)
			t.link(at, word[i], next)
		}
		at = next
	}
	t.values[at] = value
	return nil
}

func (t *trie) link(node int32, b byte, child int32) {
	if 2*t.used >= len(t.edges) {
		old := t.edges
		t.edges = make([]uint64, 2*len(old))
		for _, e := range old {
			if e != 0 {
				t.edges[t.place(int32(e>>36), byte(e>>28))] = e
			}
		}
	}
	t.used++
	t.edges[t.place(node, b)] = (uint64(node)<<8|uint64(b))<<28 | uint64(child)
}

// walk follows word from a node; −1 if the path ends before it does.
func (t *trie) walk(node int32, word string) int32 {
	for i := 0; i < len(word); i++ {
		if node = t.child(node, word[i]); node == 0 {
			return -1
		}
	}
	return node
}
