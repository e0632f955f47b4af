package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func content(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// mustHold fails unless the folder holds exactly one file, with that content.
func mustHold(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q (%v), want %q", path, got, err, want)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("folder holds %v (%v), want one file", entries, err)
	}
}

func TestWriteReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.pth")
	for _, text := range []string{"first", "second, longer"} {
		if err := Write(path, content(text)); err != nil {
			t.Fatal(err)
		}
		mustHold(t, path, text)
	}
}

func TestFailureKeepsTheOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.pth")
	if err := Write(path, content("old")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := Write(path, func(w io.Writer) error {
		if err := content(strings.Repeat("x", 1<<20))(w); err != nil {
			return err
		}
		return broken
	})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v does not name the cause and the path", err)
	}
	mustHold(t, path, "old")
}

func TestSymlinkIsKept(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "target")
	link := filepath.Join(t.TempDir(), "link")
	if err := Write(target, content("old")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if err := Write(link, content("new")); err != nil {
		t.Fatal(err)
	}
	mustHold(t, target, "new")
	mustHold(t, link, "new")
}

func TestImpossibleTargets(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "missing", "model.pth")} {
		if err := Write(path, content("x")); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Write(%s) = %v, want an error that names it", path, err)
		}
	}
	if _, err := os.Stat("/dev/full"); err == nil {
		if err := Write("/dev/full", content("x")); err == nil {
			t.Error("a full device took the data without an error")
		}
	}
}
