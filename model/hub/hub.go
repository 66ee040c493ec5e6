// Package hub finds a model by the name that its user gives: a folder, a GGUF file, or a repository of the Hugging Face
// hub in the cache of this machine. Nothing is ever downloaded.
//
//	Resolve    name → path of a folder or a GGUF file
//	ReadFile   one of the small files of a model, whatever holds it
//	Cache      where downloaded models lie
//
// A repository is ORG/NAME, ORG/NAME@REVISION for another branch, tag or commit than main, or ORG/NAME/FILE.gguf for one
// of its files.
//
// # The cache
//
//	models--ORG--NAME/refs/main                a commit
//	models--ORG--NAME/snapshots/COMMIT/…       the files of that commit, links to
//	models--ORG--NAME/blobs/…                  their contents
//
// Format: https://huggingface.co/docs/huggingface_hub/guides/manage-cache.
package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"croco/model/gguf"
)

// Cache is the folder that the hub's own tools download to: HF_HUB_CACHE, else hub below HF_HOME, else
// huggingface/hub below XDG_CACHE_HOME or ~/.cache.
func Cache() string {
	if dir := os.Getenv("HF_HUB_CACHE"); dir != "" {
		return home(dir)
	}
	if dir := os.Getenv("HF_HOME"); dir != "" {
		return filepath.Join(home(dir), "hub")
	}
	dir := os.Getenv("XDG_CACHE_HOME")
	if dir == "" {
		dir = "~/.cache"
	}
	return filepath.Join(home(dir), "huggingface", "hub")
}

// home puts the user's folder in place of a leading ~.
func home(path string) string {
	dir, err := os.UserHomeDir()
	if rest, ok := strings.CutPrefix(path, "~"); ok && err == nil && (rest == "" || rest[0] == '/') {
		return filepath.Join(dir, rest)
	}
	return path
}

// repository is [ORG/]NAME[@REVISION][/FILE.gguf], as the hub allows names.
var repository = regexp.MustCompile(`^((?:[A-Za-z0-9][\w.-]*/)?[A-Za-z0-9][\w.-]*?)(?:@([\w./-]+?))?(?:/([\w.-]+\.gguf))?$`)

// Resolve returns the path of a model or an adapter: name itself where it exists, else what the cache has under it. The
// error of a repository that is not there says where it was looked for, and the command that downloads it.
func Resolve(name string) (string, error) {
	_, err := os.Stat(name)
	if err == nil {
		return name, nil
	}
	part := repository.FindStringSubmatch(name)
	if !errors.Is(err, fs.ErrNotExist) || part == nil || strings.Contains(name, "..") || strings.Contains(part[1], "--") {
		return "", fmt.Errorf("model %q: %w", name, err)
	}
	repo, revision, file := part[1], part[2], part[3]
	dir := filepath.Join(Cache(), "models--"+strings.ReplaceAll(repo, "/", "--"))
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("model %q: no such file or folder here, and %s is not there either: if it is a repository of the Hugging Face hub, download it with: %s",
			name, dir, download(repo, revision, file))
	}
	snapshot, err := snapshot(dir, revision)
	if err != nil {
		return "", fmt.Errorf("model %q: %w; download it with: %s", name, err, download(repo, revision, file))
	}
	path := filepath.Join(snapshot, file)
	if _, err := os.Stat(path); err != nil || file == "" && !usable(path) {
		return "", fmt.Errorf("model %q: %s lacks its files, as after a download that was stopped; go on with: %s", name, path, download(repo, revision, file))
	}
	return path, nil
}

// snapshot is the folder of a revision, "" for main: a commit, or what refs says of it.
func snapshot(dir, revision string) (string, error) {
	if revision == "" {
		revision = "main"
	}
	path := filepath.Join(dir, "snapshots", revision)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	ref := filepath.Join(dir, "refs", filepath.FromSlash(revision))
	commit, err := os.ReadFile(ref)
	if err != nil {
		return "", fmt.Errorf("revision %q is not in %s%s", revision, dir, others(dir))
	}
	path = filepath.Join(dir, "snapshots", filepath.Base(strings.TrimSpace(string(commit))))
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("revision %q is commit %.60q, which is not in %s", revision, commit, filepath.Join(dir, "snapshots"))
	}
	return path, nil
}

// others lists the commits that are there.
func others(dir string) string {
	entries, _ := os.ReadDir(filepath.Join(dir, "snapshots"))
	var names []string
	for _, e := range entries {
		names = append(names, "@"+e.Name())
	}
	if names == nil {
		return ""
	}
	return "; found " + strings.Join(names, ", ")
}

// usable reports whether a snapshot holds what a model, an adapter or a tokenizer begins with.
func usable(dir string) bool {
	for _, name := range []string{"config.json", "adapter_config.json", "tokenizer.json"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return len(ggufs(dir)) > 0
}

func ggufs(dir string) []string {
	found, _ := filepath.Glob(filepath.Join(dir, "*.gguf"))
	return found
}

// download is the command of the hub's own tool.
func download(repo, revision, file string) string {
	command := "hf download " + repo
	if file != "" {
		command += " " + file
	}
	if revision != "" {
		command += " --revision " + revision
	}
	return command
}

// ReadFile reads config.json or another of the small files of a model, by its name or path. The error wraps
// fs.ErrNotExist where the model has no such file.
func ReadFile(name, file string) ([]byte, error) {
	path, err := Resolve(name)
	if err != nil {
		return nil, err
	}
	if gguf.Is(path) {
		return gguf.ReadFile(path, file)
	}
	text, err := os.ReadFile(filepath.Join(path, file))
	if found := ggufs(path); file == "config.json" && errors.Is(err, fs.ErrNotExist) && len(found) > 0 {
		return nil, fmt.Errorf("%w: to take a GGUF file, name it: %s", err, strings.Join(found, ", "))
	}
	return text, err
}

// Path names one of the small files of a model in messages.
func Path(path, file string) string {
	if gguf.Is(path) {
		return path + ", as " + file
	}
	return filepath.Join(path, file)
}
