package tokenizer

import "fmt"

// Parse is Open of a tokenizer.json that is in memory; file is its name in errors.
func Parse(file string, data []byte) (*Tokenizer, error) {
	t, err := parse(file, data)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	return t, nil
}
