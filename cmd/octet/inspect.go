package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/statedict"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

type inspectFlags struct {
	model   inputs.ModelFlags
	tensors bool
	graph   bool
}

func newInspectCommand(c *console.Console) *cobra.Command {
	f := &inspectFlags{}
	cmd := &cobra.Command{
		Use:   "inspect MODEL",
		Short: "Show what a model file holds",
		Long: `inspect prints the container, the state dict, element types, size, architecture, numerics,
labels and preprocessing of a model file, and its layers with their scales and zero points.
Nothing of the file is executed. A file whose architecture is not known is described as far as
it is understood. Of an ONNX file, of a program of torch.export.save, .pt2, and of a TorchScript file it lists
inputs, outputs, the sizes that are free and operators, and every node that octet cannot compute,
with the reason and what can be done.`,
		Example: `  octet inspect resnet18_int8.pth
  octet inspect zoo:ResNet18_QuantizedWeights.DEFAULT
  octet inspect checkpoint.pth --key ema --tensors
  octet inspect model.pth --arch resnet18 --graph
  octet inspect detector.onnx --shape images=1,3,640,640`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: inputs.CompleteModel(),
		RunE: c.Command(func(cmd *cobra.Command, args []string) error {
			return runInspect(c, cmd, f, args[0])
		}),
	}
	f.model.Register(cmd)
	cmd.Flags().BoolVar(&f.tensors, "tensors", false, "list every key of the state dict")
	cmd.Flags().BoolVar(&f.graph, "graph", false, "print the graph, one node per line")
	return cmd
}

// inspection is what inspect finds out; the JSON document of the command.
type inspection struct {
	File        string          `json:"file"`
	Bytes       int64           `json:"bytes"`
	Format      string          `json:"format"`
	Key         string          `json:"key,omitempty"`
	StateDicts  []string        `json:"state_dicts"`
	Tensors     int             `json:"tensors"`
	Parameters  int             `json:"parameters"`
	DTypes      map[string]int  `json:"elements_by_dtype"`
	Stripped    []string        `json:"stripped_prefixes,omitempty"`
	Kind        string          `json:"kind"` // float or int8
	Arch        string          `json:"arch,omitempty"`
	Backend     octet.Backend   `json:"backend,omitempty"`
	Classes     int             `json:"classes,omitempty"`
	Channels    int             `json:"channels,omitempty"`
	Metadata    *octet.Metadata `json:"metadata,omitempty"`
	Assumptions []string        `json:"assumptions,omitempty"`
	Problem     string          `json:"problem,omitempty"` // why the layers are not known
	Layers      []layerInfo     `json:"layers,omitempty"`
	Keys        []keyInfo       `json:"keys,omitempty"`

	model *octet.Model
}

// layerInfo is a node of the graph.
type layerInfo struct {
	Name      string   `json:"name"`
	Op        string   `json:"op"`
	DType     string   `json:"dtype"`
	Weight    string   `json:"weight,omitempty"`
	Scale     *float64 `json:"scale,omitempty"`
	ZeroPoint *int64   `json:"zero_point,omitempty"`
	Note      string   `json:"note,omitempty"`
}

// keyInfo is an entry of the state dict.
type keyInfo struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

func runInspect(c *console.Console, cmd *cobra.Command, f *inspectFlags, given string) error {
	path, known, model, err := f.model.FromZoo(c, cmd, given)
	if err != nil {
		return err
	}
	f = &inspectFlags{*model, f.tensors, f.graph}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".safetensors":
		return inspectSafetensors(c, cmd, f, path)
	}
	if console.HoldsGraph(path) {
		return inspectGraph(c, cmd, f, path)
	}
	in, err := inspectFile(f, path)
	if err != nil {
		return exit.WithCode(exit.Model, exit.AdviseMissing(err, giveModel))
	}
	return in.finish(c, cmd, f, known...)
}

// finish adds what follows from the architecture, and prints. Flags override the options in
// known.
func (in *inspection) finish(c *console.Console, cmd *cobra.Command, f *inspectFlags, known ...octet.OpenOption) error {
	opts, err := f.model.Options(cmd)
	if err != nil {
		return err
	}
	in.model, err = octet.Open(in.File, append(known, opts...)...)
	switch {
	case err == nil:
		in.describeModel()
	case !f.tensors && (f.model.Arch != "" || isMismatch(err) || errors.Is(err, torch.ErrAmbiguous)):
		return exit.WithCode(exit.Model, inputs.AdviseModel(err, in.File, &f.model))
	default:
		in.Problem = err.Error()
	}
	return c.Result(in, func(w io.Writer) { in.print(w, f) })
}

func isMismatch(err error) bool {
	var mismatch *statedict.MismatchError
	return errors.As(err, &mismatch)
}

// inspectSafetensors is inspectFile for .safetensors.
func inspectSafetensors(c *console.Console, cmd *cobra.Command, f *inspectFlags, path string) error {
	all, err := readTensors(path)
	if err != nil {
		return exit.WithCode(exit.Model, err)
	}
	in := &inspection{File: path, Bytes: console.FileSize(path), Format: "safetensors", StateDicts: []string{""}, DTypes: map[string]int{}, Kind: "float"}
	for _, n := range all {
		v := torch.NewTensor(n.Tensor)
		in.count(v)
		if f.tensors {
			in.Keys = append(in.Keys, keyInfo{n.Name, valueText(v)})
		}
	}
	return in.finish(c, cmd, f)
}

// inspectFile reads what can be known without an architecture.
func inspectFile(f *inspectFlags, path string) (*inspection, error) {
	ckpt, err := torch.Open(path)
	if err != nil {
		return nil, err
	}
	defer ckpt.Close()
	in := &inspection{File: path, Bytes: console.FileSize(path), Format: ckpt.Format(), StateDicts: ckpt.Candidates(), Key: f.model.Key, DTypes: map[string]int{}, Kind: "float"}
	sd, err := ckpt.StateDict(f.model.Key)
	if errors.Is(err, torch.ErrAmbiguous) {
		// Perhaps only one of them holds a known architecture.
		sd, err = openedStateDict(f, path)
	}
	if err != nil {
		return nil, err
	}
	in.Stripped = sd.Stripped
	if statedict.IsQuantized(sd) {
		in.Kind = "int8"
	}
	for _, key := range sd.Keys() {
		v, _ := sd.Entry(key)
		in.count(v)
		if f.tensors {
			in.Keys = append(in.Keys, keyInfo{key, valueText(v)})
		}
	}
	return in, nil
}

// openedStateDict is the state dict of the file that a model is opened from.
func openedStateDict(f *inspectFlags, path string) (*torch.StateDict, error) {
	m, err := octet.Open(path, octet.WithArch(f.model.Arch), octet.WithKey(f.model.Key))
	if err != nil {
		return nil, inputs.AdviseModel(err, path, &f.model)
	}
	return m.StateDict()
}

// count adds the tensors of one entry to the totals.
func (in *inspection) count(v torch.Value) {
	var found []*torch.Tensor
	switch v := v.(type) {
	case *torch.Tensor:
		found = []*torch.Tensor{v}
	case *torch.PackedLinear:
		found = []*torch.Tensor{v.Weight}
		if v.Bias != nil {
			found = append(found, v.Bias)
		}
	}
	for _, t := range found {
		in.Tensors++
		in.DTypes[t.Data.DType().String()] += t.Data.Numel()
		if t.Data.DType().IsFloat() || t.Data.DType().IsQuantized() {
			in.Parameters += t.Data.Numel()
		}
	}
}

func valueText(v torch.Value) string {
	switch v := v.(type) {
	case *torch.Tensor:
		return v.Data.String()
	case *torch.PackedLinear:
		return "packed linear, weight " + v.Weight.Data.String()
	case torch.DType:
		return "dtype " + tensor.DType(v).String()
	case torch.None:
		return "None"
	}
	return fmt.Sprint(v)
}

// describeModel adds what follows from the architecture.
func (in *inspection) describeModel() {
	m := in.model
	in.Kind = inputs.KindOf(m)
	in.Arch, in.Backend, in.Classes, in.Channels = m.Arch(), m.Backend(), m.Classes(), m.Channels()
	in.Assumptions = inputs.Texts(m.Assumptions())
	if meta := m.Metadata(); meta.Version > 0 {
		in.Metadata = &meta
	}
	in.Layers = layersOf(m)
}

// layersOf describes the nodes of a model's graph.
func layersOf(m *octet.Model) []layerInfo {
	var layers []layerInfo
	for _, n := range m.Graph().Nodes {
		l := layerInfo{Name: n.Name, Op: n.Op.Kind(), DType: n.Output().Type.DType.String(), Note: n.Note}
		if q := n.Output().Type.Q; q != nil {
			scale, zero := q.Scale(), q.ZeroPoint()
			l.Scale, l.ZeroPoint = &scale, &zero
		}
		if len(n.Inputs) > 1 && n.Inputs[1].Data != nil {
			l.Weight = n.Inputs[1].Data.DType().String() + n.Inputs[1].Data.Shape().String()
			if q := n.Inputs[1].Data.QParams(); q != nil {
				l.Weight += " " + granularityText(q)
			}
		}
		layers = append(layers, l)
	}
	return layers
}

func granularityText(q *tensor.QParams) string {
	if q.IsPerTensor() {
		return "per tensor"
	}
	return "per channel"
}
