package statedict

import (
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// codeRule is how an observer turns a range into scale and zero point: type, qscheme and range
// of codes. A state dict does not name it, but holds both the range and the result.
type codeRule struct {
	scheme quant.QScheme
	dtype  tensor.DType
	codes  quant.CodeRange
}

func (r codeRule) String() string {
	text := fmt.Sprintf("codes %d to %d", r.codes.Min, r.codes.Max)
	if r.scheme.IsSymmetric() {
		text += ", symmetric"
	}
	return text
}

func (r codeRule) apply(lo, hi, eps float32) (scale float64, zero int64, err error) {
	return quant.CalculateQParams(lo, hi, r.scheme, r.dtype, r.codes, eps)
}

// fused is apply as PyTorch's fused kernel (observe and fake-quantize) computes it.
func (r codeRule) fused(lo, hi float32) (scale float64, zero int64) {
	return quant.ChooseQParamsFused(lo, hi, int(r.codes.Min), int(r.codes.Max), quant.ChooseOptions{PreserveSparsity: r.scheme.IsSymmetric()})
}

// agrees reports whether the scales and zero points of s are those that the rule
// gives its ranges.
func (r codeRule) agrees(s *fakeState) bool {
	if len(s.scale) != len(s.lo) || s.never() || s.histogram != nil {
		return false
	}
	for c, lo := range s.lo {
		lo, hi := min(lo, s.hi[c]), max(lo, s.hi[c])
		scale, zero, err := r.apply(lo, hi, s.eps)
		if s.fused {
			scale, zero = r.fused(lo, hi)
		}
		if err != nil || float32(scale) != s.scale[c] || float32(zero) != s.zero[c] {
			return false
		}
	}
	return true
}

// rulesOf lists the rules that could have given s its scales: affine and symmetric
// ones with about the number of codes that range / scale tells.
func rulesOf(s *fakeState) []codeRule {
	if s.never() || len(s.scale) != len(s.lo) || s.histogram != nil {
		return nil
	}
	c := slices.Index(s.scale, slices.Max(s.scale)) // far from eps
	if c < 0 || !(s.scale[c] > 0) {
		return nil
	}
	lo, hi := float64(min(s.lo[c], 0)), float64(max(s.hi[c], 0))
	scale, zero := float64(s.scale[c]), int64(s.zero[c])
	var rules []codeRule
	for _, n := range steps((hi - lo) / scale) {
		least := zero + int64(math.RoundToEven(lo/scale))
		rules = append(rules, ruleFrom(quant.PerTensorAffine, least, least+n))
	}
	for _, n := range steps(2 * max(-lo, hi) / scale) {
		least := zero - n/2
		if zero == 0 {
			least = -(n + 1) / 2
		}
		rules = append(rules, ruleFrom(quant.PerTensorSymmetric, least, least+n))
	}
	return slices.DeleteFunc(rules, func(r codeRule) bool {
		least, most := r.dtype.CodeRange()
		return r.codes.Min < least || r.codes.Max > most || !r.agrees(s)
	})
}

// steps lists the whole numbers near n, of codes without one. The fused kernel
// divides by the larger half of a symmetric range.
func steps(n float64) []int64 {
	var near []int64
	for r := int64(math.Round(n)) - 1; r <= int64(math.Round(n))+1; r++ {
		if r >= 1 && r <= 255 {
			near = append(near, r)
		}
	}
	return near
}

// ruleFrom is the rule of a range of codes, whose sign says their type.
func ruleFrom(scheme quant.QScheme, lo, hi int64) codeRule {
	r := codeRule{scheme, tensor.QUInt8, quant.CodeRange{Min: lo, Max: hi, Given: true}}
	if lo < 0 {
		r.dtype = tensor.QInt8
	}
	return r
}

// Rules of PyTorch's default configurations, the most common first.
var (
	usualWeights = []codeRule{ruleFrom(quant.PerTensorSymmetric, -128, 127), ruleFrom(quant.PerTensorSymmetric, -127, 127)}

	halfCodes       = ruleFrom(quant.PerTensorAffine, 0, 127)
	allCodes        = ruleFrom(quant.PerTensorAffine, 0, 255)
	signedCodes     = ruleFrom(quant.PerTensorAffine, -128, 127)
	symmetricQUInt8 = codeRule{quant.PerTensorSymmetric, tensor.QUInt8, quant.CodeRange{Min: 0, Max: 255}} // around 128
)

// ballot chooses the rule of all fake quantizations of a kind by majority, since a QConfig
// gives all the same: a single range is often explained by several rules.
type ballot struct {
	rules []codeRule // the first is the default
	votes map[codeRule]int
}

// newBallot counts for each rule the states that it explains.
func newBallot(usual []codeRule, states []*fakeState) *ballot {
	b := &ballot{rules: slices.Clone(usual), votes: map[codeRule]int{}}
	for _, s := range states {
		for _, r := range rulesOf(s) {
			if !slices.Contains(b.rules, r) {
				b.rules = append(b.rules, r)
			}
		}
	}
	for _, r := range b.rules {
		for _, s := range states {
			if r.agrees(s) {
				b.votes[r]++
			}
		}
	}
	return b
}

// best is the rule that explains most states; told is false if no rule explains a state.
func (b *ballot) best() (r codeRule, told bool) {
	r = b.elect(b.rules)
	return r, b.votes[r] > 0
}

// of returns the rule of one state: among those that explain it the one with most votes, else
// the best.
func (b *ballot) of(s *fakeState) codeRule {
	fit := slices.DeleteFunc(slices.Clone(b.rules), func(r codeRule) bool { return !r.agrees(s) })
	if len(fit) == 0 {
		return b.elect(b.rules)
	}
	return b.elect(fit)
}

// elect returns the rule with most votes; ties go to the one with the default's qscheme, then
// to the first.
func (b *ballot) elect(among []codeRule) codeRule {
	best := among[0]
	for _, r := range among[1:] {
		usual := func(r codeRule) bool { return r.scheme == b.rules[0].scheme }
		if more := b.votes[r] - b.votes[best]; more > 0 || more == 0 && usual(r) && !usual(best) {
			best = r
		}
	}
	return best
}
