package tokenizer

// readTemplate reads the post-processor: the ids in front of a text and behind it. The templates for pairs of texts
// are passed over.
func (t *Tokenizer) readTemplate(n *node) error {
	seen := false
	return components(n, "processors", func(kind string, n *node) error {
		switch kind {
		case "ByteLevel":
			n.ignore("use_regex")
			t.trim.read(n)
			return nil
		case "BertProcessing", "RobertaProcessing":
			if seen {
				return n.errorf("a second post-processor that adds tokens is not supported")
			}
			seen = true
			if kind == "RobertaProcessing" {
				t.trim.read(n)
			}
			before, after := t.named(n, "cls"), t.named(n, "sep")
			t.prefix, t.suffix = append(t.prefix, before), append(t.suffix, after)
			return n.err
		case "TemplateProcessing":
			if seen {
				return n.errorf("a second post-processor that adds tokens is not supported")
			}
			seen = true
			// Leftovers of a ByteLevel post-processor stand in some published files; the Rust library passes over them.
			n.ignore("pair", "add_prefix_space", "trim_offsets", "use_regex")
			return t.readSingle(n)
		}
		return n.errorf("post-processor %q is not supported", kind)
	})
}

// named reads a field ["[SEP]", 102].
func (t *Tokenizer) named(n *node, key string) (id int32) {
	name := ""
	pair := []any{&name, &id}
	n.must(key, &pair)
	if _, ok := t.IDToToken(id); n.err == nil && (len(pair) != 2 || !ok) {
		n.fail("field %q: expected a token and its id, found %q and %d, which is no token", key, name, id)
	}
	return id
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
