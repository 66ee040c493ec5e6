package sweetspot

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/internal/cases"
	"croco/model/chat"
	"croco/model/chat/jinja"
	"croco/pairing/dialogue"
	"croco/pairing/python"
)

// TestFixturesSweetSpot runs the rule of the seven points and the scoring script.
func TestFixturesSweetSpot(t *testing.T) {
	all := func(cases.Case) bool { return true }
	cases.Each(t, "sweetspot", all, func(t *testing.T, c cases.Case, run cases.Run) {
		if filepath.Base(c.Script) == "reward_batch.py" {
			checkScoring(t, c, run)
			return
		}
		require.True(t, strings.HasPrefix(c.Script, "none"), c.Script)
		out := c.Lines(t, run.Out()[0])
		for i, line := range c.Lines(t, c.Inputs[0]) {
			var scores []float64
			var want map[string]int
			cases.Decode(t, line, &scores)
			cases.Decode(t, out[i], &want)
			require.Len(t, want, len(Points))
			for _, p := range Points {
				require.Equal(t, want[p.String()], Pick(scores, p), "pool %d, %v", i+1, p)
			}
		}
	})
}

func checkScoring(t *testing.T, c cases.Case, run cases.Run) {
	s := Scoring{Authors: true}
	for flag, into := range map[string]*int{"--begin": &s.Begin, "--end": &s.End, "--bz": &s.Size} {
		n, err := strconv.Atoi(run.Arg(flag))
		require.NoError(t, err)
		*into = n
	}
	text := c.Text(t, "in/template.txt")
	template, err := chat.Parse(text)
	require.NoError(t, err)
	render := func(messages []chat.Message, generation bool) (string, error) {
		return template.Prompt(messages, generation, jinja.NewDict("bos_token", "<s>", "eos_token", "</s>"))
	}
	prompts, err := Prompts(objects(t, c.Text(t, "in/prompts.json")), render, dialogue.MentionsSystem(text))
	require.NoError(t, err)
	var vocab []string
	c.JSON(t, "in/vocab.json", &vocab)
	rewards := func(batch [][]chat.Message) ([]float64, error) { // what stood in for the reward model
		values := make([]float64, len(batch))
		for i, conversation := range batch {
			text, err := render(conversation, false)
			if err != nil {
				return nil, err
			}
			for position, word := range strings.Fields(text) {
				values[i] += float64(max(0, slices.Index(vocab, word))*(position+1)) / 16
			}
		}
		return values, nil
	}
	got, err := s.Score(objects(t, c.Text(t, "in/"+run.Name+".json")), prompts, rewards)
	if run.Exit != 0 {
		require.Error(t, err)
		return
	}
	require.NoError(t, err)
	list := []any{}
	for _, o := range got {
		list = append(list, o)
	}
	require.Equal(t, c.Text(t, run.Out()[0]), python.Indent(list, 6, true))
}

func objects(t *testing.T, text string) (list []*python.Object) {
	v, err := python.Loads(text)
	require.NoError(t, err)
	for _, o := range v.([]any) {
		list = append(list, o.(*python.Object))
	}
	return list
}
