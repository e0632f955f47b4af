package ptq_test

import (
	"testing"

	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
)

// Why nodes stay in float is told by kind, in decisions and in the report alike.
func TestReasonsAreTyped(t *testing.T) {
	p := prepare(t, "torchvision", "fc")
	_, report, err := ptq.Convert(p, calibrate(t, p, 1, ptq.CalibrateOptions{}), quant.FBGEMM)
	if err != nil {
		t.Fatal(err)
	}
	reported := map[string]ptq.NodeReport{}
	for _, n := range report.Nodes {
		reported[n.Name] = n
	}
	excluded := 0
	for _, d := range p.Decisions {
		if (d.Kind == ptq.Float) != (d.Reason != ptq.NotFloat) || (d.Reason != ptq.NotFloat) != (d.Text != "") {
			t.Errorf("%+v", d)
		}
		if n := reported[d.Node]; n.Reason != d.Reason || d.Reason != ptq.NotFloat && n.Note != "kept float: "+d.Text {
			t.Errorf("%+v is reported as %+v", d, n)
		}
		if d.Reason == ptq.Excluded {
			excluded++
		}
		if !d.Reason.ByChoice() && d.Kind == ptq.Float {
			t.Errorf("%+v follows from an exclusion", d)
		}
	}
	if excluded != 1 {
		t.Errorf("%d nodes excluded", excluded)
	}
}
