package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "model.pth")
	if err := Check(path, 10); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(folder); len(entries) > 0 {
		t.Errorf("%v was left", entries)
	}
	if err := Write(path, content("old")); err != nil {
		t.Fatal(err)
	}
	if err := Check(path, 10); err != nil {
		t.Fatal(err)
	}
	mustHold(t, path, "old")
}

func TestCheckFindsWhatWriteWould(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	paths := []string{folder, filepath.Join(folder, "missing", "x"), filepath.Join(file, "x"), filepath.Join(folder, strings.Repeat("x", 300))}
	if _, err := os.Stat("/dev/full"); err == nil {
		paths = append(paths, "/dev/full")
	}
	for _, path := range paths {
		check, write := Check(path, 0), Write(path, content("x"))
		if check == nil || write == nil || !strings.Contains(check.Error(), path) {
			t.Errorf("%.60s: Check says %v, Write %v", path, check, write)
		}
	}
	if _, err := os.Stat("/dev/null"); err == nil {
		if err := Check("/dev/null", 10); err != nil {
			t.Error(err)
		}
	}
}

func TestRoom(t *testing.T) {
	folder := t.TempDir()
	if err := Room(folder, 1); err != nil {
		t.Errorf("one byte: %v", err)
	}
	if _, known := freeSpace(folder); !known {
		t.Skip("this system does not say how much room there is")
	}
	err := Check(filepath.Join(folder, "x"), 1<<60)
	var space *SpaceError
	if !errors.As(err, &space) || space.Need != 1<<60 || space.Folder != folder || !FullDisk(err) {
		t.Errorf("%v", err)
	}
}
