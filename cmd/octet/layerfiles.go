package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/atomicfile"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/tensor"
)

// layerIndex is index.json of a folder of layer files, the convention that
// tools/parity/README.md states.
type layerIndex struct {
	Format  string       `json:"format"`
	Version int          `json:"version"`
	Arch    string       `json:"arch"`
	Backend string       `json:"backend"`
	Nodes   []layerEntry `json:"nodes"`
}

// layerValue is a tensor in a file.
type layerValue struct {
	File      string   `json:"file,omitempty"`
	DType     string   `json:"dtype,omitempty"`
	Shape     []int    `json:"shape,omitempty"`
	Scale     *float64 `json:"scale,omitempty"`
	ZeroPoint *int64   `json:"zero_point,omitempty"`
}

// layerEntry is a node: its output, and in a feed folder its inputs.
type layerEntry struct {
	Name string `json:"name"`
	Op   string `json:"op"`
	layerValue
	Inputs []layerValue `json:"inputs,omitempty"`
	Output *layerValue  `json:"output,omitempty"`
}

const (
	layerFormat  = "octet-layers"
	layerVersion = 1
	layerFile    = "index.json"
)

// layerWriter writes the output of nodes into a folder.
type layerWriter struct {
	folder string
	index  layerIndex
}

func newLayerWriter(folder, arch, backend string) (*layerWriter, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, exit.WithCode(exit.Output, err)
	}
	return &layerWriter{folder, layerIndex{layerFormat, layerVersion, arch, backend, []layerEntry{}}}, nil
}

// add writes the output of one node.
func (w *layerWriter) add(name, op string, t *tensor.Tensor) error {
	e := layerEntry{Name: name, Op: op, layerValue: layerValue{File: name + ".npy", DType: t.DType().String(), Shape: t.Shape()}}
	plain := t
	if q := t.QParams(); q != nil {
		scale, zero := q.Scale(), q.ZeroPoint()
		e.Scale, e.ZeroPoint = &scale, &zero
		plain = tensor.Of(t.Uint8s(), t.Shape()...)
	}
	w.index.Nodes = append(w.index.Nodes, e)
	return exit.WithCode(exit.Output, npy.WriteFile(filepath.Join(w.folder, e.File), plain))
}

// close writes the index, last.
func (w *layerWriter) close() error {
	err := atomicfile.Write(filepath.Join(w.folder, layerFile), func(out io.Writer) error {
		return json.NewEncoder(out).Encode(w.index)
	})
	return exit.WithCode(exit.Output, err)
}

func readLayerIndex(folder string) (layerIndex, error) {
	var index layerIndex
	path := filepath.Join(folder, layerFile)
	f, err := os.Open(path)
	if err != nil {
		return index, err
	}
	defer f.Close()
	if err := json.NewDecoder(bufio.NewReader(f)).Decode(&index); err != nil {
		return index, fmt.Errorf("%s: %w", path, err)
	}
	if index.Format != layerFormat || index.Version != layerVersion {
		return index, fmt.Errorf("%s: format %q version %d; %s version %d is expected", path, index.Format, index.Version, layerFormat, layerVersion)
	}
	return index, nil
}

// read loads a value of a feed folder and checks it against the index.
func (v layerValue) read(folder string) (*tensor.Tensor, error) {
	if filepath.Base(v.File) != v.File {
		return nil, fmt.Errorf("%s: %q lies outside the folder", folder, v.File)
	}
	path := filepath.Join(folder, v.File)
	t, err := npy.ReadFile(path)
	if err != nil {
		return nil, err
	}
	want := tensor.Float32
	if v.DType == tensor.QUInt8.String() {
		want = tensor.UInt8
	}
	if t.DType() != want || !t.Shape().Equal(v.Shape) {
		return nil, fmt.Errorf("%s: the index says %s%v, the file holds %v", path, v.DType, tensor.Shape(v.Shape), t)
	}
	if want == tensor.Float32 {
		return t, nil
	}
	if v.Scale == nil || v.ZeroPoint == nil {
		return nil, fmt.Errorf("%s: the index gives no scale and zero point", path)
	}
	q := tensor.Affine(*v.Scale, *v.ZeroPoint)
	if err := q.Validate(tensor.QUInt8, t.Shape()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return tensor.OfQuantized(t.Uint8s(), q, t.Shape()...), nil
}
