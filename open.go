package octet

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/pt2"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/safetensors"
	"github.com/octet-ml/octet/statedict"
	"github.com/octet-ml/octet/torch"
	"github.com/octet-ml/octet/zoo"
)

// Open reads a model, float or int8, from a file of torch.save that holds its
// state dict. The errors of packages torch and statedict come through: a
// *statedict.MismatchError lists every key in which file and architecture differ.
//
// The network is found under any prefix of the keys and among other things in the
// file; Assumptions lists what was left out. Where several networks fit, the error
// is a *ChoiceError, and where none does, a *NearestError.
//
// A .safetensors file is read as a float state dict; it holds no int8 models. An .onnx
// file holds its own graph, of any architecture; the error of one with operators that
// octet does not have is an *onnx.UnsupportedError that lists every node. So does a .pt2
// file, a program of torch.export.save; as a state dict of a known architecture it is read
// with WithArch. A TorchScript file, of torch.jit.save, is known by its content and read in the same
// way, float or converted by torch.ao. WithGraphOf gives a state dict of any architecture the graph of such a file.
func Open(path string, opts ...OpenOption) (*Model, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".safetensors":
		return openSafetensors(path, collect(opts))
	case ".onnx":
		return openONNX(path, collect(opts))
	case ".pt2":
		return openPT2(path, collect(opts))
	}
	if torch.IsScript(path) {
		return openPT2(path, collect(opts))
	}
	ckpt, err := torch.Open(path)
	if err != nil {
		return nil, err
	}
	if keepsOpenFiles {
		ckpt.LeaveInFile()
	}
	m, err := fromCheckpoint(ckpt, collect(opts))
	ckpt.Close()
	return m, err
}

// keepsOpenFiles says whether a file that is open may be replaced, so that int8
// weights can be left in it.
const keepsOpenFiles = runtime.GOOS != "windows"

// Read is Open for a file of size bytes that is not on disk; name stands for it
// in errors, and ends in .pt2 where it is a program.
func Read(r io.ReaderAt, size int64, name string, opts ...OpenOption) (*Model, error) {
	if r == nil {
		return nil, errNil("reader", "os.Open returns one")
	}
	if strings.EqualFold(filepath.Ext(name), ".pt2") || torch.IsScriptAt(r, size) {
		f, err := pt2.Read(r, size, name)
		if err != nil {
			return nil, err
		}
		return ofPT2(f, collect(opts))
	}
	ckpt, err := torch.Read(r, size, name)
	if err != nil {
		return nil, err
	}
	defer ckpt.Close()
	return fromCheckpoint(ckpt, collect(opts))
}

func collect(opts []OpenOption) openOptions {
	var o openOptions
	for _, opt := range opts {
		opt.applyOpen(&o)
	}
	return o
}

func openSafetensors(path string, o openOptions) (*Model, error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	sd := &torch.StateDict{Source: path}
	for _, name := range f.Names() {
		t, _ := f.Tensor(name)
		sd.SetTensor(name, t)
	}
	if sd, err = sd.Under(o.key); err != nil {
		return nil, err
	}
	if err := sd.Unwrap(); err != nil {
		return nil, err
	}
	m := &Model{origin: origin{file: path}}
	if o.graphOf != "" {
		return o.over(m, []stateDict{{o.key, sd}}, func(*torch.StateDict) error { return nil }, o)
	}
	explain, err := m.choose([]stateDict{{o.key, sd}}, o)
	if err != nil {
		return nil, err
	}
	return m.complete(o, explain)
}

func fromCheckpoint(ckpt *torch.Checkpoint, o openOptions) (*Model, error) {
	m := &Model{origin: origin{file: ckpt.Name()}}
	if slices.Contains(ckpt.ExtraRecords(), MetadataRecord) {
		record, err := ckpt.Extra(MetadataRecord)
		if err == nil {
			m.meta, err = parseMetadata(ckpt.Name(), record)
		}
		if err != nil {
			return nil, err
		}
	}
	dicts, err := stateDicts(ckpt, o.key, o.arch)
	if err != nil {
		return nil, err
	}
	if o.graphOf != "" {
		return o.over(m, dicts, ckpt.Fill, o)
	}
	explain, err := m.choose(dicts, o)
	if err != nil {
		return nil, err
	}
	if err := ckpt.Fill(m.origin.state); err != nil {
		return nil, err
	}
	return m.complete(o, explain)
}

// complete fills in what the options say and what has to be assumed, and binds
// the state dict to the graph of its architecture. It returns the finished model.
func (m *Model) complete(o openOptions, explain explain) (*Model, error) {
	if o.given.Inputs != nil || o.given.Shapes != nil {
		return nil, classed{fmt.Errorf("%s: constants in place of inputs, and their sizes, are for models with a graph of their own, .onnx and .pt2, alone: leave them out", m.name()), ErrRecipe}
	}
	if m.quantized && m.meta.Numerics == "" {
		m.meta.Numerics = string(o.madeFor)
	}
	err := m.bind(o.backend)
	var mismatch *statedict.MismatchError
	if errors.As(err, &mismatch) || err == nil {
		err = explain(mismatch)
	}
	if err != nil {
		return nil, err
	}
	if err := m.describe(o); err != nil {
		return nil, err
	}
	return m, nil
}

// bind gives the graph of the architecture the parameters of the file.
func (m *Model) bind(backend Backend) error {
	if m.quantized {
		return m.bindQuantized(backend)
	}
	g, err := zoo.Build(m.meta.Arch, statedict.ShapesOf(m.origin.state), zoo.Plain)
	if err != nil {
		return err
	}
	if g, err = statedict.Bind(g, m.origin.state); err != nil {
		return err
	}
	m.setGraph(g)
	return nil
}

func (m *Model) bindQuantized(backend Backend) error {
	numerics, err := m.numerics(backend)
	if err != nil {
		return err
	}
	g, err := m.quantizableGraph()
	if err != nil {
		return err
	}
	opts := statedict.QuantizedOptions{Numerics: numerics, Float: m.meta.Float}
	var bound *graph.Graph
	var notes []string
	if m.Prepared() {
		what := "prepared for post-training quantization, with observers"
		if m.InTraining() {
			what = "in quantization-aware training"
		}
		m.assume(AssumedConverted, "the file holds a model %s; it was converted", what)
		var found statedict.Conversion
		bound, found, err = statedict.BindPrepared(g, m.origin.state, opts)
		notes, m.origin.codes = found.Notes, found.Codes
	} else {
		bound, notes, err = statedict.BindQuantized(g, m.origin.state, opts)
	}
	if err != nil {
		return err
	}
	m.setGraph(bound)
	for _, note := range notes {
		m.assume(AssumedNumerics, "%s", note)
	}
	if m.madeFor = Backend(m.meta.Numerics); m.madeFor == "" {
		m.madeFor = Backend(bound.Numerics.String())
	}
	m.meta.Numerics = bound.Numerics.String()
	return nil
}

// quantizableGraph builds what the file was converted from: torchvision's
// quantizable model, or what FX graph mode made of the plain one.
func (m *Model) quantizableGraph() (*graph.Graph, error) {
	g, err := zoo.Build(m.meta.Arch, statedict.ShapesOf(m.origin.state), zoo.Quantizable)
	if err == nil && m.ClampDiffers() && (statedict.IsTraced(m.origin.state) || statedict.IsNumbered(m.origin.state)) && statedict.ClampsApart(g, m.origin.state) {
		return zoo.Build(m.meta.Arch, statedict.ShapesOf(m.origin.state), zoo.Clamped)
	}
	return g, err
}

// numerics takes the option, else what the file was made for; unset where neither
// is known.
func (m *Model) numerics(given Backend) (quant.Numerics, error) {
	var recorded quant.Numerics
	if m.meta.Numerics != "" {
		var err error
		if recorded, err = quant.ParseNumerics(m.meta.Numerics); err != nil {
			return 0, fmt.Errorf("%s: the backend that it was made for: %w", m.origin.file, err)
		}
	}
	if given == "" {
		return recorded, nil
	}
	n, err := quant.ParseNumerics(string(given))
	if err == nil && recorded != quant.NumericsUnset && n != recorded {
		m.assume(AssumedNumerics, "backend %v, as told, for a file that was made for %v: their roundings differ by one code in about one output of a thousand in each layer, and more behind many layers; a model quantized for %v from the float weights does not lose that", n, recorded, n)
	}
	return n, err
}
