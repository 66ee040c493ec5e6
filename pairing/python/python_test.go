package python

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fixtures is the folder of the python cases: CROCO_FIXTURES, else the copy beside the pairing tests.
func fixtures(t *testing.T) string {
	dir := "../testdata/methods/python"
	if root := os.Getenv("CROCO_FIXTURES"); root != "" {
		dir = filepath.Join(root, "methods", "python")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no python cases in %s", dir)
	}
	return dir
}

// TestFixturesPython checks every output file of every case by what it holds.
func TestFixturesPython(t *testing.T) {
	root := fixtures(t)
	checks := map[string]func(*testing.T, []byte){"random.json": checkRandom, "repr.json": checkRepr, "stats.json": checkStats}
	cases, err := os.ReadDir(root)
	require.NoError(t, err)
	for _, c := range cases {
		var description struct {
			Runs []struct {
				Name  string
				Files map[string]any
			}
		}
		text, err := os.ReadFile(filepath.Join(root, c.Name(), "case.json"))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &description))
		for _, run := range description.Runs {
			t.Run("python/"+c.Name()+"/"+run.Name, func(t *testing.T) {
				require.NotEmpty(t, run.Files)
				for name := range run.Files {
					check := checks[filepath.Base(name)]
					require.NotNil(t, check, "no check for %s", name)
					out, err := os.ReadFile(filepath.Join(root, c.Name(), name))
					require.NoError(t, err)
					check(t, out)
				}
			})
		}
	}
}

func checkRandom(t *testing.T, out []byte) {
	var rows []map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&rows))
	for _, row := range rows {
		seed, ok := new(big.Int).SetString(string(row["seed"].(json.Number)), 10)
		require.True(t, ok)
		for key, want := range row {
			if key == "seed" {
				continue
			}
			var got []any
			list := want.([]any)
			r := NewRandBig(seed)
			var n, k int
			switch {
			case key == "getrandbits32":
				for range list {
					got = append(got, r.Bits(32))
				}
			case key == "random":
				for range list {
					got = append(got, FloatRepr(r.Float64()))
				}
			case key == "swap":
				for range list {
					got = append(got, r.Float64() < 0.5)
				}
			case scan(key, "choice%d", &n):
				for range list[1:] {
					got = append(got, r.Below(n))
				}
				got = append(got, r.Bits(32))
			case scan(key, "shuffle%d", &n):
				for i := range n {
					got = append(got, i)
				}
				r.Shuffle(n, func(i, j int) { got[i], got[j] = got[j], got[i] })
			case scan(key, "sample%dof%d", &k, &n):
				for _, i := range r.Sample(n, k) {
					got = append(got, i)
				}
			default:
				require.Fail(t, "unknown draw "+key)
			}
			require.Equal(t, fmt.Sprint(list), fmt.Sprint(got), "seed %s, %s", seed, key)
		}
	}
}

func scan(text, format string, into ...any) bool {
	n, _ := fmt.Sscanf(text, format, into...)
	return n == len(into)
}

func fromBits(t *testing.T, hex string) float64 {
	bits, err := strconv.ParseUint(hex, 16, 64)
	require.NoError(t, err)
	return math.Float64frombits(bits)
}

func checkRepr(t *testing.T, out []byte) {
	var rows [][5]string
	require.NoError(t, json.Unmarshal(out, &rows))
	for _, row := range rows {
		x := fromBits(t, row[0])
		require.Equal(t, row[1], Dumps(x))
		require.Equal(t, row[2], Dumps(Round(x, 2)), "round(%v, 2)", x)
		require.Equal(t, row[3], Dumps(Round(x, 4)), "round(%v, 4)", x)
		whole := strings.TrimPrefix(strconv.FormatFloat(Round(x, 0), 'f', 0, 64), "-")
		if x < 0 && whole != "0" {
			whole = "-" + whole
		}
		require.Equal(t, row[4], whole, "round(%v)", x)
		back, err := ToFloat(row[1])
		require.NoError(t, err)
		require.Equal(t, math.Float64bits(x), math.Float64bits(back))
	}
}

func checkStats(t *testing.T, out []byte) {
	var rows []struct {
		X                      []float64
		Mean, Std, P25, Target string
	}
	require.NoError(t, json.Unmarshal(out, &rows))
	for _, row := range rows {
		mean, std := Mean(row.X), Std(row.X)
		require.Equal(t, fromBits(t, row.Mean), mean, "mean of %d", len(row.X))
		require.Equal(t, fromBits(t, row.Std), std, "std of %d", len(row.X))
		require.Equal(t, fromBits(t, row.P25), Percentile(row.X, 25), "p25 of %d", len(row.X))
		require.Equal(t, fromBits(t, row.Target), mean-2*std, "target of %d", len(row.X))
	}
}
