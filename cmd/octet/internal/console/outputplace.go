package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/atomicfile"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/internal/shell"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// StreamName stands for standard output where a file is named.
const StreamName = "-"

// PageSize is about what a report takes.
const PageSize = 1 << 20

// placeError is an error of a place to write to, with what to do about it.
type placeError struct {
	err  error
	hint string
}

func (e *placeError) Error() string { return e.err.Error() }
func (e *placeError) Unwrap() error { return e.err }

// NewPlaceError is err with the code exit.Output and a formatted hint.
func NewPlaceError(err error, hint string, args ...any) error {
	return exit.WithCode(exit.Output, &placeError{err, fmt.Sprintf(hint, args...)})
}

// writable checks, before long work, that a file can be written.
func writable(path string) error {
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return NewPlaceError(fmt.Errorf("cannot write %s: the folder does not exist", path), "Make it first: mkdir -p %s", shell.Quote(folder))
	case err == nil && !info.IsDir():
		return NewPlaceError(fmt.Errorf("cannot write %s: %s is a file, not a folder", path, folder), "Name a folder, or write to another place.")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return NewPlaceError(fmt.Errorf("cannot write %s: it is a folder", path), "Name a file in it, such as %s.", filepath.Join(path, "NAME"))
	}
	return exit.WithCode(exit.Output, atomicfile.Check(path, 0))
}

// WritableFolder is writable for a folder that will be created; an empty path is no folder.
func WritableFolder(path string) error {
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
		return NewPlaceError(fmt.Errorf("cannot write into %s: %s is a file, not a folder", path, there), "Name a folder, or write to another place.")
	}
	if err := atomicfile.Check(filepath.Join(there, "octet"), 0); err != nil {
		return exit.WithCode(exit.Output, fmt.Errorf("cannot write into %s: %w", path, err))
	}
	return nil
}

// Planned is a file that a command will write, and about how many bytes it takes.
type Planned struct {
	Path  string // empty, it is not written
	Bytes int64  // an estimate
}

// Expect follows CheckOutputs as soon as the sizes of the results are known: it checks that
// there is room for all of them, and notes which files will be replaced.
func (c *Console) Expect(files ...Planned) error {
	need := map[string]int64{}
	for _, f := range files {
		if f.Path == StreamName {
			if err := c.stream(); err != nil {
				return err
			}
		}
		if f.Path == "" || f.Path == StreamName {
			continue
		}
		info, err := os.Stat(f.Path)
		if err == nil && !info.Mode().IsRegular() {
			continue
		}
		need[filepath.Dir(f.Path)] += f.Bytes
		if err == nil && !slices.Contains(c.replaced, f.Path) {
			c.replaced = append(c.replaced, f.Path)
			c.Note("%s (%s, of %s) will be replaced", f.Path, report.Size(info.Size()), info.ModTime().Format(time.DateTime))
		}
	}
	for folder, bytes := range need {
		var space *atomicfile.SpaceError
		switch err := atomicfile.Room(folder, bytes); {
		case errors.As(err, &space):
			return NewPlaceError(fmt.Errorf("the disk of %s has %s free; what shall be written there takes about %s", folder, report.Size(space.Free), report.Size(space.Need)),
				"Free space there, or write to another place.")
		case err != nil:
			return exit.WithCode(exit.Output, err)
		}
	}
	return nil
}

// stream reserves standard output for a result; all text goes to standard error.
func (c *Console) stream() error {
	switch {
	case c.Listener != nil:
		return exit.Usagef("an output named - has no standard output to go to here: name a file")
	case c.JSON:
		return exit.Usagef("--json and an output named - both want standard output: name a file")
	case c.streams:
		return exit.Usagef("two outputs are named -, and there is one standard output: name a file")
	case !c.binary:
		return exit.Usagef("an output named - goes to standard output, which is a terminal: name a file, or send it on with | or >")
	}
	c.streams = true
	return nil
}

// said is the writer for text about a result.
func (c *Console) said() io.Writer {
	if c.streams {
		return c.Err
	}
	return c.Out
}

// Write writes a result to a file, or to standard output, and returns its size.
func (c *Console) Write(path string, fill func(io.Writer) error) (int64, error) {
	var n CountingWriter
	counted := func(w io.Writer) error { return fill(io.MultiWriter(w, &n)) }
	if path == StreamName {
		c.Finish()
		err := counted(c.Out)
		return int64(n), exit.WithCode(exit.Output, err)
	}
	err := atomicfile.Write(path, counted)
	return int64(n), exit.WithCode(exit.Output, err)
}

// WriteFile replaces a file by what fill writes. An error of fill that has an exit code is returned
// as it is: what it reads is at fault then, not the file.
func WriteFile(path string, fill func(io.Writer) error) error {
	err := atomicfile.Write(path, fill)
	var marked *exit.Error
	if errors.As(err, &marked) && marked.Code != exit.Output {
		return marked
	}
	return exit.WithCode(exit.Output, err)
}

// IsONNX reports whether a file's name says that it holds an ONNX model.
func IsONNX(path string) bool { return strings.EqualFold(filepath.Ext(path), ".onnx") }

// IsProgram reports whether a file holds a program: one of torch.export.save by its name, or one of
// torch.jit.save, whose names are those of checkpoints, by its content.
func IsProgram(path string) bool {
	return strings.EqualFold(filepath.Ext(path), ".pt2") || torch.IsScript(path)
}

// HoldsGraph reports whether a file holds a graph of its own.
func HoldsGraph(path string) bool { return IsONNX(path) || IsProgram(path) }

// Int8Name suggests a name, in an example command, for the int8 model made of a float one.
func Int8Name(float string) string {
	if HoldsGraph(float) {
		return "INT8.onnx"
	}
	return "INT8.pth"
}

// ModelKind is the format of output, a model made of model: ONNX by its ending, which is
// required if model is ONNX. Of a program, which has a state dict, too, that may be of an
// architecture that octet knows.
func ModelKind(output, model string) (OutputKind, error) {
	switch {
	case IsONNX(output):
		return ONNXOutput, nil
	case IsONNX(model):
		return OutputKind{}, exit.Usagef("--output %s: an ONNX model has a graph of its own, which a state dict cannot hold: name FILE.onnx", output)
	}
	return ModelStream, nil
}

// Save is write for a model, as a state dict or, where the name says so, as ONNX.
func (c *Console) Save(ctx context.Context, m *octet.Model, path string) (int64, error) {
	if IsONNX(path) {
		_, err := m.SaveONNX(ctx, path)
		return FileSize(path), exit.WithCode(exit.Output, err)
	}
	if path != StreamName {
		err := m.Save(ctx, path)
		return FileSize(path), exit.WithCode(exit.Output, err)
	}
	return c.Write(path, m.Write)
}

// WriteArray is write for an array.
func (c *Console) WriteArray(path string, t *tensor.Tensor) error {
	_, err := c.Write(path, func(w io.Writer) error { return npy.Write(w, t) })
	return err
}

// ParameterBytes is what the parameters of a model take in a file.
func ParameterBytes(m *octet.Model) int64 {
	var n int64
	for _, p := range m.Graph().Params {
		n += int64(p.Data.Numel()) * int64(p.Data.DType().Size())
	}
	return n
}

// Int8Bytes is about what the int8 form of a float model takes.
func Int8Bytes(m *octet.Model) int64 { return ParameterBytes(m) / 4 }

// HintOf is a remedy for an error with an exit code; empty where the error names one itself or
// there is none.
func HintOf(code int, err error) string {
	var place *placeError
	switch {
	case errors.As(err, &place):
		return place.hint
	case code == exit.Internal:
		return "This should not happen; please report it with the command line."
	case code == exit.Usage:
		return "Run the command with --help for its flags and examples."
	case code != exit.Output:
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

// FileSize is the size of a file in bytes; 0 where it cannot be found out.
func FileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// CountingWriter counts what is written.
type CountingWriter int64

// Write never fails.
func (w *CountingWriter) Write(b []byte) (int, error) {
	*w += CountingWriter(len(b))
	return len(b), nil
}
