package onnx

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/tensor"
)

// Opsets that are read. Older ones have operators with other meanings of the same
// attributes, and are read as far as they have not; newer ones may have.
const (
	minOpset = 7
	maxOpset = 28
)

// settled are operators that have been what they are since before operator set 7; most others
// broadcast in ways of their own there.
var settled = strings.Fields(`Abs Ceil Concat Constant Elu Exp Flatten Floor Gather GlobalAveragePool Identity LeakyRelu Log MatMul
	Neg Not Reciprocal Relu Selu Shape Sigmoid Size Softplus Softsign Sqrt Squeeze Tanh Transpose Unsqueeze`)

// File is an ONNX file: its model, and where its external data is.
type File struct {
	name   string
	folder string // of external data; empty where there can be none
	model  *onnxpb.ModelProto
	opset  int // of the default domain
	// replaced are initializers with other elements than the file has.
	replaced map[*onnxpb.TensorProto]*tensor.Tensor
}

// Open reads an ONNX file. External data is looked for beside it, and read when the
// graph is built.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file: name the .onnx file", path)
	}
	file, err := Read(f, info.Size(), path)
	if err != nil {
		return nil, err
	}
	file.folder = filepath.Dir(path)
	return file, nil
}

// Read is Open for a file of size bytes that is not on disk; name stands for it in
// errors. It cannot have external data.
func Read(r io.ReaderAt, size int64, name string) (*File, error) {
	if size > maxBytes {
		return nil, fmt.Errorf("%s: %d bytes; protobuf ends at %d: larger models keep their weights in external data", name, size, int64(maxBytes))
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), data); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := scan(data); err != nil {
		return nil, fmt.Errorf("%s is no ONNX file that can be read: %w", name, err)
	}
	model, err := onnxpb.Unmarshal(data)
	if err != nil {
		return nil, fmt.Errorf("%s is no ONNX file that can be read: %w", name, err)
	}
	f := &File{name: name, model: model}
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// check judges what must hold of every model.
func (f *File) check() error {
	if f.model.GetGraph() == nil || len(f.model.GetOpsetImport()) == 0 {
		return fmt.Errorf("no ONNX model: it has no graph or names no operator set; check where the file came from")
	}
	for _, o := range f.model.GetOpsetImport() {
		if domain(o.GetDomain()) == "" {
			f.opset = int(o.GetVersion())
		}
	}
	if f.opset < 0 || f.opset > maxOpset {
		return fmt.Errorf("operator set %d; those up to %d are read: onnx.version_converter.convert_version(model, 17) converts it", f.opset, maxOpset)
	}
	return nil
}

// Name is the name of the file.
func (f *File) Name() string { return f.name }

// Opset is the version of the default operator set.
func (f *File) Opset() int { return f.opset }

// Producer is the tool that wrote the file, with its version.
func (f *File) Producer() string {
	name, version := f.model.GetProducerName(), f.model.GetProducerVersion()
	if version == "" {
		return name
	}
	return name + " " + version
}

// Metadata returns the file's metadata_props.
func (f *File) Metadata() map[string]string {
	m := make(map[string]string, len(f.model.GetMetadataProps()))
	for _, p := range f.model.GetMetadataProps() {
		m[p.GetKey()] = p.GetValue()
	}
	return m
}

// domain is the canonical name of an operator domain: empty for ONNX's own.
func domain(name string) string {
	if name == "ai.onnx" {
		return ""
	}
	return name
}

// Operators counts the nodes of the model by operator, with its domain where that is not
// ONNX's own.
func (f *File) Operators() map[string]int {
	counts := map[string]int{}
	for _, p := range f.model.GetGraph().GetNode() {
		counts[(&node{proto: p}).opName()]++
	}
	return counts
}

// Parameters is the number of elements of all initializers.
func (f *File) Parameters() int64 {
	var n int64
	for _, t := range f.model.GetGraph().GetInitializer() {
		size := int64(1)
		for _, d := range t.GetDims() {
			size *= max(d, 0)
		}
		n += size
	}
	return n
}
