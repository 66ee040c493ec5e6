package engine

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"croco/internal/jsonl"
)

// Manifest stands beside a stage's file and says how it was made. Config and Inputs decide whether a run may go on with
// the file; the rest is for people.
type Manifest struct {
	Stage   string            `json:"stage"`
	Config  map[string]any    `json:"config"`          // all that the rows depend on
	DType   string            `json:"dtype,omitempty"` // the device's arithmetic: float32 or bfloat16
	Inputs  map[string]string `json:"inputs"`          // file → sha256
	Done    bool              `json:"done"`
	Rows    int               `json:"rows"`
	Counts  map[string]int    `json:"counts,omitempty"`
	Seconds float64           `json:"seconds"`
}

// manifestPath is manifest.json in a stage's own folder (completions/completions.jsonl), else FILE.manifest.json.
func manifestPath(out string) string {
	dir, name := filepath.Split(out)
	if filepath.Base(filepath.Clean(dir)) == strings.TrimSuffix(name, ".jsonl") {
		return filepath.Join(dir, "manifest.json")
	}
	return out + ".manifest.json"
}

// newManifest describes what is about to be made from config, a struct with the names of recipes, and input files.
func newManifest(stage string, config any, inputs ...string) (Manifest, error) {
	m := Manifest{Stage: stage, Inputs: map[string]string{}}
	raw, err := yaml.Marshal(config)
	if err == nil {
		err = yaml.Unmarshal(raw, &m.Config)
	}
	for _, file := range inputs {
		if err == nil {
			m.Inputs[filepath.Base(file)], err = fileHash(file)
		}
	}
	return m, err
}

func fileHash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// write puts the manifest beside out.
func (m Manifest) write(out string) error {
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return jsonl.WriteFile(manifestPath(out), append(raw, '\n'))
}

// ReadManifest reads the manifest of a stage's file.
func ReadManifest(out string) (m Manifest, err error) {
	raw, err := os.ReadFile(manifestPath(out))
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber() // a seed may have more digits than a float64
		if err = d.Decode(&m); err != nil {
			err = fmt.Errorf("%s: %w", manifestPath(out), err)
		}
	}
	return m, err
}

// begin checks that out can be made, or gone on with, by this manifest. done says that nothing is left to do.
func (m Manifest) begin(out string) (done bool, err error) {
	old, err := ReadManifest(out)
	if errors.Is(err, fs.ErrNotExist) {
		if info, err := os.Stat(out); err == nil && info.Size() > 0 {
			return false, fmt.Errorf("%s has rows but no manifest, so nobody knows how they were made: move it away, or choose another file", out)
		}
		return false, m.write(out)
	}
	if err != nil {
		return false, err
	}
	if d := m.difference(old); d != "" {
		return false, fmt.Errorf("%s was made with other settings: %s. Choose another file, or delete this one and its manifest", out, d)
	}
	_, err = os.Stat(out) // a file that was deleted is made again
	return old.Done && err == nil, nil
}

// fill goes on with the file of rows that m describes, and notes in m what became of it. Where nothing is left to do, write
// is not called. write may set m.Counts.
func (m *Manifest) fill(out string, write func(w *jsonl.Writer) error) (err error) {
	done, err := m.begin(out)
	if err != nil || done {
		return err
	}
	w, err := jsonl.Open(out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	begin := time.Now()
	err = write(w)
	m.Rows, m.Done, m.Seconds = w.Rows, err == nil, time.Since(begin).Seconds()
	return errors.Join(err, m.write(out))
}

// difference names the first thing in which two manifests disagree; "" if there is none.
func (m Manifest) difference(old Manifest) string {
	if m.Stage != old.Stage {
		return fmt.Sprintf("stage %s, now %s", old.Stage, m.Stage)
	}
	if then := cmp.Or(old.DType, "float32"); m.DType != "" && then != m.DType {
		return fmt.Sprintf("dtype was %s, now %s", then, m.DType)
	}
	for _, key := range slices.Sorted(maps.Keys(m.Config)) {
		now, _ := json.Marshal(m.Config[key])
		then, _ := json.Marshal(old.Config[key])
		if !bytes.Equal(now, then) {
			return fmt.Sprintf("%s was %s, now %s", key, then, now)
		}
	}
	for _, file := range slices.Sorted(maps.Keys(m.Inputs)) {
		if m.Inputs[file] != old.Inputs[file] {
			return fmt.Sprintf("the contents of %s have changed", file)
		}
	}
	return ""
}
