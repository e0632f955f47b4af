package statedict

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	passes "github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/zoo"
)

// Of torchvision's networks in full size, plain and quantizable, every observer that
// FX graph mode numbers is that of the module it observes
// (tools/golden/fxprepared.py).
func TestNumbersOfFXGraphMode(t *testing.T) {
	text, err := os.ReadFile("../testdata/fxprepared/numbers.json")
	if err != nil {
		t.Fatal(err)
	}
	networks := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &networks); err != nil {
		t.Fatal(err)
	}
	if len(networks) < 60 {
		t.Errorf("%d networks", len(networks))
	}
	for name, of := range networks {
		t.Run(name, func(t *testing.T) {
			for of[0] == '"' { // the same as another
				var other string
				if err := json.Unmarshal(of, &other); err != nil {
					t.Fatal(err)
				}
				of = networks[other]
			}
			var observed []string
			if err := json.Unmarshal(of, &observed); err != nil {
				t.Fatal(err)
			}
			arch, rest, _ := strings.Cut(name, ".")
			variant := zoo.Quantizable
			if arch == "mobilenet_v2" && strings.HasPrefix(rest, "plain") {
				variant = zoo.Clamped
			}
			g, err := zoo.Build(arch, nil, variant)
			if err != nil {
				t.Fatal(err)
			}
			if g, _, err = passes.Fuse(g); err != nil {
				t.Fatal(err)
			}
			c := numberingOf(g)
			if !c.counts(len(observed)) {
				t.Fatalf("%d observers, PyTorch has %d", len(c.paths), len(observed))
			}
			at := map[string]int{}
			for i, path := range observed {
				at[path] = i
			}
			dropout := len(observed) - len(c.paths)
			for _, n := range g.Nodes {
				if _, ok := n.Op.(op.Weighted); !ok {
					continue
				}
				i, ok := at[n.Name]
				if ok && i > c.head {
					i -= dropout
				}
				if !ok || c.paths[i] != n.Name {
					t.Errorf("%s has number %d, known %v; there stands %q", n.Name, at[n.Name], ok, c.paths[i])
				}
			}
		})
	}
}
