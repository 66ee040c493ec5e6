package safetensors

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

// File is an open file.
type File struct {
	Path     string
	Metadata map[string]string
	tensors  map[string]Tensor
	unmap    func() error
}

// Open maps a file into memory and checks its header. Errors name the file, the tensor, what was expected and found.
func Open(path string) (*File, error) {
	data, unmap, err := Map(path)
	if err != nil {
		return nil, err
	}
	meta, list, err := parse(path, data)
	if err != nil {
		return nil, errors.Join(err, unmap())
	}
	f := &File{Path: path, Metadata: meta, tensors: map[string]Tensor{}, unmap: unmap}
	for _, t := range list {
		f.tensors[t.Name] = t
	}
	return f, nil
}

func (f *File) Tensor(name string) (Tensor, bool) { t, ok := f.tensors[name]; return t, ok }
func (f *File) Names() []string                   { return sortedKeys(f.tensors) }
func (f *File) Close() error                      { return f.unmap() }

// Folder is a model's tensors over one or several files.
type Folder struct {
	files []*File
	where map[string]*File
}

const (
	single = "model.safetensors"
	index  = "model.safetensors.index.json"
)

// OpenFolder opens model.safetensors of a folder or, where that is absent, the shards that its index names. Every
// tensor must lie in the shard that the index says, and no shard may hold others.
func OpenFolder(dir string) (*Folder, error) {
	path := filepath.Join(dir, single)
	f, err := Open(path)
	if err == nil {
		return (&Folder{}).add(f), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	path = filepath.Join(dir, index)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: holds neither %s nor %s: save the model in safetensors format", dir, single, index)
	}
	if err != nil {
		return nil, err
	}
	var ix struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(text, &ix); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(ix.WeightMap) == 0 {
		return nil, fmt.Errorf("%s: \"weight_map\" is missing or empty", path)
	}
	return openShards(dir, path, ix.WeightMap)
}

func openShards(dir, path string, weightMap map[string]string) (*Folder, error) {
	byShard := map[string][]string{}
	for _, name := range sortedKeys(weightMap) {
		shard := weightMap[name]
		if shard == "" || strings.ContainsAny(shard, `/\`) || shard == ".." {
			return nil, fmt.Errorf("%s: tensor %q: %q is not the name of a file in the same folder", path, name, shard)
		}
		byShard[shard] = append(byShard[shard], name)
	}
	all := &Folder{}
	for _, shard := range sortedKeys(byShard) {
		f, err := Open(filepath.Join(dir, shard))
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%s: the index names the shard %q, which is missing (tensor %q lies in it)", path, shard, byShard[shard][0])
		}
		if err != nil {
			return nil, errors.Join(err, all.Close())
		}
		all.add(f)
		for _, name := range byShard[shard] {
			if _, ok := f.tensors[name]; !ok {
				return nil, errors.Join(fmt.Errorf("%s: tensor %q: the index %s says it lies here, it does not", f.Path, name, index), all.Close())
			}
		}
		for _, name := range f.Names() {
			if weightMap[name] != shard {
				return nil, errors.Join(fmt.Errorf("%s: tensor %q: the index %s does not list it here", f.Path, name, index), all.Close())
			}
		}
	}
	return all, nil
}

func (a *Folder) add(f *File) *Folder {
	if a.where == nil {
		a.where = map[string]*File{}
	}
	a.files = append(a.files, f)
	for name := range f.tensors {
		a.where[name] = f
	}
	return a
}

func (a *Folder) Tensor(name string) (Tensor, bool) {
	f := a.where[name]
	if f == nil {
		return Tensor{}, false
	}
	return f.Tensor(name)
}

func (a *Folder) Names() []string { return sortedKeys(a.where) }

func (a *Folder) Close() error {
	var errs []error
	for _, f := range a.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// Memory is a Source of tensors that are in memory.
type Memory map[string]Tensor

// NewMemory collects tensors by name.
func NewMemory(tensors ...Tensor) Memory {
	m := Memory{}
	for _, t := range tensors {
		m[t.Name] = t
	}
	return m
}

func (m Memory) Tensor(name string) (Tensor, bool) { t, ok := m[name]; return t, ok }
func (m Memory) Names() []string                   { return sortedKeys(m) }
func (m Memory) Close() error                      { return nil }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return slices.Clip(keys)
}
