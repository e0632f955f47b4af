package statedict

import (
	"fmt"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
)

// qnnpackRefuses says, in a note, which additions of a model for qnnpack PyTorch
// cannot run and octet can: those in which an operand's scale, divided by the
// result's, is outside 2^-14 (included) to 2^8. A branch whose values have all
// become zero has such a scale.
func qnnpackRefuses(g *graph.Graph) []string {
	if g.Numerics != quant.QNNPACK {
		return nil
	}
	var names []string
	worst := 1.0
	for _, n := range g.Nodes {
		out := n.Output().Type
		if _, ok := n.Op.(op.Add); !ok || out.Q == nil {
			continue
		}
		outside := false
		for _, v := range n.Inputs {
			if v.Type.Q == nil {
				continue
			}
			if ratio := float64(float32(v.Type.Q.Scale()) / float32(out.Q.Scale())); ratio < 0x1p-14 || ratio >= 0x1p8 {
				outside, worst = true, ratio
			}
		}
		if outside {
			names = append(names, n.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	const most = 4
	list := strings.Join(names[:min(len(names), most)], ", ")
	if len(names) > most {
		list += fmt.Sprintf(" and %d more", len(names)-most)
	}
	return []string{fmt.Sprintf("PyTorch cannot run this file with qnnpack, octet can: in %s the scales of an operand and of the sum are too far apart "+
		"(ratio %.3g; qnnpack's addition takes 2^-14 to 2^8), which a branch without values has", list, worst)}
}
