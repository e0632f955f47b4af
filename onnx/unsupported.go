package onnx

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
)

// Unsupported is a node that has no counterpart in a graph.
type Unsupported struct {
	Node   string `json:"node"`   // its name, which may be empty
	Op     string `json:"op"`     // with its domain, where that is not ONNX's own
	Output string `json:"output"` // the name of its first result
	Reason string `json:"reason"` // why it cannot be computed, without the node's name
	Advice string `json:"advice"` // what can be done
	// Computed says that an operand is computed that has to be a constant.
	Computed bool `json:"computed,omitempty"`

	behind bool // it computes with the result of another one
}

// UnsupportedError lists every node of a file that has no counterpart.
type UnsupportedError struct {
	File  string        // as it is named in messages
	Nodes []Unsupported // in the file's order; at least one
	// Unchecked counts nodes whose operator is known, but not whether this use of it is: they
	// compute with results of the others, of which the file does not tell the type.
	Unchecked int
}

// Is reports whether the error is graph.ErrComputed: constants in place of inputs may be all
// that is missing.
func (e *UnsupportedError) Is(target error) bool {
	return target == graph.ErrComputed && !slices.ContainsFunc(e.Nodes, func(u Unsupported) bool { return !u.Computed && !u.behind })
}

// shownReasons is how many lines an error has for operators.
const shownReasons = 12

// Error counts the nodes by operator and reason.
func (e *UnsupportedError) Error() string {
	counts, example := map[string]int{}, map[string]string{}
	for _, n := range e.Nodes {
		line := n.Op + ": " + n.Reason
		if counts[line]++; counts[line] == 1 {
			if example[line] = n.Node; n.Node == "" {
				example[line] = n.Output
			}
		}
	}
	lines := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if d := counts[b] - counts[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	var s strings.Builder
	fmt.Fprintf(&s, "%s: %d nodes cannot be computed:", e.File, len(e.Nodes))
	for i, line := range lines {
		if i == shownReasons {
			fmt.Fprintf(&s, "\n  and %d more kinds", len(lines)-i)
			break
		}
		fmt.Fprintf(&s, "\n  %d × %s (%s)", counts[line], line, example[line])
	}
	fmt.Fprintf(&s, "\noctet inspect %s --json lists all of them", e.File)
	return s.String()
}
