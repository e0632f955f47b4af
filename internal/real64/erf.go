package real64

import (
	"math"

	"github.com/octet-ml/octet/quant"
)

// Erf is the error function.
func Erf(x float32) float32 {
	a := math.Abs(float64(x))
	square := float64(a * a)
	switch {
	case a < 0.5:
		return float32(float64(x) * horner(erfTerms[:14], square))
	case a < 2: // the complement has 12 digits, too few where it is not small itself
		return float32(float64(x) * horner(erfTerms[:], square))
	}
	return float32(math.Copysign(1-quant.Erfc(a), float64(x)))
}

// erfTerms are those of the series of erf(x)/x.
var erfTerms = func() (terms [36]float64) {
	c := 2 / math.SqrtPi
	for n := range terms {
		terms[n] = c / float64(2*n+1)
		c /= -float64(n + 1)
	}
	return terms
}()
