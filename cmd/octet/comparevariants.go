package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// maxVariants keeps tables and plots readable.
const maxVariants = 16

// comparison is the work of `octet compare`.
type comparison struct {
	c *console
	f *compareFlags

	variants    []*variant // the reference first
	float       *variant   // the float model that variants are made of; may be nil
	calibration *report.Calibration
	statistics  []*octet.Calibration // of earlier calibrations of the float model

	doc     *report.Comparison
	samples []*tensor.Tensor // on which layers are compared and time is measured
}

// variant is a model with its part of the document.
type variant struct {
	report.Variant
	model *octet.Model
	graph *graph.Graph // its nodes correspond to those of the others
	path  string       // as it was named
}

// open opens the files that were named, each by the rules it was made for and,
// an int8 one, by those of every --backend.
func (s *comparison) open(cmd *cobra.Command, paths []string) error {
	for _, path := range paths {
		model, err := s.f.model.open(s.c, cmd, path)
		if err != nil {
			return err
		}
		name := filepath.Base(strings.TrimPrefix(path, zooPrefix))
		if err := s.add(&variant{Variant: report.Variant{Name: name, File: path}, model: model, path: path}); err != nil {
			return err
		}
		for _, backend := range s.f.backends {
			if !model.Quantized() || backend == model.Backend() {
				continue
			}
			if err := s.openFor(cmd, path, name, backend, model.Backend()); err != nil {
				return err
			}
		}
	}
	// The reference goes first: "float" sorts before "int8".
	slices.SortStableFunc(s.variants, func(a, b *variant) int { return cmp.Compare(a.Kind, b.Kind) })
	if first := s.variants[0]; !first.model.Quantized() {
		s.float = first
		return s.addClamped(first)
	}
	return nil
}

// addClamped adds the variant of a float model that is quantized where it computes
// another function: what int8 loses is seen against it.
func (s *comparison) addClamped(float *variant) error {
	last := s.variants[len(s.variants)-1]
	if !float.model.ClampDiffers() || s.f.calibration == "" && !last.model.Quantized() {
		return nil
	}
	relu, err := float.model.Quantizable()
	if err != nil {
		return withCode(exitModel, err)
	}
	return s.add(&variant{Variant: report.Variant{Name: float.Name + " with ReLU for ReLU6", File: float.File}, model: relu, path: float.path})
}

// openFor opens a file by the rules of another backend than its own.
func (s *comparison) openFor(cmd *cobra.Command, path, name, backend, own string) error {
	flags := s.f.model
	flags.backend = backend
	model, err := flags.load(s.c, cmd, path) // it is what was asked for
	if err != nil {
		return err
	}
	return s.add(&variant{Variant: report.Variant{Name: fmt.Sprintf("%s by %s's rules", name, backend), File: path, MadeFor: own}, model: model, path: path})
}

// add completes what is known of a variant from its model.
func (s *comparison) add(v *variant) error {
	if len(s.variants) > 0 {
		first := s.variants[0]
		if v.model.Arch() != first.model.Arch() || v.model.Classes() != first.model.Classes() {
			return withCode(exitModel, fmt.Errorf("%s is %s with %d classes, %s is %s with %d: compare variants of one model",
				v.Name, v.model.Arch(), v.model.Classes(), first.Name, first.model.Arch(), first.model.Classes()))
		}
	}
	if len(s.variants) == maxVariants {
		return usageError("more than %d variants: name fewer --backend, --qconfig or files", maxVariants)
	}
	for n, base := 2, v.Name; slices.ContainsFunc(s.variants, func(w *variant) bool { return w.Name == v.Name }); n++ {
		v.Name = fmt.Sprintf("%s (%d)", base, n)
	}
	var err error
	if v.graph, err = v.model.FusedGraph(); err != nil {
		return withCode(exitModel, err)
	}
	v.Kind, v.Backend, v.Assumptions = kindOf(v.model), v.model.Backend(), texts(v.model.Assumptions())
	v.MadeFor = cmp.Or(v.MadeFor, v.model.MadeFor())
	if v.model.Quantized() {
		v.Weights = granularityOf(v.graph)
		if err := v.recipe(); err != nil {
			return withCode(exitModel, err)
		}
		v.count()
	}
	if v.Bytes == 0 {
		v.Bytes, err = modelBytes(v.model)
	}
	s.variants = append(s.variants, v)
	return err
}

// recipe takes from the file's record how the variant was quantized.
func (v *variant) recipe() (err error) {
	m := v.model.Metadata()
	v.Saturation = m.Saturation
	switch {
	case m.Calibration != nil:
		v.QConfig, v.Excluded = m.Calibration.QConfigName, m.Calibration.Excluded
	case m.Training != nil:
		v.QConfig, v.Excluded = m.Training.QConfigName, m.Training.Excluded
	}
	if v.Saturation == nil { // of older files, and of layers that are safe
		v.Saturation, err = ptq.Saturations(v.graph, v.codes())
	}
	return err
}

// codes are those that calibrated ranges are mapped to; none where the record does not
// say.
func (v *variant) codes() quant.CodeRange {
	var codes quant.CodeRange
	switch m := v.model.Metadata(); {
	case m.Calibration != nil:
		codes, _ = m.Calibration.QConfig.Activation.Codes()
	case m.Training != nil && m.Training.QConfig != nil:
		codes, _ = m.Training.QConfig.Activation.Codes()
	}
	return codes
}

// count tells the nodes that compute on integers from those left in float.
func (v *variant) count() {
	for _, n := range v.graph.Running().Nodes {
		switch {
		case onCodes(n):
			v.Int8Nodes++
		case !isConversion(n):
			v.FloatNodes = append(v.FloatNodes, n.Name)
		}
	}
}

// modelBytes is the size of the file that a model came from or makes.
func modelBytes(m *octet.Model) (int64, error) {
	if m.File() != "" {
		return fileSize(m.File()), nil
	}
	var n countingWriter
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
func (s *comparison) int8Graphs() []compare.Rival {
	var list []compare.Rival
	for _, v := range s.variants {
		if !v.model.Quantized() {
			continue
		}
		list = append(list, compare.Rival{Graph: v.graph, Codes: v.codes()})
	}
	return list
}
