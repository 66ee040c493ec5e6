package engine

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// MergeShards joins the files that shards 0/n … n−1/n of a stage wrote, given in any order, into the file that one
// machine would have written, with its manifest. Every shard must be there once, finished, and made with the same
// settings from the same inputs.
func MergeShards(out string, files ...string) error {
	if len(files) == 0 {
		return errors.New("merge-shards: expected the files of the shards, found none")
	}
	parts := make([]shardFile, len(files))
	for i, file := range files {
		if same(file, out) {
			return fmt.Errorf("%s is one of the shards: choose another file for the result", out)
		}
		var err error
		if parts[i], err = readShard(file); err != nil {
			return err
		}
	}
	slices.SortStableFunc(parts, func(a, b shardFile) int { return a.shard.I - b.shard.I })
	whole, err := together(parts)
	if err != nil {
		return err
	}
	pending := whole
	pending.Done, pending.Rows = false, 0
	if done, err := pending.begin(out); done || err != nil {
		return err
	}
	if err := concatenate(out, parts); err != nil {
		return err
	}
	return whole.write(out)
}

// shardFile is a shard's file; its manifest's config is that of the whole.
type shardFile struct {
	path     string
	shard    Shard
	manifest Manifest
}

// readShard reads the manifest of a shard's file and takes the shard out of its config.
func readShard(path string) (s shardFile, err error) {
	s.path = path
	if s.manifest, err = ReadManifest(path); err != nil {
		return s, fmt.Errorf("a shard stands beside its manifest: %w", err)
	}
	text, _ := s.manifest.Config["shard"].(string)
	if s.shard, err = ParseShard(text); err != nil || text == "" {
		return s, fmt.Errorf("%s: expected the manifest of generate or score with a shard, found shard %q", manifestPath(path), text)
	}
	s.manifest.Config["shard"] = Shard{0, 1}.String()
	if !s.manifest.Done {
		return s, fmt.Errorf("%s is not finished: run the same command with --shard %s again first", path, s.shard)
	}
	return s, nil
}

// together is the manifest of the whole; parts are in order.
func together(parts []shardFile) (Manifest, error) {
	first := parts[0]
	whole := first.manifest
	whole.Rows, whole.Seconds, whole.Counts = 0, 0, map[string]int{}
	for i, p := range parts {
		switch d := p.manifest.difference(first.manifest); {
		case p.shard.N != first.shard.N:
			return whole, fmt.Errorf("%s is shard %s, %s is shard %s: they are not of one run", first.path, first.shard, p.path, p.shard)
		case d != "":
			return whole, fmt.Errorf("%s and %s were made with different settings: %s", first.path, p.path, d)
		case p.shard.I < i:
			return whole, fmt.Errorf("%s and %s are both shard %s", parts[i-1].path, p.path, p.shard)
		case p.shard.I > i:
			return whole, fmt.Errorf("shard %d/%d is missing", i, first.shard.N)
		}
		whole.Rows += p.manifest.Rows
		whole.Seconds += p.manifest.Seconds
		for key := range maps.Keys(p.manifest.Counts) {
			whole.Counts[key] += p.manifest.Counts[key]
		}
	}
	if n := first.shard.N; len(parts) < n {
		return whole, fmt.Errorf("shard %d/%d is missing", len(parts), n)
	}
	return whole, nil
}

// concatenate writes the parts one behind the other, beside out first and then into its place.
func concatenate(out string, parts []shardFile) error {
	tmp, err := os.CreateTemp(filepath.Dir(out), ".tmp-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	w := bufio.NewWriterSize(tmp, 1<<20)
	for _, p := range parts {
		rows, err := appendFile(w, p.path)
		if err == nil && rows != p.manifest.Rows {
			err = fmt.Errorf("%s: expected %d rows as its manifest says, found %d", p.path, p.manifest.Rows, rows)
		}
		if err != nil {
			return errors.Join(err, tmp.Close())
		}
	}
	if err := errors.Join(w.Flush(), tmp.Chmod(0o644), tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("%s: %w", out, err)
	}
	return os.Rename(tmp.Name(), out)
}

// appendFile copies a file of whole rows and counts them.
func appendFile(w io.Writer, path string) (rows int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	buf, last := make([]byte, 1<<20), byte('\n')
	for {
		n, err := f.Read(buf)
		if n > 0 {
			rows += bytes.Count(buf[:n], []byte("\n"))
			last = buf[n-1]
			if _, err := w.Write(buf[:n]); err != nil {
				return rows, err
			}
		}
		switch {
		case err == io.EOF && last != '\n':
			return rows, fmt.Errorf("%s ends in the middle of a row: run its shard again", path)
		case err == io.EOF:
			return rows, nil
		case err != nil:
			return rows, err
		}
	}
}

// same reports whether two paths are one file.
func same(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
