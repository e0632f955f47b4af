package report

import (
	"fmt"

	"github.com/octet-ml/octet/internal/compare"
)

// What a variant may differ from the reference and still be as good as it.
const (
	goodDrop      = 0.5  // points of top-1
	goodAgreement = 99.0 // percent of the answers
	goodCosine    = 0.99 // of the outputs of every input
)

// FewInputs is a number of inputs below which answers are counted and nothing is
// concluded from them: even if none differs, one in six may.
const FewInputs = 20

// Good reports whether v is as good as the reference for what it was made for: the
// class of an input, or its vector.
func (c *Comparison) Good(v *Variant) bool {
	if c.Vectors {
		return v.Outputs.MinCosine >= goodCosine
	}
	if a, r := v.Outputs.Accuracy, c.Reference().Outputs.Accuracy; a != nil && r != nil {
		return r.Top1Percent-a.Top1Percent < goodDrop && v.Outputs.Agreement >= goodAgreement-2
	}
	return v.Outputs.Agreement >= goodAgreement
}

// Holds reports whether a proposal is worth its cost on all inputs: in nothing worse
// than the closest variant, and better than every other one in something.
func (c *Comparison) Holds(proposal *Variant) bool {
	p := proposal.Outputs
	right := func(o *compare.Outputs) int {
		if o.Accuracy == nil {
			return 0
		}
		return o.Accuracy.Top1
	}
	for i := range c.Variants[1:] {
		v := &c.Variants[i+1]
		if v.Kind != Int8 || v.Proposed || v.Backend != v.MadeFor || v.Outputs == nil {
			continue
		}
		o := v.Outputs
		if o.SQNR >= p.SQNR-0.5 && o.ChangedCount <= p.ChangedCount && right(o) >= right(p) {
			return false
		}
	}
	best := c.Best()
	return best == nil || p.SQNR >= best.Outputs.SQNR && p.ChangedCount <= best.Outputs.ChangedCount && right(p) >= right(best.Outputs)
}

// answersText says how the answers of v differ from the reference's, and how sure that
// is.
func (c *Comparison) answersText(v *Variant) string {
	text := AnswersText(v.Outputs)
	a, r := v.Outputs.Accuracy, c.Reference().Outputs.Accuracy
	if a == nil || v.Outputs.Inputs < FewInputs {
		return text
	}
	text += fmt.Sprintf(", top-1 %s", percentText(a.Top1Percent))
	if r != nil {
		text += fmt.Sprintf(" (%s points, with 95 %% confidence %s)", signed(a.Top1Percent-r.Top1Percent), PointsText(compare.ChangeInterval(a.Gained, a.Lost, v.Outputs.Inputs)))
	}
	return text
}

// cosinesText says how close outputs are as vectors.
func cosinesText(o *compare.Outputs) string {
	if o.Inputs == 1 {
		return fmt.Sprintf("the cosine of its outputs is %s", cosineText(o.Cosine))
	}
	return fmt.Sprintf("the cosine of its outputs is %s on average and %s at least", cosineText(o.Cosine), cosineText(o.MinCosine))
}

// AnswersText says how many answers differ from the reference's, and how many may on
// all such inputs.
func AnswersText(o *compare.Outputs) string {
	text := fmt.Sprintf("%d of %d answers differ", o.ChangedCount, o.Inputs)
	if o.Inputs < FewInputs {
		return text + ", which is too few to say more"
	}
	i := compare.ShareInterval(o.ChangedCount, o.Inputs)
	if o.ChangedCount == 0 {
		return fmt.Sprintf("%s (with 95 %% confidence at most %.1f %%)", text, i.High)
	}
	return fmt.Sprintf("%s (with 95 %% confidence %.1f to %.1f %%)", text, i.Low, i.High)
}

// PointsText is an interval of a change in points.
func PointsText(i compare.Interval) string { return signed(i.Low) + " to " + signed(i.High) }
