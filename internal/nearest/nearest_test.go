package nearest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOf(t *testing.T) {
	names := []string{"learning_rate", "lora_r", "loss_type", "max_length"}
	for word, want := range map[string]string{"lerning_rate": "learning_rate", "lora_rank": "lora_r", "max_lenght": "max_length",
		"loss": "lora_r", "loss_typ": "loss_type", "loss_type": "loss_type"} {
		require.Equal(t, want, Of(word, names), word)
	}
	require.Empty(t, Of("x", nil))
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"grün", "grun", 1}} {
		require.Equal(t, c.want, distance([]rune(c.a), []rune(c.b)), "%s → %s", c.a, c.b)
	}
}
