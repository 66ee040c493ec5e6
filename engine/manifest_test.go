package engine

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A seed of 64 bits comes back from the file with all its digits.
func TestManifestsKeepEveryDigit(t *testing.T) {
	out := filepath.Join(t.TempDir(), "rows.jsonl")
	of := func(seed uint64) Manifest {
		m, err := newManifest("train", map[string]any{"seed": seed, "learning_rate": 1e-5})
		require.NoError(t, err)
		return m
	}
	_, err := of(2545289822735414611).begin(out)
	require.NoError(t, err)
	_, err = of(2545289822735414611).begin(out)
	require.NoError(t, err)
	_, err = of(2545289822735414612).begin(out)
	require.ErrorContains(t, err, "seed was 2545289822735414611, now 2545289822735414612")
}
