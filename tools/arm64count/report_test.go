package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFiguresAreKept(t *testing.T) {
	dir := t.TempDir()
	path, table := filepath.Join(dir, "counts.json"), filepath.Join(dir, "counts.md")
	row := func(model, core string, n int64) result {
		return result{Model: model, Core: core, Counts: counts{Total: n}, Steady: n / 2, ORT: &counts{Total: 2e6}}
	}
	for _, rows := range [][]result{{row("b", "max", 1e6), row("a", "max", 2e6)}, {row("b", "max", 3e6)}} {
		if err := writeFigures(rows, path, table); err != nil {
			t.Fatal(err)
		}
	}
	alone := row("b", "max", 3e6)
	if alone.ORT = nil; writeFigures([]result{alone}, path, table) != nil {
		t.Fatal("the row is not written")
	}
	all, err := kept(nil, path)
	if err != nil || len(all) != 2 || all[0].Counts.Total != 2e6 || all[1].Counts.Total != 3e6 {
		t.Errorf("%+v, %v", all, err)
	}
	text, err := os.ReadFile(table)
	if err != nil || strings.Count(string(text), "\n| ") != 3 || !strings.Contains(string(text), "| 2.0 | 1.50 |") {
		t.Errorf("%s%v", text, err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := writeFigures(nil, path, table); err == nil {
		t.Error("a broken file was overwritten")
	}
}
