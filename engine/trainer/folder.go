package trainer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"croco/internal/jsonl"
	"croco/model/hub"
)

// checkpointName is how transformers finds checkpoints.
var checkpointName = regexp.MustCompile(`^checkpoint-(\d+)$`)

// checkpoints lists the steps of the checkpoints in a folder, ascending. What another name was given to, a half-written
// one for example, is none.
func checkpoints(dir string) ([]int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var steps []int
	for _, e := range entries {
		if m := checkpointName.FindStringSubmatch(e.Name()); m != nil && e.IsDir() {
			step, err := strconv.Atoi(m[1])
			if err == nil {
				steps = append(steps, step)
			}
		}
	}
	slices.Sort(steps)
	return steps, nil
}

func checkpointDir(out string, step int) string {
	return filepath.Join(out, fmt.Sprintf("checkpoint-%d", step))
}

// writeFolder fills a folder and puts it under its name only when it is whole and on the disk. A folder of that name is
// replaced.
func writeFolder(path string, fill func(dir string) error) error {
	parent := filepath.Dir(path)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(parent, ".tmp-"+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := errors.Join(os.Chmod(tmp, 0o755), fill(tmp)); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := syncFolder(tmp); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return syncPath(parent)
}

// sweep removes what a killed process left half-written in an output folder.
func sweep(out string) error {
	var left []string
	for _, pattern := range []string{".tmp-*", ".*.safetensors.*"} {
		found, err := filepath.Glob(filepath.Join(out, pattern))
		if err != nil {
			return err
		}
		left = append(left, found...)
	}
	for _, path := range left {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

// syncFolder waits until a folder's files are on the disk.
func syncFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := syncPath(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return syncPath(dir)
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// prune removes the oldest checkpoints beyond a limit; 0 keeps all.
func prune(out string, limit int) error {
	steps, err := checkpoints(out)
	if err != nil || limit == 0 {
		return err
	}
	for _, step := range steps[:max(0, len(steps)-limit)] {
		if err := os.RemoveAll(checkpointDir(out, step)); err != nil {
			return err
		}
	}
	return nil
}

// forgetInterruptions removes the checkpoints that a run left only because it was stopped: a finished run holds the same files
// as one that was not. What cannot be read as a checkpoint stays.
func forgetInterruptions(out string) error {
	steps, err := checkpoints(out)
	for _, step := range steps {
		var at position
		dir := checkpointDir(out, step)
		if readJSON(filepath.Join(dir, "data_state.json"), &at) == nil && at.Interrupted {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}
	return err
}

// tokenizerFiles are what a loader of text wants beside the weights.
var tokenizerFiles = []string{"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
	"tokenizer.model", "vocab.json", "merges.txt", "chat_template.jinja"}

// copyTokenizer copies the tokenizer and the chat template of a model byte for byte; files that are not there are left out.
func copyTokenizer(to, from string) error {
	for _, name := range tokenizerFiles {
		raw, err := hub.ReadFile(from, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := jsonl.WriteFile(filepath.Join(to, name), raw); err != nil {
			return err
		}
	}
	return nil
}

// writeJSON writes a value with indent 2.
func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return jsonl.WriteFile(path, append(b, '\n'))
}

// readJSON reads what writeJSON wrote; an unknown key is an error.
func readJSON(path string, v any) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
