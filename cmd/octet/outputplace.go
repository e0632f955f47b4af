package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/atomicfile"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/internal/shell"
	"github.com/octet-ml/octet/tensor"
)

// streamName stands for standard output where a file is named.
const streamName = "-"

// pageSize is about what a report takes.
const pageSize = 1 << 20

// placeError is an error of a place to write to, with what to do about it.
type placeError struct {
	err  error
	hint string
}

func (e *placeError) Error() string { return e.err.Error() }
func (e *placeError) Unwrap() error { return e.err }

func newPlaceError(err error, hint string, args ...any) error {
	return withCode(exitOutput, &placeError{err, fmt.Sprintf(hint, args...)})
}

// writable finds out before long work that its result has no place.
func writable(path string) error {
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return newPlaceError(fmt.Errorf("cannot write %s: the folder does not exist", path), "Make it first: mkdir -p %s", shell.Quote(folder))
	case err == nil && !info.IsDir():
		return newPlaceError(fmt.Errorf("cannot write %s: %s is a file, not a folder", path, folder), "Name a folder, or write to another place.")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return newPlaceError(fmt.Errorf("cannot write %s: it is a folder", path), "Name a file in it, such as %s.", filepath.Join(path, "NAME"))
	}
	return withCode(exitOutput, atomicfile.Check(path, 0))
}

// writableFolder is writable for a folder that will be made; an empty path is none.
func writableFolder(path string) error {
	if path == "" {
		return nil
	}
	there := path // or the nearest above it
	info, err := os.Stat(there)
	for err != nil && there != filepath.Dir(there) {
		there = filepath.Dir(there)
		info, err = os.Stat(there)
	}
	if err == nil && !info.IsDir() {
		return newPlaceError(fmt.Errorf("cannot write into %s: %s is a file, not a folder", path, there), "Name a folder, or write to another place.")
	}
	if err := atomicfile.Check(filepath.Join(there, "octet"), 0); err != nil {
		return withCode(exitOutput, fmt.Errorf("cannot write into %s: %w", path, err))
	}
	return nil
}

// planned is a file that a command will write, and about how many bytes it takes.
type planned struct {
	path  string
	bytes int64
}

// expect is for what checkOutputs has let pass, as soon as the size of the results is
// known: there must be room for all of them, and that a file is replaced is said.
func (c *console) expect(files ...planned) error {
	need := map[string]int64{}
	for _, f := range files {
		if f.path == streamName {
			if err := c.stream(); err != nil {
				return err
			}
		}
		if f.path == "" || f.path == streamName {
			continue
		}
		info, err := os.Stat(f.path)
		if err == nil && !info.Mode().IsRegular() {
			continue
		}
		need[filepath.Dir(f.path)] += f.bytes
		if err == nil && !slices.Contains(c.replaced, f.path) {
			c.replaced = append(c.replaced, f.path)
			c.note("%s (%s, of %s) will be replaced", f.path, report.Size(info.Size()), info.ModTime().Format(time.DateTime))
		}
	}
	for folder, bytes := range need {
		var space *atomicfile.SpaceError
		switch err := atomicfile.Room(folder, bytes); {
		case errors.As(err, &space):
			return newPlaceError(fmt.Errorf("the disk of %s has %s free; what shall be written there takes about %s", folder, report.Size(space.Free), report.Size(space.Need)),
				"Free space there, or write to another place.")
		case err != nil:
			return withCode(exitOutput, err)
		}
	}
	return nil
}

// stream gives standard output to a result; what else there is to say goes to
// standard error.
func (c *console) stream() error {
	switch {
	case c.listener != nil:
		return usageError("an output named - has no standard output to go to here: name a file")
	case c.json:
		return usageError("--json and an output named - both want standard output: name a file")
	case c.streams:
		return usageError("two outputs are named -, and there is one standard output: name a file")
	case !c.binary:
		return usageError("an output named - goes to standard output, which is a terminal: name a file, or send it on with | or >")
	}
	c.streams = true
	return nil
}

// said is where the words about a result go.
func (c *console) said() io.Writer {
	if c.streams {
		return c.err
	}
	return c.out
}

// write writes a result to a file, or to standard output, and returns its size.
func (c *console) write(path string, fill func(io.Writer) error) (int64, error) {
	var n countingWriter
	counted := func(w io.Writer) error { return fill(io.MultiWriter(w, &n)) }
	if path == streamName {
		c.finish()
		err := counted(c.out)
		return int64(n), withCode(exitOutput, err)
	}
	err := atomicfile.Write(path, counted)
	return int64(n), withCode(exitOutput, err)
}

// save is write for a model.
func (c *console) save(ctx context.Context, m *octet.Model, path string) (int64, error) {
	if path != streamName {
		err := m.Save(ctx, path)
		return fileSize(path), withCode(exitOutput, err)
	}
	return c.write(path, m.Write)
}

// writeArray is write for an array.
func (c *console) writeArray(path string, t *tensor.Tensor) error {
	_, err := c.write(path, func(w io.Writer) error { return npy.Write(w, t) })
	return err
}

// parameterBytes is what the parameters of a model take in a file.
func parameterBytes(m *octet.Model) int64 {
	var n int64
	for _, p := range m.Graph().Params {
		n += int64(p.Data.Numel()) * int64(p.Data.DType().Size())
	}
	return n
}

// int8Bytes is about what the int8 form of a float model takes.
func int8Bytes(m *octet.Model) int64 { return parameterBytes(m) / 4 }

// hintOf is a remedy for an error with an exit code; empty where there is none that
// the error does not name itself.
func hintOf(code int, err error) string {
	var place *placeError
	switch {
	case errors.As(err, &place):
		return place.hint
	case code == exitInternal:
		return "This should not happen; please report it with the command line."
	case code == exitUsage:
		return "Run the command with --help for its flags and examples."
	case code != exitOutput:
		return ""
	case atomicfile.FullDisk(err):
		return "The disk is full, and no partial file was left: free space there, or write to another place."
	case errors.Is(err, fs.ErrPermission):
		return "You may not write there: name a folder of yours, or change its permissions."
	case errors.Is(err, syscall.EROFS):
		return "That file system is read-only: write to another place."
	}
	return "No partial file was left. Write to another place."
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// countingWriter counts what is written.
type countingWriter int64

func (w *countingWriter) Write(b []byte) (int, error) {
	*w += countingWriter(len(b))
	return len(b), nil
}
