package tokenizer

// readTemplate reads the post-processor: the ids in front of a text and behind it. The templates for pairs of texts
// are passed over.
func (t *Tokenizer) readTemplate(n *node) error {
	seen := false
	return components(n, "processors", func(kind string, n *node) error {
		switch kind {
		case "ByteLevel": // moves offsets only
			n.ignore("add_prefix_space", "trim_offsets", "use_regex")
			return nil
		case "TemplateProcessing":
			if seen {
				return n.errorf("a second TemplateProcessing is not supported")
			}
			seen = true
			// Leftovers of a ByteLevel post-processor stand in some published files; the Rust library passes over them.
			n.ignore("pair", "add_prefix_space", "trim_offsets", "use_regex")
			return t.readSingle(n)
		}
		return n.errorf("post-processor %q is not supported", kind)
	})
}

func (t *Tokenizer) readSingle(n *node) error {
	type part struct{ ID string }
	var single []map[string]part
	var special map[string]struct{ IDs []int32 }
	n.must("single", &single)
	n.must("special_tokens", &special)
	if n.err != nil {
		return n.err
	}
	texts := 0
	for i, item := range single {
		name, isToken := item["SpecialToken"]
		_, isSequence := item["Sequence"]
		switch {
		case len(item) != 1 || !isToken && !isSequence:
			return n.errorf(`single[%d]: expected {"SpecialToken": …} or {"Sequence": …}`, i)
		case isSequence:
			texts++
			continue
		}
		tokens, ok := special[name.ID]
		if !ok {
			return n.errorf("single[%d]: %q is not among its special_tokens", i, name.ID)
		}
		for _, id := range tokens.IDs {
			if _, ok := t.IDToToken(id); !ok {
				return n.errorf("special_tokens: %q has id %d, which is no token", name.ID, id)
			}
		}
		if texts == 0 {
			t.prefix = append(t.prefix, tokens.IDs...)
		} else {
			t.suffix = append(t.suffix, tokens.IDs...)
		}
	}
	if texts != 1 {
		return n.errorf("single: expected the text once, found it %d times", texts)
	}
	return nil
}
