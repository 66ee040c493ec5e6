package dialogue

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/internal/cases"
	"croco/model/chat"
	"croco/model/chat/jinja"
	"croco/pairing/python"
)

// TestFixturesHong runs the formatting cases of Hong et al.
func TestFixturesHong(t *testing.T) {
	cases.Each(t, "hong", cases.Script("utils.py"), func(t *testing.T, c cases.Case, run cases.Run) {
		require.Contains(t, c.Entry, "map_chat_template_by_task")
		var vocab []string
		c.JSON(t, "in/vocab.json", &vocab)
		examples, outs := list(t, c.Text(t, "in/examples.json")), list(t, c.Text(t, "out/examples.json"))
		require.Len(t, outs, len(examples))
		for i, v := range examples {
			in, want := v.(*python.Object), outs[i].(*python.Object)
			got, err := formatted(t, in, vocab)
			if _, fails := want.Lookup("exception"); fails {
				require.Error(t, err, "example %d", i+1)
				continue
			}
			require.NoError(t, err, "example %d", i+1)
			cases.RequireNear(t, python.Dumps(want), python.Dumps(got), 0, "example")
		}
		f := formatter(t, examples[0].(*python.Object), vocab)
		var got []any
		for _, row := range list(t, c.Text(t, "in/dataset.json")) {
			pair, err := f.Pair(row.(*python.Object))
			require.NoError(t, err)
			got = append(got, record(pair))
		}
		cases.RequireNear(t, c.Text(t, "out/dataset_batched.json"), python.Dumps(got), 0, "dataset")
	})
}

func list(t *testing.T, text string) []any {
	v, err := python.Loads(text)
	require.NoError(t, err)
	return v.([]any)
}

// formatter stands in for a tokenizer of words.
func formatter(t *testing.T, in *python.Object, vocab []string) Formatter {
	text := in.Get("template").(string)
	template, err := chat.Parse(text)
	require.NoError(t, err)
	bos, _ := in.Get("bos").(string)
	return Formatter{
		Render: func(messages []chat.Message, generation bool) (string, error) {
			return template.Prompt(messages, generation, jinja.NewDict("bos_token", bos, "eos_token", "</s>"))
		},
		BOS: bos, System: in.Get("auto_system") == true && MentionsSystem(text),
		IDs: func(text string) (ids []int32) {
			for _, word := range strings.Fields(text) {
				ids = append(ids, int32(max(0, slices.Index(vocab, word))))
			}
			return ids
		},
	}
}

func formatted(t *testing.T, in *python.Object, vocab []string) (*python.Object, error) {
	f, example := formatter(t, in, vocab), in.Get("example").(*python.Object)
	if in.Get("type") != "RM" {
		return f.Format(example, in.Get("type").(string))
	}
	pairs, err := f.Batch(example)
	if err != nil {
		return nil, err
	}
	keys := record(IDs{}).Keys
	columns := make([][]any, len(keys))
	for _, p := range pairs {
		for k, key := range keys {
			columns[k] = append(columns[k], record(p).Get(key))
		}
	}
	out := python.Dict()
	for k, key := range keys {
		out.Set(key, columns[k])
	}
	return out, nil
}

// record is a pair as the authors' data set holds it; no padding, so the mask is all ones.
func record(p IDs) *python.Object {
	numbers := func(ids []int32, one bool) []any {
		list := []any{}
		for _, id := range ids {
			if one {
				id = 1
			}
			list = append(list, float64(id))
		}
		return list
	}
	return python.Dict("input_ids_chosen", numbers(p.Chosen, false), "attention_mask_chosen", numbers(p.Chosen, true),
		"input_ids_rejected", numbers(p.Rejected, false), "attention_mask_rejected", numbers(p.Rejected, true))
}

func TestBadExamplesAreNamed(t *testing.T) {
	f := Formatter{Render: func(m []chat.Message, _ bool) (string, error) { return m[0].Content, nil }}
	for text, want := range map[string]string{
		`{"chosen": [{"role": "user", "content": "x"}], "rejected": [{"role": "user", "content": "x"}]}`: "expected a prompt before the last turn",
		`{"chosen": [], "rejected": []}`: "chosen: expected a list of turns",
		`{"chosen": [{"role": "user"}]}`: "chosen: turn 1: expected the key content",
		`{"chosen": [1]}`:                "chosen: turn 1: expected an object",
		`{"rejected": []}`:               "expected the keys chosen and rejected",
	} {
		_, err := f.Format(list(t, "["+text+"]")[0].(*python.Object), "DPO")
		require.ErrorContains(t, err, want)
	}
	_, err := f.Format(python.Dict(), "RM")
	require.ErrorContains(t, err, `kind: expected SFT, DPO or ORPO, found "RM"`)
	_, err = f.Batch(python.Dict("chosen", []any{1.0}, "rejected", []any{}))
	require.ErrorContains(t, err, "found 0 and 1")
}

func TestTheExampleIsLeftAlone(t *testing.T) {
	example := list(t, `[{"messages": [{"role": "user", "content": "x"}]}]`)[0].(*python.Object)
	before := python.Dumps(example)
	f := Formatter{System: true, Render: func(m []chat.Message, _ bool) (string, error) { return m[0].Role, nil }}
	got, err := f.Format(example, "sft")
	require.NoError(t, err)
	require.Equal(t, before, python.Dumps(example))
	require.Equal(t, "system", got.Get("text"))
}
