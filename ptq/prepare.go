package ptq

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Options of Prepare.
type Options struct {
	// Exclude lists nodes that stay in float: patterns of path.Match over node
	// names, in which a name also covers the modules below it (layer4 covers
	// layer4.0.conv1).
	Exclude []string
	// Calibrated is the graph that calibration runs in place of the one that is
	// converted: the same nodes with other clamps. nil means the same graph.
	Calibrated *graph.Graph
	// Rules chooses what becomes int8 by the rules for graphs of any architecture (rules.go);
	// without it everything does that has a form on codes, as in PyTorch.
	Rules bool
	// CodedOutputs quantizes an output that a layer with weights computes, as PyTorch does;
	// with Rules alone it is float32.
	CodedOutputs bool
	// Fingerprint returns the fingerprint of the graph that calibration runs, for callers that
	// prepare the same graph repeatedly. nil means that it is computed where needed.
	Fingerprint func() (string, error)
}

// Prepared is a float graph with the decisions about it.
type Prepared struct {
	Graph *graph.Graph // fused, float, bound; not to be changed
	// Calibrated is the graph that calibration runs; Graph unless Options name
	// another one.
	Calibrated *graph.Graph
	QConfig    quant.QConfig // how activations and weights are observed
	// Decisions has an entry for each node of Graph, in order.
	Decisions []Decision
	// Observed lists the values that are observed, in order of computation: an
	// input of the graph or results of nodes.
	Observed []string

	model func() (string, error) // fingerprint of Calibrated, found once
	rules bool                   // Options.Rules
}

// Decision says what becomes of a node.
type Decision struct {
	Node string // name of the node
	Kind Kind   // how it computes
	// Reason says why a node stays in float, Text in words; empty for the others.
	Reason Reason
	Text   string
}

// Kind says how a node computes in the converted graph.
type Kind uint8

// The kinds of nodes.
const (
	// Float computes in float32.
	Float Kind = iota
	// Own computes on integers and its result has its own, observed parameters.
	Own
	// Follow computes on integers and its result has no observed parameters: it keeps those of
	// its input, whose codes it only selects, moves or averages, or has fixed ones, as a
	// sigmoid has.
	Follow
	// Real accumulates integers, and dequantizes the accumulators to float32.
	Real
	// Boundary is a Dequantize of the graph itself.
	Boundary
)

// Prepare decides, for a fused float graph with bound parameters, which nodes
// become int8 under a QConfig and which values calibration has to observe.
// It refuses a QConfig that observes no activations, an exclusion that matches
// no node, and a model of which nothing would be quantized.
func Prepare(g *graph.Graph, qconfig quant.QConfig, opts Options) (*Prepared, error) {
	if err := checkQConfig(qconfig); err != nil {
		return nil, err
	}
	for _, p := range g.Params {
		if p.Data == nil {
			return nil, fmt.Errorf("%s: parameter %q is not bound; bind a float state dict before preparing", g.Name, p.Name)
		}
	}
	excluded, err := matchNodes(g, opts.Exclude)
	if err != nil {
		return nil, err
	}
	p := &Prepared{Graph: g, Calibrated: g, QConfig: qconfig, rules: opts.Rules}
	if opts.Calibrated != nil {
		p.Calibrated = opts.Calibrated
	}
	if p.model = opts.Fingerprint; p.model == nil {
		p.model = sync.OnceValues(func() (string, error) { return Fingerprint(p.Calibrated) })
	}
	kinds := decide(p, excluded, opts)
	for _, n := range g.Nodes {
		if kinds[n] == Own || kinds[n] == Real {
			watch(p, kinds)
			return p, nil
		}
	}
	return nil, fmt.Errorf("%s: no node would be quantized: %s", g.Name, firstReasons(p.Decisions))
}

func checkQConfig(c quant.QConfig) error {
	for _, s := range []struct {
		what string
		spec quant.ObserverSpec
	}{{"activation", c.Activation}, {"weight", c.Weight}} {
		switch s.spec.Kind {
		case quant.NoObserver, quant.Placeholder, "":
			return fmt.Errorf("the qconfig has no %s observer, so it cannot give a statically quantized model; use default or torchvision", s.what)
		}
	}
	if c.Activation.Dynamic {
		return fmt.Errorf("the qconfig quantizes activations dynamically; post-training quantization of convolutional models is static: use default or torchvision")
	}
	switch c.Activation.Kind {
	case quant.PerChannelMinMax, quant.MovingAveragePerChannelMinMax:
		return fmt.Errorf("the qconfig observes activations per channel; activations have one scale: use a per-tensor observer")
	}
	if c.Activation.DType != tensor.QUInt8 {
		return fmt.Errorf("the qconfig wants %v activations; the int8 operators take quint8", c.Activation.DType)
	}
	if c.Weight.DType != tensor.QInt8 {
		return fmt.Errorf("the qconfig wants %v weights; the int8 operators take qint8", c.Weight.DType)
	}
	return nil
}

// matchNodes returns the nodes that the patterns cover, with the pattern.
func matchNodes(g *graph.Graph, patterns []string) (map[string]string, error) {
	matched := map[string]string{}
	for _, pattern := range patterns {
		found := false
		for _, n := range g.Nodes {
			ok, err := covers(pattern, n.Name)
			if err != nil {
				return nil, fmt.Errorf("exclude pattern %q: %w", pattern, err)
			}
			if ok {
				matched[n.Name] = pattern
				found = true
			}
		}
		if !found {
			return nil, fmt.Errorf("exclude pattern %q matches no node of %s; nodes are named like %s", pattern, g.Name, sampleNames(g))
		}
	}
	return matched, nil
}

// covers reports whether a pattern matches a module path or one above it.
func covers(pattern, name string) (bool, error) {
	for {
		ok, err := path.Match(pattern, name)
		if ok || err != nil {
			return ok, err
		}
		dot := strings.LastIndexByte(name, '.')
		if dot < 0 {
			return false, nil
		}
		name = name[:dot]
	}
}

func sampleNames(g *graph.Graph) string {
	var names []string
	for i := 0; i < len(g.Nodes); i += max(1, len(g.Nodes)/4) {
		names = append(names, g.Nodes[i].Name)
	}
	return strings.Join(names, ", ")
}

// decide fills p.Decisions.
func decide(p *Prepared, excluded map[string]string, opts Options) map[*graph.Node]Kind {
	r := &ruled{g: p.Graph, codedOutputs: opts.CodedOutputs, kinds: map[*graph.Node]Kind{}, decisions: map[*graph.Node]Decision{}}
	for _, n := range p.Graph.Nodes {
		r.set(n, decisionOn(n, r.kinds, excluded))
	}
	if opts.Rules {
		r.apply()
	}
	// A stub whose readers are all float would only add rounding.
	for _, n := range p.Graph.Nodes {
		if _, ok := n.Op.(op.Quantize); ok && r.kinds[n] == Own && !wanted(p.Graph, n.Output(), r.kinds) {
			r.set(n, Decision{Reason: FloatReaders, Text: "its readers compute in float"})
		}
		if r.kinds[n] == Follow && !quantizedInput(n, r.kinds) {
			r.set(n, floatInput)
		}
	}
	for _, n := range p.Graph.Nodes {
		p.Decisions = append(p.Decisions, r.decisions[n])
	}
	return r.kinds
}

// floatInput is the decision on nodes that only move or select floats.
var floatInput = Decision{Reason: FloatInput, Text: "its input is float"}

// decisionOn decides on n by its operator and its producers.
func decisionOn(n *graph.Node, kinds map[*graph.Node]Kind, excluded map[string]string) Decision {
	if _, ok := n.Op.(op.Dequantize); ok {
		return Decision{Kind: Boundary}
	}
	if pattern, ok := excluded[n.Name]; ok {
		return Decision{Reason: Excluded, Text: fmt.Sprintf("excluded by %q", pattern)}
	}
	if d := n.Output().Type.DType; d != tensor.Float32 {
		return Decision{Reason: NoInt8Form, Text: fmt.Sprintf("its result is %v", d)}
	}
	own, follow := false, false
	for _, s := range n.Op.Signatures() {
		if s.Gives(tensor.QUInt8) {
			follows := s.SameQ || s.FixedQ != nil
			own = own || !follows
			follow = follow || follows
		}
	}
	switch {
	case own && op.WeightOf(n) != nil && op.WeightOf(n).Role != graph.Parameter:
		return Decision{Reason: ComputedWeight, Text: "its weight is computed"}
	case own && constantOperand(n):
		return Decision{Reason: ConstantOperand, Text: "an operand is a constant"}
	case own:
		return Decision{Kind: Own}
	case follow && quantizedInput(n, kinds):
		return Decision{Kind: Follow}
	case follow:
		return floatInput
	}
	if _, ok := n.Op.(op.BatchNorm); ok {
		return Decision{Reason: UnfoldedNorm, Text: "batch_norm has no int8 form, and could not be folded into a layer in front of it"}
	}
	return Decision{Reason: NoInt8Form, Text: fmt.Sprintf("%s has no int8 form", n.Op.Kind())}
}

// constantOperand reports whether an operand of n that is no weight is a parameter of
// floats, which no observer sees.
func constantOperand(n *graph.Node) bool {
	if _, ok := n.Op.(op.Weighted); ok {
		return n.Inputs[0].Role == graph.Parameter
	}
	return slices.ContainsFunc(n.Inputs, func(v *graph.Value) bool {
		return v.Role == graph.Parameter && v.Type.DType == tensor.Float32
	})
}

// quantizedInput reports whether the first input of n has codes.
func quantizedInput(n *graph.Node, kinds map[*graph.Node]Kind) bool {
	p := n.Inputs[0].Node
	return p != nil && (kinds[p] == Own || kinds[p] == Follow)
}

// wanted reports whether a reader of v computes on codes.
func wanted(g *graph.Graph, v *graph.Value, kinds map[*graph.Node]Kind) bool {
	for _, n := range g.Consumers(v) {
		if kinds[n] == Own || kinds[n] == Real || kinds[n] == Follow && wanted(g, n.Output(), kinds) {
			return true
		}
	}
	return false
}

// watch fills p.Observed: the results of Own nodes, and the float values that Own nodes
// will need codes of. Values needed only by auxiliary outputs are never computed.
func watch(p *Prepared, kinds map[*graph.Node]Kind) {
	seen := map[*graph.Value]bool{}
	for _, n := range p.Graph.Running().Nodes {
		if kinds[n] != Own && kinds[n] != Real {
			continue
		}
		if kinds[n] == Own {
			seen[n.Output()] = true
		}
		if _, ok := n.Op.(op.Quantize); ok {
			continue
		}
		for _, v := range n.Inputs {
			if v.Role == graph.Input || v.Role == graph.Result && (kinds[v.Node] == Float || kinds[v.Node] == Real) {
				seen[v] = true
			}
		}
	}
	for _, v := range p.Graph.Inputs {
		if seen[v] {
			p.Observed = append(p.Observed, v.Name)
		}
	}
	for _, n := range p.Graph.Nodes {
		for _, v := range n.Outputs {
			if seen[v] {
				p.Observed = append(p.Observed, v.Name)
			}
		}
	}
}

func firstReasons(decisions []Decision) string {
	var parts []string
	for _, d := range decisions {
		if d.Reason != NotFloat {
			parts = append(parts, d.Node+": "+d.Text)
		}
		if len(parts) == 3 {
			break
		}
	}
	return strings.Join(parts, "; ")
}
