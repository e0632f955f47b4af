package inputs

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/latebound"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/zoo"
)

// ModelFlags hold what a model file may not say itself.
type ModelFlags struct {
	Arch, Backend, Key string            // --arch, --backend, --key; empty where not given
	GraphOf            string            // --graph-of: the file whose graph a state dict has
	Float              bool              // zoo:resnet18 is its float weights
	Offline            bool              // downloads nothing
	StateDict          bool              // of a program of torch.export.save, its state dict alone
	Bound              latebound.Binding // of the inputs of a model with a graph of its own
	labels             string
	shapes             []string    // --shape
	Preset             presetFlags // how images are prepared, where flags say it
}

// Register adds the flags to a command, those of preprocessing among them.
func (f *ModelFlags) Register(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.Arch, "arch", "", "architecture, in torchvision's words: "+strings.Join(ArchNames(), ", "))
	fl.StringVar(&f.Backend, "backend", "", "rules and default observers: fbgemm or x86, as PyTorch has them on x86, qnnpack (on ARM), onednn; octet runs them all on any CPU")
	fl.StringVar(&f.Key, "key", "", "which state dict of a checkpoint to use, such as model or ema.state_dict, or what its keys begin with, such as student")
	fl.StringVar(&f.GraphOf, "graph-of", "", "take the graph of this `FILE`, .pt2, TorchScript or .onnx, for a MODEL that is a float state dict of the same network, such as a later checkpoint")
	fl.StringVar(&f.labels, "labels", "", "`FILE` with one class name per line, in the order of the outputs")
	fl.StringArrayVar(&f.shapes, "shape", nil, "fix free sizes of a model with a graph of its own, `NAME=SIZES`: of an input, such as x=1,3,480,640, or of a named extent, such as batch=4; once for each")
	f.Preset.register(cmd)
	console.Complete(cmd, "arch", ArchNames()...)
	console.Complete(cmd, "backend", BackendNames...)
	if err := cmd.MarkFlagFilename("graph-of", "pt2", "onnx"); err != nil {
		panic(err) // the flag does not exist
	}
}

// BackendNames are the values of --backend.
var BackendNames = []string{"fbgemm", "qnnpack", "onednn", "x86"}

// ArchNames are the values of --arch.
func ArchNames() []string {
	var names []string
	for _, a := range zoo.Architectures() {
		names = append(names, a.Name)
	}
	return names
}

// QConfigNames are the presets that --qconfig takes.
func QConfigNames() []string {
	var names []string
	for _, p := range quant.QConfigs() {
		names = append(names, p.Name)
	}
	return names
}

// Options turns the flags into options of octet.Open.
func (f *ModelFlags) Options(cmd *cobra.Command) ([]octet.OpenOption, error) {
	opts := []octet.OpenOption{octet.WithArch(f.Arch), octet.WithBackend(octet.Backend(f.Backend)), octet.WithKey(f.Key)}
	if f.GraphOf != "" {
		opts = append(opts, octet.WithGraphOf(f.GraphOf))
	}
	if f.StateDict {
		opts = append(opts, octet.AsStateDict())
	}
	if f.Arch != "" {
		if _, err := zoo.Lookup(f.Arch); err != nil {
			return nil, exit.Usagef("--arch: %w", err)
		}
	}
	if f.Backend != "" {
		if _, err := quant.ParseNumerics(f.Backend); err != nil {
			return nil, exit.Usagef("--backend: %w", err)
		}
	}
	if f.labels != "" {
		labels, err := readLines(f.labels)
		if err != nil {
			return nil, exit.WithCode(exit.Data, fmt.Errorf("--labels: %w", err))
		}
		opts = append(opts, octet.WithLabels(labels))
	}
	for name, t := range f.Bound.Constants {
		opts = append(opts, octet.WithInput(name, t))
	}
	for name, shape := range f.Bound.Shapes {
		opts = append(opts, octet.WithShape(name, shape...))
	}
	fixed, err := f.FixedShapes()
	if err != nil {
		return nil, err
	}
	for name, shape := range fixed {
		opts = append(opts, octet.WithShape(name, shape...))
	}
	preset, err := f.Preset.options(cmd)
	return append(opts, preset...), err
}

// FixedShapes are the sizes that --shape gives, by the names of inputs and extents.
func (f *ModelFlags) FixedShapes() (map[string]tensor.Shape, error) {
	shapes := map[string]tensor.Shape{}
	for _, text := range f.shapes {
		name, shape, err := parseShape(text)
		if err != nil {
			return nil, err
		}
		shapes[name] = shape
	}
	return shapes, nil
}

// ShapeArgs are the values of --shape as they were given.
func (f *ModelFlags) ShapeArgs() []string { return f.shapes }

// TakesImages returns an error unless a model's only input is a batch of images or arrays of them.
func TakesImages(m *octet.Model) error {
	takes := m.Inputs()
	if len(takes) == 1 && (takes[0].DType == tensor.Float32 || takes[0].DType == tensor.UInt8) && (takes[0].Shape == nil || len(takes[0].Shape) == 4) {
		return nil
	}
	return exit.WithCode(exit.Model, fmt.Errorf("%s takes %v; one input of float32 or uint8, [N, C, H, W] or [N, H, W, C], is expected here: octet run, octet quantize and octet compare take the others by their names", m.File(), takes))
}

// parseShape reads NAME=SIZES; names may hold equals signs.
func parseShape(text string) (string, tensor.Shape, error) {
	i := strings.LastIndex(text, "=")
	if i < 1 {
		return "", nil, exit.Usagef("--shape %s: give NAME=SIZES, such as x=1,3,480,640 or batch=4", text)
	}
	var shape tensor.Shape
	for _, part := range strings.Split(text[i+1:], ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 {
			return "", nil, exit.Usagef("--shape %s: %q is no size; give whole numbers above 0, such as x=1,3,480,640", text, part)
		}
		shape = append(shape, n)
	}
	return text[:i], shape, nil
}

// Open loads the model, which may be zoo:NAME, and prints what was assumed about
// it.
func (f *ModelFlags) Open(c *console.Console, cmd *cobra.Command, path string) (*octet.Model, error) {
	model, err := f.Load(c, cmd, path)
	if err != nil {
		return nil, err
	}
	NoteAssumptions(c, model)
	if text := model.Unsaid(); text != "" && !strings.HasPrefix(path, ZooPrefix) {
		c.Note("not in the file: %s", text)
	}
	if model.Backend() != model.MadeFor() {
		c.Note("octet compare %s --backend %s measures what that costs", path, model.Backend())
	}
	return model, nil
}

// NoteAssumptions prints each assumption about a model as a note.
func NoteAssumptions(c *console.Console, model *octet.Model) {
	for _, a := range model.Assumptions() {
		c.Note("assumed: %s", a)
	}
}

// Texts are the sentences of assumptions.
func Texts(assumed []octet.Assumption) []string {
	var list []string
	for _, a := range assumed {
		list = append(list, a.Text)
	}
	return list
}

// Load is Open without notes about assumptions.
func (f *ModelFlags) Load(c *console.Console, cmd *cobra.Command, path string) (*octet.Model, error) {
	path, known, f, err := f.FromZoo(c, cmd, path)
	if err != nil {
		return nil, err
	}
	if f.Float && console.HoldsGraph(f.GraphFile(path)) && !f.StateDict { // --backend is then that of the int8 model to be made
		float := *f
		float.Backend = ""
		f = &float
	}
	opts, err := f.Options(cmd)
	if err != nil {
		return nil, err
	}
	model, err := octet.Open(path, append(known, opts...)...)
	if errors.Is(err, octet.ErrRecipe) {
		return nil, exit.Usagef("%w", err)
	}
	err = AdviseModel(err, path, f)
	return model, exit.WithCode(exit.Model, exit.AdviseMissing(err, "give a model file, .pth, .pt, .safetensors, .onnx or .pt2, or zoo:NAME of published weights"))
}

// GraphFile is the file that the graph of the model at path comes from: itself, unless --graph-of
// names another.
func (f *ModelFlags) GraphFile(path string) string { return cmp.Or(f.GraphOf, path) }

// OutputKind is console.ModelKind of a model made of the one at path. A graph beside a state dict
// is written as ONNX.
func (f *ModelFlags) OutputKind(output, path string) (console.OutputKind, error) {
	if f.GraphOf != "" && !console.IsONNX(output) {
		return console.OutputKind{}, exit.Usagef("--output %s: a model with the graph of %s is written as ONNX: name FILE.onnx", output, f.GraphOf)
	}
	if out, err := os.Stat(output); err == nil && f.GraphOf != "" {
		if from, err := os.Stat(f.GraphOf); err == nil && os.SameFile(out, from) {
			return console.OutputKind{}, exit.Usagef("--output %s is the file that --graph-of names: choose another name", output)
		}
	}
	return console.ModelKind(output, path)
}

// readLines reads a file of names; empty lines at the end are dropped.
func readLines(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var lines []string
	scan := bufio.NewScanner(f)
	for scan.Scan() {
		lines = append(lines, strings.TrimRight(scan.Text(), "\r"))
	}
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	if err := scan.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("%s holds no names; one per line is expected", path)
	}
	return lines, nil
}

// KindOf is int8 or float, as documents say it.
func KindOf(m *octet.Model) string {
	if m.Quantized() {
		return "int8"
	}
	return "float"
}

// LabelsAssumed is the note that names of classes were assumed, with the flag that sets them.
func LabelsAssumed(labels []string) string {
	return fmt.Sprintf("the classes are ImageNet's, as there are %d; --labels says otherwise", len(labels))
}

// OctetQConfig is the recipe whose files are made for octet.
const OctetQConfig = "octet"
