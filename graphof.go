package octet

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/pt2"
	"github.com/octet-ml/octet/statedict"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// graphFile is a file whose graph takes the weights of a state dict.
type graphFile interface {
	onnx.Declaring
	Weights() ([]onnx.Weight, error)
	Replace(map[string]*tensor.Tensor)
	Graph(onnx.Given) (*graph.Graph, error)
}

// GraphMismatchError lists every key in which a state dict and the file that WithGraphOf names
// differ.
type GraphMismatchError struct {
	Mismatch *statedict.MismatchError // all differences
	Advice   string                   // what to do
}

// Error lists all differences, and what to do.
func (e *GraphMismatchError) Error() string {
	return fmt.Sprintf("%s does not fit %s: %s\n%s", e.Mismatch.File, e.Mismatch.Model, e.Mismatch.Report(), e.Advice)
}

// Unwrap returns the differences.
func (e *GraphMismatchError) Unwrap() error { return e.Mismatch }

// overGraph makes a model of one of the state dicts of m's file and of the graph of another file; m
// has what the file says beside the state dicts. fill reads the elements of a state dict.
func (m *Model) overGraph(dicts []stateDict, fill func(*torch.StateDict) error, o openOptions) (*Model, error) {
	path := o.graphOf
	if o.arch != "" {
		return nil, classed{fmt.Errorf("%s: its graph is that of %s: leave out the architecture", m.name(), path), ErrRecipe}
	}
	backend := o.backend
	o.key, o.graphOf, o.backend = "", "", ""
	if err := o.graphsOnly(path, "the file"); err != nil {
		return nil, err
	}
	var f graphFile
	var props map[string]string
	switch kind := strings.ToLower(filepath.Ext(path)); {
	case kind == ".pt2", torch.IsScript(path):
		program, err := pt2.Open(path)
		if err != nil {
			return nil, err
		}
		defer program.Close()
		f = program
	case kind == ".onnx":
		file, err := onnx.Open(path)
		if err != nil {
			return nil, err
		}
		f, props = file, file.Metadata()
	default:
		return nil, classed{fmt.Errorf("%s holds no graph by its name: give the FILE.pt2 of torch.export.save, a TorchScript file, or an FILE.onnx, of the model", path), ErrRecipe}
	}
	scales, err := m.replace(f, dicts, fill, backend)
	if err != nil {
		return nil, err
	}
	g, err := f.Graph(o.given)
	if err != nil {
		return nil, err
	}
	over, err := fromGraph(g, f, o)
	if err != nil {
		return nil, err
	}
	if over.quantized {
		return nil, fmt.Errorf("%s is an int8 model, whose codes do not follow from float weights: name the float one that it was made of", path)
	}
	if err := over.readProperties(props); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	over.origin.file, over.assumed = m.origin.file, append(m.assumed, over.assumed...)
	if m.meta.Labels != nil {
		over.meta.Labels = m.meta.Labels
	}
	if m.meta.Preset != nil {
		over.meta.Preset = m.meta.Preset
	}
	if err := over.describe(o); err != nil {
		return nil, err
	}
	return over.dynamicOf(scales, backend)
}

// replace gives f the weights of the state dict that fits it. Of one that PyTorch quantized
// dynamically they are dequantized, and their scales are returned.
func (m *Model) replace(f graphFile, dicts []stateDict, fill func(*torch.StateDict) error, backend Backend) (*statedict.DynamicScales, error) {
	weights, err := f.Weights()
	if err != nil {
		return nil, err
	}
	slots := make([]statedict.Slot, len(weights))
	types := make(map[string]tensor.DType, len(weights))
	for i, w := range weights {
		slots[i] = statedict.Slot{Key: w.Name, DType: w.DType, Shape: w.Shape, Tied: w.Tied, Optional: w.Constant}
		types[w.Name] = w.DType
	}
	dicts, scales, err := undynamic(dicts, slots, fill)
	if err != nil {
		return nil, err
	}
	if scales == nil && backend != "" {
		return nil, classed{fmt.Errorf("%s holds no weights that were quantized dynamically: leave out the backend %s; which rules an int8 model is made for is a choice of quantizing", m.name(), backend), ErrRecipe}
	}
	sd, err := m.fitting(dicts, slots)
	if err != nil {
		return nil, err
	}
	if scales == nil {
		if err := fill(sd); err != nil {
			return nil, err
		}
	}
	if statedict.IsQuantized(sd) || statedict.IsPrepared(sd) || statedict.IsObserved(sd) {
		return nil, fmt.Errorf("%s holds an int8 model, or one prepared for it; the graph of %s takes float weights: name the float checkpoint that it was made of", m.name(), f.Name())
	}
	found, err := statedict.Fit(sd, "the graph of "+f.Name(), slots)
	var mismatch *statedict.MismatchError
	if errors.As(err, &mismatch) {
		mismatch.File = m.name()
		return nil, &GraphMismatchError{mismatch, adviceFor(f)}
	}
	if err != nil {
		return nil, err
	}
	for key, t := range found { // as load_state_dict copies them
		if found[key], err = onnx.Convert(t, types[key]); err != nil {
			return nil, fmt.Errorf("%s: %q: %w", m.name(), key, err)
		}
	}
	f.Replace(found)
	return scales, nil
}

// adviceFor says what to do where a state dict does not fit a file.
func adviceFor(f graphFile) string {
	if _, ok := f.(*onnx.File); ok {
		return "an .onnx file keeps the keys of weights that the exporter took over as they are; those that it folded or named anew, such as onnx::Conv_25, cannot be matched:\n" +
			"torch.onnx.export(..., dynamo=True, optimize=False) keeps all, as does a program: torch.export.save(torch.export.export(model, inputs), \"model.pt2\")"
	}
	return "the checkpoint must be of the model that was exported, with the same sizes: export the model that it belongs to, torch.export.save(torch.export.export(model, inputs), \"model.pt2\")"
}

// fitting is the state dict that fills most slots, with the prefix that their keys need.
func (m *Model) fitting(dicts []stateDict, slots []statedict.Slot) (*torch.StateDict, error) {
	var best []network
	var renamed []*torch.StateDict
	most := -1
	for _, d := range dicts {
		for _, prefix := range prefixesOf(d.StateDict, slots) {
			sd := d.StateDict
			if prefix != "" {
				sd = sd.Select(func(key string) (string, bool) { return prefix + key, true })
			}
			switch n := statedict.Fits(sd, slots); {
			case n > most:
				best, renamed, most = []network{{dict: d}}, []*torch.StateDict{sd}, n
			case n == most && best[len(best)-1].dict.StateDict != d.StateDict:
				best, renamed = append(best, network{dict: d}), append(renamed, sd)
			}
		}
	}
	if len(best) > 1 {
		chosen := narrow(best, "")
		if len(chosen) > 1 {
			var keys []string
			for _, n := range best {
				keys = append(keys, n.dict.key)
			}
			return nil, &ChoiceError{File: m.name(), Choices: unknownChoices(keys), reason: fmt.Errorf("%s: %w fit: %s; choose one by its key, such as --key %s", m.name(), torch.ErrAmbiguous, strings.Join(keys, ", "), keys[0])}
		}
		renamed = renamed[slices.IndexFunc(best, func(n network) bool { return n.dict.StateDict == chosen[0].dict.StateDict }):]
		best = chosen
	}
	sd, taken := renamed[0], best[0].dict
	if len(dicts) > 1 {
		m.assume(AssumedKey, "of %d state dicts in the file, %s was taken; WithKey (--key) takes another: %s", len(dicts), taken.key, others(dicts, taken.key))
	}
	switch stripped := strings.Join(taken.Stripped, ""); {
	case sd != taken.StateDict && !(stripped != "" && hasPrefixes(slots, stripped)):
		m.assume(AssumedPrefix, "all keys of the graph begin with %s, which those of the state dict lack; it was put in front", commonPrefix(slots))
	case sd == taken.StateDict && stripped != "":
		m.assume(AssumedPrefix, "the prefix %s of all keys belongs to a wrapper and was left out", stripped)
	}
	if names := sd.Unwrapped; len(names) > 0 {
		m.assume(AssumedPrefix, "%s in the keys belongs to a wrapper and was left out", strings.Join(names, " and "))
	}
	if pruned := sd.Pruned; len(pruned) > 0 {
		m.assume(AssumedPruned, "%s pruned: weight_orig times weight_mask was taken (%s)", count(len(pruned), "parameter"), groups(pruned))
	}
	return sd, nil
}

// prefixesOf are what may have to stand in front of the keys of a state dict: nothing, what was
// stripped as a wrapper's, or the module that all keys of the graph are below.
func prefixesOf(sd *torch.StateDict, slots []statedict.Slot) []string {
	list := []string{""}
	for _, p := range []string{strings.Join(sd.Stripped, ""), commonPrefix(slots)} {
		if p != "" && !slices.Contains(list, p) && hasPrefixes(slots, p) {
			list = append(list, p)
		}
	}
	return list
}

// commonPrefix is the first module of the keys with its dot, if all that must be there share it.
func commonPrefix(slots []statedict.Slot) string {
	for _, s := range slots {
		if first, _, ok := strings.Cut(s.Key, "."); ok && !s.Optional && hasPrefixes(slots, first+".") {
			return first + "."
		}
	}
	return ""
}

func hasPrefixes(slots []statedict.Slot, prefix string) bool {
	return !slices.ContainsFunc(slots, func(s statedict.Slot) bool { return !s.Optional && !strings.HasPrefix(s.Key, prefix) })
}
