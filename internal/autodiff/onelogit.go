package autodiff

import (
	"fmt"
	"math"
)

// oneLogit is Gradient for a model with one output, the logit of class 1 against class 0:
// the mean over a batch of what torch.nn.BCEWithLogitsLoss gives, and with a teacher of the
// divergence of the two probabilities. Smoothing goes to both classes in equal parts, so
// that this is the loss of the two logits 0 and x.
func (l Loss) oneLogit(grad, logits []float32, labels []int, teacher []float32) (float64, error) {
	temperature := l.temperature()
	distill := l.Distill
	if teacher == nil {
		distill = 0
	}
	total := 0.0
	for i, label := range labels {
		if label < 0 || label > 1 {
			return 0, fmt.Errorf("label %d of sample %d of the batch is out of range: the model has one output, which decides between the classes 0 and 1", label, i)
		}
		x, target := float64(logits[i]), (1-l.Smoothing)*float64(label)+l.Smoothing/2
		loss, g := binaryEntropy(x, target)
		if distill > 0 {
			p := sigmoid(float64(teacher[i]) / temperature)
			cross, slope := binaryEntropy(x/temperature, p)
			own, _ := binaryEntropy(float64(teacher[i])/temperature, p)
			loss = (1-distill)*loss + distill*temperature*temperature*(cross-own)
			g = (1-distill)*g + distill*temperature*slope
		}
		total += loss
		grad[i] = float32(g / float64(len(labels)))
	}
	return total / float64(len(labels)), nil
}

// binaryEntropy is the cross entropy of a logit x for the probability target of class 1, and
// its derivative. Both keep their digits where the logit is large and right: there 1 -
// sigmoid(x) would have none left.
func binaryEntropy(x, target float64) (loss, slope float64) {
	tail := math.Log1p(math.Exp(-math.Abs(x)))
	return target*(max(-x, 0)+tail) + (1-target)*(max(x, 0)+tail), (1-target)*sigmoid(x) - target*sigmoid(-x)
}

// sigmoid does not overflow in either direction: Exp is infinite at worst.
func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
