package graph

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Dump writes the graph as text, one node per line, with the types of all its results:
//
//	layer1.0.conv1 = conv2d(maxpool, layer1.0.conv1.weight) {"stride":[1,1],...} : quint8 (scale=0.03 zero_point=0)
func (g *Graph) Dump(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "graph %s", g.Name)
	if g.Numerics != 0 {
		fmt.Fprintf(&b, " numerics=%v", g.Numerics)
	}
	b.WriteByte('\n')
	for _, v := range g.Inputs {
		fmt.Fprintf(&b, "input %s : %v\n", v.Name, v.Type)
	}
	for _, n := range g.Nodes {
		attrs, err := json.Marshal(n.Op)
		if err != nil {
			return fmt.Errorf("node %q: %w", n.Name, err)
		}
		fmt.Fprintf(&b, "%s = %s(%s) %s : %v", strings.Join(namesOf(n.Outputs), ", "), n.Op.Kind(), strings.Join(namesOf(n.Inputs), ", "), attrs, n.Output().Type)
		for _, v := range n.Outputs[1:] {
			fmt.Fprintf(&b, ", %v", v.Type)
		}
		if n.Note != "" {
			fmt.Fprintf(&b, " # %s", n.Note)
		}
		b.WriteByte('\n')
	}
	for _, v := range g.Outputs {
		fmt.Fprintf(&b, "output %s\n", v.Name)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func namesOf(values []*Value) []string {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = v.Name
	}
	return names
}

// MarshalJSON gives the structure of the graph without parameter data.
func (g *Graph) MarshalJSON() ([]byte, error) {
	type value struct {
		Name string `json:"name"`
		Type string `json:"type"`
	}
	type node struct {
		Name   string   `json:"name"`
		Op     string   `json:"op"`
		Attrs  Op       `json:"attrs"`
		Inputs []string `json:"inputs"`
		Type   string   `json:"type"`
		Rest   []value  `json:"rest,omitempty"` // results behind the first
		Note   string   `json:"note,omitempty"`
	}
	var d struct {
		Name     string   `json:"name"`
		Numerics string   `json:"numerics,omitempty"`
		Inputs   []value  `json:"inputs"`
		Outputs  []string `json:"outputs"`
		Nodes    []node   `json:"nodes"`
		Params   []value  `json:"params"`
	}
	d.Name = g.Name
	if g.Numerics != 0 {
		d.Numerics = g.Numerics.String()
	}
	for _, v := range g.Inputs {
		d.Inputs = append(d.Inputs, value{v.Name, v.Type.String()})
	}
	for _, v := range g.Outputs {
		d.Outputs = append(d.Outputs, v.Name)
	}
	for _, n := range g.Nodes {
		r := node{n.Name, n.Op.Kind(), n.Op, namesOf(n.Inputs), n.Output().Type.String(), nil, n.Note}
		for _, v := range n.Outputs[1:] {
			r.Rest = append(r.Rest, value{v.Name, v.Type.String()})
		}
		d.Nodes = append(d.Nodes, r)
	}
	for _, v := range g.Params {
		d.Params = append(d.Params, value{v.Name, v.Type.String()})
	}
	return json.Marshal(d)
}
