package pairing

import (
	"fmt"
	"slices"
	"strings"
)

// Scope says which answers stand in one pool.
type Scope string

const (
	InLang  Scope = "in_lang"  // those to one prompt in one language
	AllLang Scope = "all_lang" // those to one line of the parallel prompts, in every language
)

// Options are the switches of CroCo's pairing. The first group is the method; the second repairs defects of the
// authors' script, where the value "authors" (or false) gives their behaviour back; the third adds what they leave out;
// the fourth are other systems' rules, arms to compare with, and controls.
type Options struct {
	Scope        Scope  `yaml:"scope"`         // in_lang | all_lang
	RejectTarget Target `yaml:"reject_target"` // mean_minus_2sigma | q1 | min
	PromptSource string `yaml:"prompt_source"` // all_lang: whose prompt the pair carries: chosen | rejected | random
	Seed         int64  `yaml:"seed"`          // of prompt_source random and of shuffle
	Shuffle      bool   `yaml:"shuffle"`       // all_lang: shuffle the records
	MaxSamples   *int   `yaml:"max_samples"`   // only the first lines; nil: all

	Key         string `yaml:"key"`          // line_id: rows join their own line; authors: any line with the same text, the last one read
	DropFailed  bool   `yaml:"drop_failed"`  // leave out rows with the score −999, which says that scoring failed
	RejectEmpty bool   `yaml:"reject_empty"` // leave out answers that are empty or the text None
	NonFinite   string `yaml:"nonfinite"`    // error | authors: NaN and infinite scores take part
	BOM         string `yaml:"bom"`          // strip | authors: a byte-order mark spoils the file's first line
	RNG         string `yaml:"rng"`          // own: one draw per record, whatever was made before; authors: CPython's stream
	BadInput    string `yaml:"bad_input"`    // error | authors: unreadable lines and missing files are passed over

	LanguageFilter  string  `yaml:"language_filter"`     // answers not in the prompt's language: none | drop | penalty
	LanguagePenalty float64 `yaml:"language_penalty"`    // penalty: so many standard deviations of the language's scores
	Normalization   string  `yaml:"score_normalization"` // none | language: z-scores within each language
	MinGap          float64 `yaml:"min_gap"`             // least difference between chosen and rejected score
	LengthPenalty   float64 `yaml:"length_penalty"`      // subtracted from the score per unit of length
	MaxLengthRatio  float64 `yaml:"max_length_ratio"`    // longest over shortest of a pair; 0: any
	LengthUnit      string  `yaml:"length_unit"`         // chars | tokens

	Rule          string  `yaml:"rule"`           // croco | sweetspot | random | max_reward: see rules.go
	ChosenPoint   string  `yaml:"chosen_point"`   // sweetspot: max | mu+2s | mu+1s | mu | mu-1s | mu-2s | min
	RejectedPoint string  `yaml:"rejected_point"` // sweetspot: the same, or min_of_5
	ChosenFile    string  `yaml:"chosen_file"`    // off-policy: chosen answers by line_id and language that the model did not write
	ScoresFile    string  `yaml:"scores_file"`    // scores of the same answers that decide in place of theirs: the truth, or another judge
	LabelNoise    float64 `yaml:"label_noise"`    // share of pairs whose sides change places; 0.5: random labels
}

// Defaults are the paper's method with the script's defects repaired and nothing added.
func Defaults() Options {
	return Options{
		Scope: InLang, RejectTarget: MeanMinus2Sigma, PromptSource: "chosen", Seed: 42,
		Key: "line_id", DropFailed: true, RejectEmpty: true, NonFinite: "error", BOM: "strip", RNG: "own", BadInput: "error",
		LanguageFilter: "none", LanguagePenalty: 3, Normalization: "none", LengthUnit: "chars",
		Rule: CrocoRule, ChosenPoint: "max", RejectedPoint: "mu-2s",
	}
}

// AuthorsOptions are the switches that give the authors' script byte for byte.
func AuthorsOptions() Options {
	o := Defaults()
	o.Key, o.NonFinite, o.BOM, o.RNG, o.BadInput = "authors", "authors", "authors", "authors", "authors"
	o.DropFailed, o.RejectEmpty = false, false
	return o
}

// Validate refuses unknown words and impossible numbers, naming the key and what it may be.
func (o Options) Validate() error {
	for _, word := range []struct {
		key, value, allowed string
	}{
		{"scope", string(o.Scope), "in_lang all_lang"},
		{"reject_target", string(o.RejectTarget), "mean_minus_2sigma q1 min"},
		{"prompt_source", o.PromptSource, "chosen rejected random"},
		{"key", o.Key, "line_id authors"},
		{"nonfinite", o.NonFinite, "error authors"},
		{"bom", o.BOM, "strip authors"},
		{"rng", o.RNG, "own authors"},
		{"bad_input", o.BadInput, "error authors"},
		{"language_filter", o.LanguageFilter, "none drop penalty"},
		{"score_normalization", o.Normalization, "none language"},
		{"length_unit", o.LengthUnit, "chars tokens"},
		{"rule", o.Rule, "croco sweetspot random max_reward"},
	} {
		if allowed := strings.Fields(word.allowed); !slices.Contains(allowed, word.value) {
			return fmt.Errorf("%s: expected one of %s, found %q", word.key, strings.Join(allowed, ", "), word.value)
		}
	}
	for _, number := range []struct {
		key   string
		value float64
	}{{"language_penalty", o.LanguagePenalty}, {"min_gap", o.MinGap}, {"length_penalty", o.LengthPenalty}} {
		if !(number.value >= 0 && number.value < 1e308) {
			return fmt.Errorf("%s: expected a number of 0 or more, found %v", number.key, number.value)
		}
	}
	if !(o.LabelNoise >= 0 && o.LabelNoise <= 1) {
		return fmt.Errorf("label_noise: expected a share from 0 to 1, found %v", o.LabelNoise)
	}
	if o.Rule == SweetSpotRule {
		if _, _, _, err := o.parsePoints(); err != nil {
			return err
		}
	}
	if r := o.MaxLengthRatio; r != 0 && !(r >= 1 && r < 1e308) {
		return fmt.Errorf("max_length_ratio: expected 0 (off) or a number of 1 or more, found %v", r)
	}
	return nil
}
