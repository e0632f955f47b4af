package report

import (
	"fmt"
	"math"
)

// variantRow is a variant in words.
type variantRow struct {
	*Variant
	Reference, Best                                                        bool
	Top1, Change, Top5, Agrees, Cosine, SQNR, Size, SizeRatio, Time, Speed string
}

// rows are the variants in words; what does not apply is empty.
func (c *Comparison) rows() []variantRow {
	var rows []variantRow
	best, reference := c.Best(), c.Reference()
	for i := range c.Variants {
		v := &c.Variants[i]
		o := v.Outputs
		r := variantRow{Variant: v, Reference: i == 0, Best: v == best, Size: Size(v.Bytes)}
		if a := o.Accuracy; a != nil {
			r.Top1 = percentText(a.Top1Percent)
			if c.Classes > 5 {
				r.Top5 = percentText(a.Top5Percent)
			}
			if ref := reference.Outputs.Accuracy; i > 0 && ref != nil {
				r.Change = signed(a.Top1Percent - ref.Top1Percent)
			}
		}
		if i > 0 {
			r.Agrees, r.SQNR, r.SizeRatio = percentText(o.Agreement), o.SQNR.String(), fmt.Sprintf("%.2f", v.SizeRatio)
		}
		if i > 0 && c.Vectors {
			r.Cosine = cosineText(o.Cosine)
		}
		if l := v.Latency; l != nil {
			r.Time = millisText(l.P50)
			if l.Speed != nil {
				r.Speed = l.Speed.Short()
			}
		}
		rows = append(rows, r)
	}
	return rows
}

// cosineText has six digits, rounded down: it never says 1 of what is less.
func cosineText(c float64) string { return fmt.Sprintf("%.6f", math.Floor(c*1e6)/1e6) }
