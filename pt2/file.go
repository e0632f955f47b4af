package pt2

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/octet-ml/octet/internal/zipcheck"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// Limits of what a file may make the reader do: far above what programs of real models need.
const (
	maxRecords = 1 << 16   // of the zip
	maxJSON    = 256 << 20 // bytes of one JSON record
	maxNodes   = 1 << 18
	maxRank    = 64
	maxDepth   = 64 // of arguments in arguments
)

// schemaMajor is the version of the format that is read; minor ones add to it.
const schemaMajor = 8

// File is a program of torch.export.save, or one made of the code of a TorchScript file.
type File struct {
	name    string
	records map[string]*zip.File // by name without the top folder
	program program
	state   map[string]weight // parameters and buffers in the state dict, by its keys
	other   map[string]weight // constants, and buffers that are not in it
	keep    io.Closer         // the file, which weights are read from
	// replaced are tensors of the state dict with other elements than the file has, by key.
	replaced map[string]*tensor.Tensor
	script   *scripted // of an archive of torch.jit.save; nil of others
}

// Open reads a program. Its weights are read when the graph is built; until Close the file
// stays open.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file: name the .pt2 file", path)
	}
	var file *File
	if err == nil {
		file, err = Read(f, info.Size(), path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	file.keep = f
	return file, nil
}

// Close closes the file that Open has opened. The graphs made of it stay whole.
func (f *File) Close() error {
	if f.keep == nil {
		return nil
	}
	return f.keep.Close()
}

// Read is Open for a file of size bytes that is not on disk; name stands for it in errors.
func Read(r io.ReaderAt, size int64, name string) (*File, error) {
	f := &File{name: name, records: map[string]*zip.File{}}
	if err := f.read(r, size); err != nil {
		if located := (*torch.Error)(nil); errors.As(err, &located) && located.File != "" {
			return nil, err // it names the file
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

func (f *File) read(r io.ReaderAt, size int64) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return fmt.Errorf("no program of torch.export.save that can be read: its list of records: %w: the file may be cut off; copy or save it again", err)
	}
	if slices.ContainsFunc(z.File, ofTorchScript) {
		s, err := torch.ReadScript(r, size, f.name)
		if err != nil {
			return err
		}
		return f.openScript(s)
	}
	var none int64 // torch.export.save stores records
	files, err := zipcheck.Files(z, size, zipcheck.Limits{Records: maxRecords, InflateRatio: 1, Inflatable: &none})
	if err != nil {
		return err
	}
	root := ""
	for i, file := range files {
		top, rest, ok := strings.Cut(file.Name, "/")
		if !ok || i > 0 && top != root {
			return fmt.Errorf("record %q is not below the one top folder %q; torch.export.save writes no such file", file.Name, root)
		}
		root = top
		f.records[rest] = file
	}
	format, err := f.record("archive_format", 64)
	if err != nil || strings.TrimSpace(string(format)) != "pt2" {
		return f.foreign()
	}
	if err := f.readProgram(); err != nil {
		return err
	}
	if f.state, err = f.weights("weights"); err != nil {
		return err
	}
	f.other, err = f.weights("constants")
	return err
}

// ofTorchScript reports whether only torch.jit.save writes a record of that name.
func ofTorchScript(f *zip.File) bool {
	_, rest, _ := strings.Cut(f.Name, "/")
	return torch.IsScriptRecord(rest)
}

// foreign says what a zip without a program's marks is.
func (f *File) foreign() error {
	switch {
	case f.records["data.pkl"] != nil:
		return errors.New("a state dict of torch.save, no program: name it FILE.pth, and its architecture")
	case f.records["serialized_exported_program.json"] != nil:
		return errors.New("written by PyTorch before 2.8, whose archives had another form: load it there and save it with 2.8 or later")
	}
	return errors.New("a zip, but no program of torch.export.save: it has no record archive_format that says pt2; check where the file came from")
}

// record returns a whole record of at most limit bytes, its checksum verified.
func (f *File) record(name string, limit int64) ([]byte, error) {
	file := f.records[name]
	if file == nil {
		return nil, fmt.Errorf("record %s is missing", name)
	}
	if int64(file.UncompressedSize64) > limit {
		return nil, fmt.Errorf("record %s: %d bytes; at most %d are read", name, file.UncompressedSize64, limit)
	}
	r, err := file.Open()
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", name, err)
	}
	defer r.Close()
	data := make([]byte, file.UncompressedSize64)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, fmt.Errorf("record %s: %w", name, err)
	}
	// The checksum is verified at the end.
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		return nil, fmt.Errorf("record %s: more than its %d bytes, or another checksum: %w", name, len(data), err)
	}
	return data, nil
}

func (f *File) readProgram() error {
	if f.records["models/model.json"] == nil {
		for name := range f.records {
			if strings.HasPrefix(name, "data/aotinductor/") {
				return errors.New("holds code compiled by AOTInductor and no program: save the program itself, torch.export.save(program, \"model.pt2\")")
			}
		}
	}
	data, err := f.record("models/model.json", maxJSON)
	if err != nil {
		return err
	}
	version, err := majorOf(data)
	if err != nil {
		return fmt.Errorf("record models/model.json: %w", err)
	}
	if version != schemaMajor {
		return fmt.Errorf("schema version %d of torch.export; version %d is read, that of PyTorch 2.8 to 2.15: export the model with one of these", version, schemaMajor)
	}
	if err := decode(data, &f.program); err != nil {
		return fmt.Errorf("record models/model.json: %w", err)
	}
	return f.program.check()
}

// decode reads one JSON value, with numbers as they are written.
func decode(data []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(to); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows behind the JSON value")
	}
	return nil
}

// Name is the name of the file.
func (f *File) Name() string { return f.name }

// Producer is PyTorch with the version that wrote the file, if it says.
func (f *File) Producer() string {
	if f.script != nil {
		return "pytorch"
	}
	return "pytorch " + f.program.Torch
}

// Schema is the version of the format.
func (f *File) Schema() string {
	return fmt.Sprintf("%d.%d", f.program.Schema.Major, f.program.Schema.Minor)
}

// Operators counts the nodes of the program by operator.
func (f *File) Operators() map[string]int {
	counts := map[string]int{}
	for _, n := range f.program.Module.Graph.Nodes {
		counts[shortTarget(n.Target)]++
	}
	return counts
}

// Parameters is the number of elements of all tensors of the state dict.
func (f *File) Parameters() int64 {
	var n int64
	for _, w := range f.state {
		n += int64(w.shape.Numel())
	}
	return n
}

// Names are the keys of the state dict, in the order in which the program takes them.
func (f *File) Names() []string {
	var names []string
	for _, s := range f.program.Module.Signature.Inputs {
		if key := s.stateKey(); key != "" && !slices.Contains(names, key) {
			if _, ok := f.state[key]; ok {
				names = append(names, key)
			}
		}
	}
	return names
}
