package tokenizer

import "hash/maphash"

// cached is a word whose ids are known. The cache is a table with one place for each hash: a new word takes the place
// of the old one.
type cached struct {
	word string
	ids  []int32
}

// recent is the words encoded last.
type recent struct {
	cache []cached
	seed  maphash.Seed
}

const (
	cacheSize   = 1 << 14
	longestWord = 64 // bytes of a word worth remembering
)

// recall returns the place of a word in the cache, nil for a word that is not to be remembered.
func (s *recent) recall(w string) *cached {
	if len(w) > longestWord {
		return nil
	}
	if s.cache == nil {
		s.cache, s.seed = make([]cached, cacheSize), maphash.MakeSeed()
	}
	return &s.cache[maphash.String(s.seed, w)%cacheSize]
}
