package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"croco/engine"
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
	require.Contains(t, memoryText(2<<30, memory{free: 1 << 30, total: 4 << 30}, false), "2.0 GiB needed, 1.0 GiB of 4.0 GiB free: that may not be enough; try --gradient_checkpointing true")
	require.Contains(t, memoryText(2<<30, memory{free: 1 << 30, total: 4 << 30}, true), "--per_device_train_batch_size")
	require.Equal(t, "memory: about 5 MiB needed, 1.0 GiB of 4.0 GiB free", memoryText(5<<20, memory{free: 1 << 30, total: 4 << 30}, true))
	require.Equal(t, []int{8, 16, 64, 1000}, []int{servedRank(4), servedRank(16), servedRank(33), servedRank(1000)})
	require.Equal(t, "shortest 1, half up to 2, 90 % up to 4, 99 % up to 4, longest 9", percentiles([]int{1, 2, 2, 4, 9}))
}
