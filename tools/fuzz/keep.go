package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// largest is the size of a seed that is worth committing.
const largest = 4 << 10

// keep copies the n smallest inputs that reached new code from Go's cache to the seeds.
func (t target) keep(ctx context.Context, n int) error {
	out, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.ImportPath}}", "./"+t.folder).Output()
	if err != nil {
		return fmt.Errorf("go list ./%s: %w", t.folder, err)
	}
	pkg := strings.TrimSpace(string(out))
	if out, err = exec.CommandContext(ctx, "go", "env", "GOCACHE").Output(); err != nil {
		return fmt.Errorf("go env GOCACHE: %w", err)
	}
	return copySmallest(t.corpus(), filepath.Join(strings.TrimSpace(string(out)), "fuzz", filepath.FromSlash(pkg), t.name), n)
}

// copySmallest copies the n smallest files of a folder, as far as they are small.
func copySmallest(to, from string, n int) error {
	entries, err := os.ReadDir(from)
	if err != nil && !os.IsNotExist(err) { // it appears with the first input
		return err
	}
	var files []fs.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return err
		}
		if info.Mode().IsRegular() && info.Size() <= largest {
			files = append(files, info)
		}
	}
	slices.SortStableFunc(files, func(a, b fs.FileInfo) int { return int(a.Size() - b.Size()) })
	for _, f := range files[:min(n, len(files))] {
		text, err := os.ReadFile(filepath.Join(from, f.Name()))
		if err != nil {
			return err
		}
		if err := os.MkdirAll(to, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, f.Name()), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
