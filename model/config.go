package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"strings"

	"croco/model/hub"
)

// Config is a config.json: of the hub's spelling (rope_theta, rope_scaling, torch_dtype) or of transformers 5
// (rope_parameters, dtype). Spec says what it means.
type Config struct {
	File string // for messages
	ModelType,
	Architecture string // "" where the file names none: a language model
	Wrapper string // model_type of the multimodal model whose text model this is; "": none
	Raw     []byte // the file as it is; of a text model, what its own would be
	keys    map[string]json.RawMessage
	used    map[string]bool // keys that somebody read
}

// ReadConfig reads config.json of a model: of a folder, a GGUF file, or a repository of the hub.
func ReadConfig(name string) (*Config, error) {
	path, err := hub.Resolve(name)
	if err != nil {
		return nil, err
	}
	raw, err := hub.ReadFile(path, configFile)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: a model folder needs a config.json", err)
	}
	if err != nil {
		return nil, err
	}
	return ParseConfig(hub.Path(path, configFile), raw)
}

// ParseConfig reads the text of a config.json. Keys that stand twice are an error.
func ParseConfig(file string, raw []byte) (*Config, error) {
	c := &Config{File: file, Raw: raw, used: map[string]bool{}}
	var err error
	if c.keys, err = uniqueKeys(raw); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	r := c.reader()
	c.ModelType = r.str("model_type", "")
	var arch []string
	r.decode("architectures", &arch)
	if r.err == nil && c.ModelType == "" {
		r.fail("model_type", "is missing; known: %s", strings.Join(knownFamilies(), ", "))
	}
	if r.err == nil && len(arch) > 1 {
		r.fail("architectures", "expected one name, found %v", arch)
	}
	if len(arch) == 1 {
		c.Architecture = arch[0]
	}
	if r.err == nil {
		r.err = c.unwrap()
	}
	return c, r.err
}

// uniqueKeys reads a JSON object, one level deep, and refuses keys that stand twice.
func uniqueKeys(raw []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	t, err := d.Token()
	if err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	if t != json.Delim('{') {
		return nil, fmt.Errorf("not a JSON object: begins with %v", t)
	}
	keys := map[string]json.RawMessage{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		key := t.(string)
		if _, seen := keys[key]; seen {
			return nil, fmt.Errorf("key %q stands twice", key)
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, fmt.Errorf("key %q: %w", key, err)
		}
		keys[key] = v
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the JSON object")
	}
	return keys, nil
}

// reader reads typed values and keeps the first error. A key that is absent or null has its default.
type reader struct {
	file, prefix string
	keys         map[string]json.RawMessage
	used         map[string]bool
	context      int     // positions that texts will need; 0: those of training will do
	original     float64 // original_max_position_embeddings where it stands outside the rotation's own object, else 0
	err          error
}

func (c *Config) reader() *reader { return &reader{file: c.File, keys: c.keys, used: c.used} }

// inside reads the object under a key with the same rules; nil where it is absent.
func (r *reader) inside(key string) *reader {
	if !r.has(key) {
		return nil
	}
	keys, err := uniqueKeys(r.keys[key])
	if err != nil {
		r.fail(key, "%v", err)
		return nil
	}
	return &reader{file: r.file, prefix: r.prefix + key + ".", keys: keys, used: map[string]bool{}, context: r.context, original: r.original}
}

func (r *reader) fail(key, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%s: %q: %s", r.file, r.prefix+key, fmt.Sprintf(format, args...))
	}
}

// has marks a key as read and reports whether it holds something.
func (r *reader) has(key string) bool {
	r.used[key] = true
	v, ok := r.keys[key]
	return ok && string(v) != "null"
}

// absent reports whether a key is not there at all, which for transformers is not the same as null.
func (r *reader) absent(key string) bool {
	r.used[key] = true
	_, ok := r.keys[key]
	return !ok
}

func (r *reader) decode(key string, dst any) bool {
	if !r.has(key) {
		return false
	}
	if err := json.Unmarshal(r.keys[key], dst); err != nil {
		r.fail(key, "%v", err)
		return false
	}
	return true
}

func (r *reader) str(key, def string) string        { r.decode(key, &def); return def }
func (r *reader) boolean(key string, def bool) bool { r.decode(key, &def); return def }
func (r *reader) real(key string, def float64) float64 {
	r.decode(key, &def)
	return def
}

// size is a count: a whole number > 0. A default of 0 makes the key necessary.
func (r *reader) size(key string, def int) int {
	n := def
	if !r.decode(key, &n) && def == 0 {
		r.fail(key, "is missing")
	}
	if n <= 0 || n > math.MaxInt32 {
		r.fail(key, "expected a number above 0, and below 2³¹, found %d", n)
		return 1
	}
	return n
}

// positive is a real number > 0; a default of 0 makes the key necessary.
func (r *reader) positive(key string, def float64) float64 {
	v := def
	if !r.decode(key, &v) && def == 0 {
		r.fail(key, "is missing")
	}
	if !(v > 0) {
		r.fail(key, "expected a number above 0, found %v", v)
	}
	return v
}

// ids reads a token id or a list of them.
func (r *reader) ids(key string) []int32 {
	if !r.has(key) {
		return nil
	}
	var one int32
	if json.Unmarshal(r.keys[key], &one) == nil {
		return []int32{one}
	}
	var list []int32
	r.decode(key, &list)
	return list
}

// must refuses a value that changes what is computed and is not supported. wanted are JSON texts.
func (r *reader) must(key string, wanted ...string) {
	if r.has(key) && !slices.Contains(wanted, string(r.keys[key])) {
		r.fail(key, "%s is not supported, only %s", r.keys[key], strings.Join(wanted, " or "))
	}
}

// unread refuses keys that nobody knows, unless they are empty: they may change what the model computes.
func (r *reader) unread(harmless map[string]bool) {
	for _, key := range sorted(r.keys) {
		switch string(r.keys[key]) {
		case "null", "false", "{}", "[]", `""`:
			continue
		}
		if !r.used[key] && !harmless[key] {
			r.fail(key, "unknown key with value %s: it may change what the model computes; remove it if it does not", short(r.keys[key]))
		}
	}
}

func short(v []byte) string {
	if len(v) > 60 {
		return string(v[:60]) + "…"
	}
	return string(v)
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// harmless are keys of config.json that do not change the forward pass: bookkeeping, training, generation.
var harmless = set(`_name_or_path _commit_hash _attn_implementation _attn_implementation_autoset _from_model_config
	attn_implementation auto_map transformers_version transformers.js_config unsloth_version unsloth_fixed model_name
	torch_dtype dtype use_bfloat16 use_cache return_dict torchscript output_attentions output_hidden_states
	initializer_range attention_dropout hidden_dropout embd_pdrop resid_pdrop classifier_dropout neftune_noise_alpha
	pretraining_tp model_max_length keys_to_ignore_at_inference output_scores return_dict_in_generate bad_words_ids
	suppress_tokens begin_suppress_tokens forced_bos_token_id forced_eos_token_id exponential_decay_length_penalty problem_type finetuning_task is_decoder
	tokenizer_class prefix task_specific_params label2id bos_token_id eos_token_id sep_token_id decoder_start_token_id
	is_llama_config max_length min_length do_sample early_stopping num_beams num_beam_groups diversity_penalty temperature
	top_k top_p typical_p repetition_penalty length_penalty no_repeat_ngram_size encoder_no_repeat_ngram_size
	num_return_sequences chunk_size_feed_forward remove_invalid_values cache_implementation tie_encoder_decoder`)

func set(words string) map[string]bool {
	s := map[string]bool{}
	for _, w := range strings.Fields(words) {
		s[w] = true
	}
	return s
}
