package compare

import "slices"

// Classes is the number of classes between which so many outputs decide. A single
// output decides between two: class 1 where it is positive, else class 0, as
// torch.sigmoid(y) > 0.5 does.
func Classes(outputs int) int {
	if outputs == 1 {
		return 2
	}
	return outputs
}

// Ahead is the number of classes whose logit goes before that of class: larger
// ones, and of equal ones those of lower classes. NaN goes before everything,
// itself included: it is never a right answer.
func Ahead(logits []float32, class int) int {
	if len(logits) == 1 {
		if isNaN(logits[0]) || class != Top1(logits) {
			return 1
		}
		return 0
	}
	own, n := logits[class], 0
	for i, v := range logits {
		if v > own || v == own && i < class || isNaN(v) {
			n++
		}
	}
	return n
}

// Top1 is the class with the largest logit, the lowest of equal ones; that of
// NaN where there is one.
func Top1(logits []float32) int {
	if len(logits) == 1 {
		if logits[0] > 0 {
			return 1
		}
		return 0
	}
	best := 0
	for i, v := range logits {
		if v > logits[best] || isNaN(v) && !isNaN(logits[best]) {
			best = i
		}
	}
	return best
}

// undecided reports whether NaN is among the logits: there is no answer then.
func undecided(logits []float32) bool { return slices.ContainsFunc(logits, isNaN) }

func isNaN(v float32) bool { return v != v }
