package autodiff

import (
	"fmt"
	"math"
)

// Loss is what training minimises: the mean over a batch of the cross entropy of the
// classes and, with a teacher, of the divergence of the probabilities from the teacher's.
// A model with one output has two classes: its output is the logit of class 1, as for
// torch.nn.BCEWithLogitsLoss.
type Loss struct {
	// Smoothing is the share of the target that is spread evenly over all classes, as
	// torch.nn.CrossEntropyLoss's label_smoothing.
	Smoothing float64 `json:"smoothing,omitempty"`
	// Distill is the weight of the teacher's part, from 0 to 1; the classes' part has
	// the rest. The teacher's part is Temperature^2 times the Kullback-Leibler
	// divergence of the student's probabilities from the teacher's, both of logits
	// divided by Temperature (Hinton et al., 2015).
	Distill     float64 `json:"distill,omitempty"`
	Temperature float64 `json:"temperature,omitempty"` // 0 means 4
}

// Gradient sets grad to the gradient of the loss with respect to logits, [batch]
// [classes], and returns the loss. teacher holds the teacher's logits, and is nil
// without one. Labels out of range are an error that names the first.
func (l Loss) Gradient(grad, logits []float32, labels []int, teacher []float32) (float64, error) {
	n := len(labels)
	if n == 0 || len(logits)%n != 0 {
		return 0, fmt.Errorf("%d logits for %d labels", len(logits), n)
	}
	classes := len(logits) / n
	if classes == 1 {
		return l.oneLogit(grad, logits, labels, teacher)
	}
	distill, temperature := l.Distill, l.temperature()
	if teacher == nil {
		distill = 0
	}
	total := 0.0
	logP, logQ, logT := make([]float64, classes), make([]float64, classes), make([]float64, classes)
	for i, label := range labels {
		if label < 0 || label >= classes {
			return 0, fmt.Errorf("label %d of sample %d of the batch is out of range: the model has the classes 0 to %d", label, i, classes-1)
		}
		row, out := logits[i*classes:(i+1)*classes], grad[i*classes:(i+1)*classes]
		logSoftmax(logP, row, 1)
		total += (1 - distill) * l.entropy(logP, label)
		if distill > 0 {
			logSoftmax(logQ, row, temperature)
			logSoftmax(logT, teacher[i*classes:(i+1)*classes], temperature)
		}
		for k := range out {
			target := l.Smoothing / float64(classes)
			if k == label {
				target += 1 - l.Smoothing
			}
			g := (1 - distill) * (math.Exp(logP[k]) - target)
			if distill > 0 {
				q, t := math.Exp(logQ[k]), math.Exp(logT[k])
				g += distill * temperature * (q - t)
				total += distill * temperature * temperature * t * (logT[k] - logQ[k])
			}
			out[k] = float32(g / float64(n))
		}
	}
	return total / float64(n), nil
}

// temperature is Temperature or its default.
func (l Loss) temperature() float64 {
	if l.Temperature == 0 {
		return 4
	}
	return l.Temperature
}

// entropy is the cross entropy of one sample.
func (l Loss) entropy(logP []float64, label int) float64 {
	sum := 0.0
	for _, p := range logP {
		sum -= p
	}
	return -(1-l.Smoothing)*logP[label] + l.Smoothing/float64(len(logP))*sum
}

// logSoftmax sets out to the logarithms of the probabilities.
func logSoftmax(out []float64, logits []float32, temperature float64) {
	highest := math.Inf(-1)
	for _, v := range logits {
		highest = max(highest, float64(v)/temperature)
	}
	sum := 0.0
	for k, v := range logits {
		out[k] = float64(v)/temperature - highest
		sum += math.Exp(out[k])
	}
	for k := range out {
		out[k] -= math.Log(sum)
	}
}
