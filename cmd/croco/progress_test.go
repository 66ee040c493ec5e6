package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"croco/engine"
	"croco/model"
)

func TestProgressText(t *testing.T) {
	first := engine.Update{Stage: "score", Done: 10, Total: 100, Unit: "answers", Tokens: 50}
	require.Equal(t, "score 10/100 answers", progressText(first, first, 0))
	now := first
	now.Done, now.Tokens, now.Shared = 20, 2050, 0.5
	require.Equal(t, "score 20/100 answers | 1.0k tok/s | 50 % of prompt tokens shared | eta 16s", progressText(first, now, 2*time.Second))

	var out bytes.Buffer
	l := &line{t: &console{err: &out, tty: true}}
	l.show("long line", true)
	l.show("short", true)
	l.end()
	require.Equal(t, "\rlong line\rshort    \n", out.String())
}

func TestNumbersForPeople(t *testing.T) {
	for v, want := range map[float64]string{0.5: "0.5", 12: "12", 999: "999", 1234: "1.2k", 18300: "18.3k", 183000: "183k", 2.5e6: "2.5M"} {
		require.Equal(t, want, count(v))
	}
	for s, want := range map[int]string{9: "9s", 750: "12m30s", 3900: "1h05m"} {
		require.Equal(t, want, brief(time.Duration(s)*time.Second))
	}
	require.Equal(t, "1,234,567", grouped(1234567))
	require.Equal(t, "123", grouped(123))
	needs := model.Needs{Weights: 5e9, Activations: 2e9, Logits: 3e8}
	require.Contains(t, memoryText(needs, memory{free: 1e9, total: 4e9}, false), "1 GB of 4 GB free: that may not be enough; try --gradient_checkpointing true")
	require.Contains(t, memoryText(needs, memory{free: 1e9, total: 4e9}, true), "--per_device_train_batch_size")
	require.Equal(t, "memory: about 7.3 GB needed: weights 5 GB, activations 2 GB, logits 300 MB; activations are computed again; 2.5 GB of 8 GB free",
		memoryText(needs, memory{free: 25e8, total: 8e9}, true))
	require.Equal(t, []int{8, 16, 64, 1000}, []int{servedRank(4), servedRank(16), servedRank(33), servedRank(1000)})
	require.Equal(t, "shortest 1, half up to 2, 90 % up to 4, 99 % up to 4, longest 9", percentiles([]int{1, 2, 2, 4, 9}))
}
