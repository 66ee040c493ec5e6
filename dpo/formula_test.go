package dpo

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The same operations in the same order: not a bit may differ, in values and gradients.
func TestFormulaReproducesLossesBitForBit(t *testing.T) {
	for formula, name := range map[string]string{
		"-logsigmoid(beta*(c - r))":               "sigmoid",
		"-log(sigmoid(beta * (c-r)))":             "sigmoid",
		"softplus(-((c-r)*beta))":                 "sigmoid",
		"(c/n_c - r/n_r - 1/(2*beta))^2":          "ipo",
		"square(c / n_c - r / n_r - 1/(2*beta))":  "ipo",
		"relu(1 - beta*(c-r))":                    "hinge",
		"(c - 1/(2*beta))**2+(r+1/(2*beta))**2":   "sppo_hard",
		"1 - sigmoid(beta*c) + sigmoid(beta*r)":   "apo_zero",
		"-logp_c/n_mean":                          "sft",
		"-logsigmoid(\n\tbeta*(c/n_c - r/n_r)\n)": "sigmoid_norm",
	} {
		for _, beta := range []float64{0.1, 0.3, 2.5} {
			want, got := value(t, name, Options{Beta: beta}, four()), value(t, "formula", Options{Beta: beta, Formula: formula}, four())
			require.Equal(t, want, got, formula)
		}
	}
}

func TestFormulasAgreeWithFiniteDifferences(t *testing.T) {
	for formula, want := range map[string]float64{ // of one pair with c = -1, r = 2, n_c = 4, n_r = 5, log π = -3 and -2
		"c":                              -1,
		"-c^2":                           -1,
		"2*c^3 - r":                      -4,
		"c^-2":                           1,
		"r^0.5":                          math.Sqrt2,
		"r^1.5":                          math.Pow(2, 1.5),
		"2^r":                            4,
		"r^r":                            4,
		"r^0 + c":                        0,
		"1/r":                            0.5,
		"3/(r+1)":                        1,
		"abs(c) + abs(r)":                3,
		"min(c, r)":                      -1,
		"max(c, r)":                      2,
		"min(c, 5) + min(-3, r)":         -4,
		"max(c, 0.5) + max(4, r)":        4.5,
		"exp(c) - sqrt(r) + tanh(c)":     math.Exp(-1) - math.Sqrt2 + math.Tanh(-1),
		"log(r) * softplus(c)":           math.Ln2 * math.Log1p(math.Exp(-1)),
		"logp_c*n_c/n_r - logp_r - 1e-2": -3.0*4/5 + 2 - 0.01,
		"ref_c + ref_r - n_mean + c":     -2 - 4 - 4 - 1,
		"-min(1, 2)*max(.5, 1)*c":        1,
		"+c - -r + epsilon":              1.1,
		"square(relu(-c)) * beta":        0.3,
		"log(exp(1)) * c / -2":           0.5,
	} {
		epsilon := 0.0
		if strings.Contains(formula, "epsilon") {
			epsilon = 0.1
		}
		o, in := Options{Beta: 0.3, Formula: formula, LabelSmoothing: epsilon}, one(-3, -2, -2, -4, 4, 5)
		require.InDelta(t, want, value(t, "formula", o, in).Loss, 1e-12, formula)
		agreesWithDifferences(t, "formula", o, in)
	}
}

func TestFormulaFaultsPointAtTheCharacter(t *testing.T) {
	for formula, want := range map[string]struct {
		at   int
		what string
	}{
		"":                                   {1, "found the end"},
		"c -":                                {4, "expected a number, a name or an opening parenthesis, found the end"},
		"beta*(c-rr)":                        {9, `unknown name "rr"; known are beta, c, epsilon`},
		"-logsigmoid(beta*(c-r)":             {23, "closes the one at character 12, found the end"},
		"(c-r":                               {5, "closes the one at character 1"},
		"c-r)":                               {4, `expected an operator or the end, found ")"`},
		"c r":                                {3, `found "r"`},
		"c + 1.2.3":                          {5, `"1.2.3" is not a number`},
		"c + 2e":                             {5, `"2e" is not a number`},
		"sine(c)":                            {1, `unknown function "sine"; known are abs`},
		"c + exp":                            {5, "exp is a function: write exp(…)"},
		"min(c)":                             {1, "min takes 2 arguments, found 1"},
		"exp(c, r)":                          {1, "exp takes 1 arguments, found 2"},
		"c β":                                {3, `found "β"`},
		"beta + 1":                           {1, "nothing to learn"},
		"c/(1-1)":                            {2, "division by 0"},
		"c + log(0)":                         {5, "this part is -Inf"},
		"(0-2)^c":                            {6, "the base must be above 0"},
		"c; os.Exit(1)":                      {2, `found ";"`},
		"c + \xff":                           {5, "not UTF-8"},
		strings.Repeat("(", 200) + "c":       {101, "nested more than 100"},
		strings.Repeat("-", 200) + "c":       {101, "nested more than 100"},
		"c" + strings.Repeat("+c", 1<<12):    {maxFormula + 1, "at most 4096 bytes"},
		"c + (beta *\n  (c - r + nc))\n + 1": {24, `unknown name "nc"`},
	} {
		_, err := New([]Term{{"formula", 1}}, Options{Beta: 0.1, Formula: formula})
		var fault *FormulaError
		require.ErrorAs(t, err, &fault, formula)
		require.Contains(t, fault.What, want.what, formula)
		require.ErrorContains(t, err, "loss_formula: character ", formula)
		require.Equal(t, want.at, len([]rune(formula[:fault.At]))+1, formula)
	}
	_, err := ParseFormula("c + (beta *\n  (c - r + nc))\n + 1")
	require.ErrorContains(t, err, "\n      (c - r + nc))\n               ^")
}

// gorgonia itself makes −log σ a softplus.
func TestFormulaOfALogarithmStaysFinite(t *testing.T) {
	for _, c := range []float64{-1e5, -1e3, 1e3, 1e5} {
		v := value(t, "formula", Options{Beta: 1, Formula: "-log(sigmoid(beta*(c-r)))"}, one(c, 0, 0, 0, 1, 1))
		require.Equal(t, max(0, -c), v.Loss)
	}
}

func TestFormulaIsNamed(t *testing.T) {
	_, err := New([]Term{{"sigmoid", 1}}, Options{Beta: 0.1, Formula: "c"})
	require.ErrorContains(t, err, "loss_type does not name it")
	o, err := New([]Term{{"formula", 1}}, Options{Beta: 0.1, Formula: "logp_r-logp_c"})
	require.NoError(t, err)
	require.False(t, o.NeedsReference())
}

func FuzzParseFormula(f *testing.F) {
	for _, s := range []string{"-log(sigmoid(beta*(c-r)))", "(c/n_c-r/n_r-1/(2*beta))^2", "min(c,r)**-2", "((((", "1e", "c^^2", "2^c^r", "-+-c", "log(-1)+c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := New([]Term{{"formula", 1}}, Options{Beta: 0.1, Formula: text, LabelSmoothing: 0})
		if err != nil {
			require.NotPanics(t, func() { _ = err.Error() })
			return
		}
		v, err := o.Value(four())
		require.NoError(t, err)
		require.Len(t, v.PerPair, 4)
	})
}
