package study

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/engine/demo"
	"croco/kernels/cpu"
	"croco/pairing"
)

// small is a study of a few tasks with the demo's models; the English reward model also stands for the mixed one.
func small(t *testing.T, names ...string) *Study {
	t.Helper()
	d, err := cpu.New(1)
	require.NoError(t, err)
	dir := t.TempDir()
	home := filepath.Join(dir, "models", "0")
	require.NoError(t, demo.Unpack(home))
	require.NoError(t, os.CopyFS(filepath.Join(home, mixModel), os.DirFS(filepath.Join(home, enModel))))
	return &Study{Dir: dir, Results: filepath.Join(dir, "study.jsonl"), Device: d, Seeds: []int{0}, Bases: []int{0}, Arms: named(t, names...), Tasks: 17, Tests: 2}
}

func named(t *testing.T, names ...string) (list []Arm) {
	for _, name := range names {
		i := slices.IndexFunc(Arms(), func(a Arm) bool { return a.Name == name })
		require.GreaterOrEqual(t, i, 0, name)
		list = append(list, Arms()[i])
	}
	return list
}

// Stopped anywhere and started again, a study has the same results; started once more, it does nothing.
func TestStudyGoesOn(t *testing.T) {
	ctx, all := context.Background(), []string{"base", "μ−2σ, penalty", "monolingual en", "ICR"}
	whole := small(t, all...)
	require.NoError(t, whole.Run(ctx))
	want, err := Read(whole.Results)
	require.NoError(t, err)
	require.Len(t, want, len(all))

	parts := small(t, all[3])
	require.NoError(t, parts.Run(ctx))
	parts.Arms = named(t, all...)
	stopped, cancel := context.WithCancel(ctx)
	parts.Say = func(line string) {
		if strings.Contains(line, all[1]) {
			cancel()
		}
	}
	require.ErrorIs(t, parts.Run(stopped), context.Canceled)
	require.NoError(t, parts.Run(ctx))
	before, err := os.ReadFile(parts.Results)
	require.NoError(t, err)
	require.NoError(t, parts.Run(ctx))
	after, err := os.ReadFile(parts.Results)
	require.NoError(t, err)
	require.Equal(t, before, after)
	got, err := Read(parts.Results)
	require.NoError(t, err)
	order := func(rows []Result) {
		slices.SortFunc(rows, func(a, b Result) int { return strings.Compare(a.Arm, b.Arm) })
		for i := range rows {
			rows[i].Seconds = 0
		}
	}
	order(want)
	order(got)
	require.Equal(t, want, got)

	base, tuned := want[1], want[3]
	require.Equal(t, "base", base.Arm)
	require.Len(t, base.Languages, 6)
	require.Equal(t, 68, tuned.Pairs.N, "one pair for each task and language")
	require.NotEqual(t, base.Languages, tuned.Languages)
}

// Every arm makes pairs or numbers, also of few tasks. With -short only the arms that no other test sees are left out.
func TestEveryArmRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("numerics: without the race detector")
	}
	s := small(t)
	for _, a := range Arms() {
		if slices.Contains([]string{"min, N=128, gauss", "online, 2 rounds", "LIDR", "SFT on gold", "random pair, random order", "report card", "targets",
			"all-language pool, English RM, z-scores, penalty", "off-policy: another base's answers", "ICR's answers, the truth"}, a.Name) {
			s.Arms = append(s.Arms, a)
		}
	}
	require.Len(t, s.Arms, 10)
	require.NoError(t, s.Run(context.Background()))
	results, err := Read(s.Results)
	require.NoError(t, err)
	for _, r := range results {
		require.True(t, r.Numbers != nil || r.Pairs.N > 0 && r.Languages != nil, r.Arm)
		if r.Arm == "SFT on gold" {
			require.Equal(t, 1., r.Pairs.Chosen)
		}
		if r.Arm == "ICR's answers, the truth" {
			require.Zero(t, r.Pairs.Inverted)
			require.Equal(t, 1., r.Numbers["rank en"])
		}
	}
}

func TestArmsHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range append(Arms(), ChoiceArms()...) {
		require.False(t, seen[a.Name], a.Name)
		seen[a.Name] = true
		require.True(t, a.pairs == nil || a.probe == nil)
	}
	for _, f := range Findings() {
		for _, c := range f.Shown {
			require.True(t, seen[c.A], c.A)
			require.True(t, c.B == "" || seen[c.B], c.B)
		}
	}
}

func TestPicks(t *testing.T) {
	chosen, rejected := nearMean([]float64{1, 9, 4, 6}, 0)
	require.Equal(t, []int{1, 2}, []int{chosen, rejected}, "4 is nearer to 5 than 6 is, being first")
	_, rejected = nearMean([]float64{2, 2}, 0)
	require.Equal(t, -1, rejected)
	firsts := map[int]int{}
	for key := range uint64(400) {
		a, b := anyTwo([]float64{3, 1, 2}, key)
		require.NotEqual(t, a, b)
		require.Greater(t, []float64{3, 1, 2}[a], []float64{3, 1, 2}[b])
		firsts[a]++
	}
	require.InDelta(t, 267, firsts[0], 40, "the best of three is in two of three pairs")
	require.Zero(t, firsts[1])
	_, rejected = anyTwo([]float64{5, 5}, 1)
	require.Equal(t, -1, rejected)
}

func TestNoise(t *testing.T) {
	pool := func() (rows []pairing.Candidate) {
		for i := range 4000 {
			rows = append(rows, pairing.Candidate{Language: []string{"en", "da"}[i%2], Score: float64(i%2)*100 + math.Sin(float64(i))})
		}
		return rows
	}
	clean, noisy := pool(), pool()
	disturb(noisy, gauss, 1)
	sum := 0.0
	for i := range clean {
		d := noisy[i].Score - clean[i].Score
		sum += d * d
	}
	require.InDelta(t, .5, sum/4000, .03, "as much variance as the scores of a language have")
	slipped, n := pool(), 0
	disturb(slipped, slips, 1)
	for i := range clean {
		if d := clean[i].Score - slipped[i].Score; d != 0 {
			n++
			require.InDelta(t, 6*math.Sqrt(.5), d, .05)
		}
	}
	require.InDelta(t, 80, n, 30)
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"seed":1,"arm":"base","languages":{"en":[1,0,1,0,-2,3,1,1,1]},"translation":0.5,"seconds":1}`))
	f.Add([]byte(`{"seed":1,"arm":"x","pairs":{"n":3}}` + "\n{"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(t.TempDir(), "r.jsonl")
		require.NoError(t, os.WriteFile(path, bytes.TrimSpace(raw), 0o644))
		if results, err := Read(path); err == nil {
			_, err = Page(results)
			require.NoError(t, err)
		}
	})
}

func TestTwiceIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(`{"seed":1,"arm":"x"}`+"\n"+`{"seed":1,"arm":"x"}`+"\n"), 0o644))
	_, err := Read(path)
	require.ErrorContains(t, err, `r.jsonl:2: seed 1, arm "x" stands in line 1 already`)
}
