package replication

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/internal/cases"
)

// TestFixturesReplication runs the three modes.
func TestFixturesReplication(t *testing.T) {
	cases.Each(t, "croco-replication", cases.Script("preference.py"), func(t *testing.T, c cases.Case, run cases.Run) {
		out := c.Lines(t, run.Out()[0])
		for i, line := range c.Lines(t, c.Inputs[0]) {
			var in struct {
				Scores []float64
				Gold   *float64 `json:"gold_score"`
			}
			var want map[string]json.RawMessage
			cases.Decode(t, line, &in)
			cases.Decode(t, out[i], &want)
			check := func(mode string, p Pair, ok bool) {
				cases.RequireNear(t, string(want[mode]), record(t, mode, p, ok, in.Scores, in.Gold), 0, "pool "+strconv.Itoa(i+1)+", "+mode)
			}
			p, ok := Generated(in.Scores)
			check("generated", p, ok)
			p, ok = GoldChosen(in.Scores, nil)
			check("gold_chosen", p, ok)
			if string(want["max_reward"]) != `"not run"` {
				p, ok = MaxReward(in.Scores, *in.Gold)
				check("max_reward", p, ok)
			}
		}
	})
}

// record is a pair as the replication writes it.
func record(t *testing.T, mode string, p Pair, ok bool, scores []float64, gold *float64) string {
	if !ok {
		return "null"
	}
	side := func(place int) (string, any) {
		if place == Gold {
			return "gold", gold
		}
		return "r" + strconv.Itoa(place), scores[place]
	}
	chosen, chosenScore := side(p.Chosen)
	rejected, rejectedScore := side(p.Rejected)
	text, err := json.Marshal(map[string]any{"chosen": chosen, "rejected": rejected, "chosen_score": chosenScore,
		"rejected_score": rejectedScore, "pool_size": p.PoolSize, "mode": mode})
	require.NoError(t, err)
	return string(text)
}

func TestGoldMayBeHeldAboveTheRejected(t *testing.T) {
	gold := 2.0
	p, ok := GoldChosen([]float64{3, 1, 5}, &gold)
	require.True(t, ok)
	require.Equal(t, Pair{Gold, 1, 3}, p)
	_, ok = GoldChosen([]float64{3, 5}, &gold)
	require.False(t, ok)
	p, ok = GoldChosen([]float64{3, 5}, nil)
	require.True(t, ok)
	require.Equal(t, 0, p.Rejected)
}

func TestOfEqualsTheModelsOwnIsChosen(t *testing.T) {
	p, ok := MaxReward([]float64{1, 4}, 4)
	require.True(t, ok)
	require.Equal(t, Pair{1, 0, 3}, p)
	p, ok = MaxReward([]float64{4}, 1)
	require.True(t, ok)
	require.Equal(t, Pair{0, Gold, 2}, p)
	_, ok = MaxReward([]float64{4}, 4)
	require.False(t, ok)
}
