package variants

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/internal/timing"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// maxVariants keeps tables and plots readable.
const maxVariants = 16

// Comparison is the work of `octet compare`.
type Comparison struct {
	Console *console.Console // for progress and warnings
	Options *Options         // what was asked for

	Variants    []*Variant // the reference first
	Float       *Variant   // the float model that variants are made of; may be nil
	calibration *report.Calibration
	statistics  []*octet.Calibration // of earlier calibrations of the float model

	Doc     *report.Comparison // the document, from Describe on
	samples [][]*tensor.Tensor // on which layers are compared and time is measured
	arrays  inputs.Arrays      // that were read for inputs by their names
}

// Variant is a model with its part of the document.
type Variant struct {
	report.Variant
	Model *octet.Model // as it was opened or made
	graph *graph.Graph // its nodes correspond to those of the others
	path  string       // as it was named
}

// Open opens the files that were named, each by the rules it was made for and,
// an int8 one, by those of every --backend.
func (s *Comparison) Open(cmd *cobra.Command, paths []string) error {
	for _, path := range paths {
		flags := s.Options.Model
		if len(paths) > 1 && console.HoldsGraph(path) { // --graph-of is for the state dicts among them
			flags.GraphOf = ""
		}
		model, err := flags.Open(s.Console, cmd, path)
		if err != nil {
			return err
		}
		name := filepath.Base(strings.TrimPrefix(path, inputs.ZooPrefix))
		if err := s.add(&Variant{Variant: report.Variant{Name: name, File: path}, Model: model, path: path}); err != nil {
			return err
		}
		for _, backend := range s.Options.Backends {
			if !model.Quantized() || backend == model.Backend() {
				continue
			}
			if err := s.openFor(cmd, path, name, backend, model.Backend()); err != nil {
				return err
			}
		}
	}
	// The reference goes first: "float" sorts before "int8".
	slices.SortStableFunc(s.Variants, func(a, b *Variant) int { return cmp.Compare(a.Kind, b.Kind) })
	if first := s.Variants[0]; !first.Model.Quantized() {
		s.Float = first
		return s.addClamped(first)
	}
	return nil
}

// addClamped adds the variant of a float model that is quantized where it computes
// another function: what int8 loses is seen against it.
func (s *Comparison) addClamped(float *Variant) error {
	last := s.Variants[len(s.Variants)-1]
	if !float.Model.ClampDiffers() || !s.Options.makes() && !last.Model.Quantized() {
		return nil
	}
	relu, err := float.Model.Quantizable()
	if err != nil {
		return exit.WithCode(exit.Model, err)
	}
	return s.add(&Variant{Variant: report.Variant{Name: float.Name + " with ReLU for ReLU6", File: float.File}, Model: relu, path: float.path})
}

// openFor opens a file by the rules of another backend than its own.
func (s *Comparison) openFor(cmd *cobra.Command, path, name string, backend, own octet.Backend) error {
	flags := s.Options.Model
	flags.Backend = string(backend)
	model, err := flags.Load(s.Console, cmd, path) // it is what was asked for
	if err != nil {
		return err
	}
	return s.add(&Variant{Variant: report.Variant{Name: fmt.Sprintf("%s by %s's rules", name, backend), File: path, MadeFor: string(own)}, Model: model, path: path})
}

// add completes what is known of a variant from its model.
func (s *Comparison) add(v *Variant) error {
	if len(s.Variants) > 0 {
		first := s.Variants[0]
		if v.Model.Arch() != first.Model.Arch() || v.Model.Classes() != first.Model.Classes() {
			return exit.WithCode(exit.Model, fmt.Errorf("%s is %s with %d classes, %s is %s with %d: compare variants of one model",
				v.Name, v.Model.Arch(), v.Model.Classes(), first.Name, first.Model.Arch(), first.Model.Classes()))
		}
	}
	if err := s.sameInputs(v); err != nil {
		return err
	}
	if len(s.Variants) == maxVariants {
		return exit.Usagef("more than %d variants: name fewer --backend, --qconfig or files", maxVariants)
	}
	for n, base := 2, v.Name; slices.ContainsFunc(s.Variants, func(w *Variant) bool { return w.Name == v.Name }); n++ {
		v.Name = fmt.Sprintf("%s (%d)", base, n)
	}
	var err error
	if v.graph, err = v.Model.FusedGraph(); err != nil {
		return exit.WithCode(exit.Model, err)
	}
	v.Kind, v.Backend, v.Assumptions = inputs.KindOf(v.Model), string(v.Model.Backend()), inputs.Texts(v.Model.Assumptions())
	v.MadeFor = cmp.Or(v.MadeFor, string(v.Model.MadeFor()))
	if v.Model.Quantized() {
		v.Weights = granularityOf(v.graph)
		if err := v.recipe(); err != nil {
			return exit.WithCode(exit.Model, err)
		}
		v.count()
	}
	if v.Bytes == 0 {
		v.Bytes, err = ModelBytes(v.Model)
	}
	s.Variants = append(s.Variants, v)
	return err
}

// sameInputs returns an error where v takes other inputs than the reference. Models of images are
// given what each takes.
func (s *Comparison) sameInputs(v *Variant) error {
	if len(s.Variants) == 0 || inputs.TakesImages(s.Variants[0].Model) == nil {
		return nil
	}
	first := s.Variants[0]
	same := func(a, b octet.ValueInfo) bool { return a.DType == b.DType && len(a.Shape) == len(b.Shape) }
	if a, b := first.Model.Inputs(), v.Model.Inputs(); !slices.EqualFunc(a, b, same) {
		return exit.WithCode(exit.Model, fmt.Errorf("%s takes %v, %s takes %v: compare variants of one model", v.Name, b, first.Name, a))
	}
	return nil
}

// recipe takes from the file's record how the variant was quantized.
func (v *Variant) recipe() (err error) {
	m := v.Model.Metadata()
	v.Saturation = m.Saturation
	switch {
	case m.Calibration != nil:
		v.QConfig, v.Excluded, v.Dynamic = m.Calibration.QConfigName, m.Calibration.Excluded, m.Calibration.Dynamic
		v.Corrections = v.corrections().Flags()
	case m.Training != nil:
		v.QConfig, v.Excluded = m.Training.QConfigName, m.Training.Excluded
	}
	if v.Saturation == nil { // of older files, and of layers that are safe
		v.Saturation, err = ptq.Saturations(v.graph, v.codes())
	}
	return err
}

// corrections are those that the variant was made with.
func (v *Variant) corrections() inputs.Corrections {
	return inputs.CorrectionsOf(v.Model.Metadata().Calibration)
}

// codes are those that calibrated ranges are mapped to; none where the record does not
// say.
func (v *Variant) codes() quant.CodeRange {
	var codes quant.CodeRange
	switch m := v.Model.Metadata(); {
	case m.Calibration != nil:
		codes, _ = m.Calibration.QConfig.Activation.Codes()
	case m.Training != nil && m.Training.QConfig != nil:
		codes, _ = m.Training.QConfig.Activation.Codes()
	case m.Converted != nil:
		codes = quant.CodeRange{Min: m.Converted.Codes[0], Max: m.Converted.Codes[1]}
	}
	return codes
}

// count tells the nodes that compute on integers from those left in float.
func (v *Variant) count() {
	for _, n := range v.graph.Running().Nodes {
		v.Dynamic = v.Dynamic || timing.IsDynamic(n)
		switch {
		case timing.OnCodes(n):
			v.Int8Nodes++
		case !timing.IsConversion(n):
			v.FloatNodes = append(v.FloatNodes, n.Name)
		}
	}
}

// ModelBytes is the size of the file that a model came from or makes.
func ModelBytes(m *octet.Model) (int64, error) {
	if m.File() != "" {
		return console.FileSize(m.File()), nil
	}
	if m.Arch() == "" { // of a graph of its own, which is written as ONNX
		return console.ParameterBytes(m), nil
	}
	var n console.CountingWriter
	err := m.Write(&n)
	return int64(n), err
}

// granularityOf tells how the weights of an int8 graph are quantized.
func granularityOf(g *graph.Graph) string {
	found := ""
	for _, p := range g.Running().Params {
		if p.Type.Q == nil {
			continue
		}
		how := report.PerChannel
		if p.Type.Q.IsPerTensor() {
			how = report.PerTensor
		}
		if found != "" && found != how {
			return report.Mixed
		}
		found = how
	}
	return found
}

// int8Graphs are the int8 variants as package compare takes them.
func (s *Comparison) int8Graphs() []compare.Rival {
	var list []compare.Rival
	for _, v := range s.Variants {
		if !v.Model.Quantized() {
			continue
		}
		rival := compare.Rival{Graph: v.graph, Codes: v.codes()}
		if v.corrections().Equalize { // its weights and values have other ranges than the reference's
			rival.Graph = nil
		}
		list = append(list, rival)
	}
	return list
}
