package octet

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"

	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/quant"
)

// Prediction is one class that a model considers.
type Prediction struct {
	Class int    // number of the output; of a model with one output 0 or 1
	Label string // empty where classes have no names
	// Probability is the class's softmax probability.
	Probability float64
	Logit       float32 // the output of the model, before softmax
	// Sigmoid is set for a model with one output: the probability of class 1.
	Sigmoid *float64
}

// TopK returns the k classes with the largest logits, best first; equal logits are
// in the order of the classes, as torch.topk gives them on a stable sort. labels
// may be nil.
//
// A model with one output decides between the classes 0 and 1 by the sign of its
// logit: TopK returns the one that it decides for.
func TopK(logits []float32, k int, labels []string) []Prediction {
	if len(logits) == 1 {
		return []Prediction{binary(logits[0], labels)}
	}
	if len(logits) == 0 {
		return nil
	}
	order := make([]int, len(logits))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(logits[b], logits[a]) })
	largest, sum := float64(logits[order[0]]), 0.0
	for _, v := range logits {
		sum += quant.Exp64(float64(v) - largest)
	}
	var top []Prediction
	for _, class := range order[:max(0, min(k, len(order)))] {
		p := Prediction{Class: class, Logit: logits[class], Probability: quant.Exp64(float64(logits[class])-largest) / sum}
		if class < len(labels) {
			p.Label = labels[class]
		}
		top = append(top, p)
	}
	return top
}

// binary is the decision of a single logit. One label is that of class 1.
func binary(logit float32, labels []string) Prediction {
	one := 1 / (1 + quant.Exp64(-float64(logit)))
	p := Prediction{Class: compare.Top1([]float32{logit}), Logit: logit, Probability: one, Sigmoid: &one}
	if p.Class == 0 {
		p.Probability = 1 - one
	}
	switch {
	case len(labels) > p.Class && len(labels) > 1:
		p.Label = labels[p.Class]
	case len(labels) == 1 && p.Class == 1:
		p.Label = labels[0]
	case len(labels) == 1:
		p.Label = "not " + labels[0]
	}
	return p
}

type predictionJSON struct {
	Class       int      `json:"class"`
	Label       string   `json:"label,omitempty"`
	Probability *float64 `json:"probability"`
	Logit       *float32 `json:"logit"`
	Sigmoid     *float64 `json:"sigmoid,omitempty"`
}

// MarshalJSON writes null for numbers that JSON has not: NaN and infinity.
func (p Prediction) MarshalJSON() ([]byte, error) {
	j := predictionJSON{Class: p.Class, Label: p.Label, Probability: finite(p.Probability), Logit: finite(p.Logit)}
	if p.Sigmoid != nil {
		j.Sigmoid = finite(*p.Sigmoid)
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON writes; null becomes NaN.
func (p *Prediction) UnmarshalJSON(text []byte) error {
	var j predictionJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	*p = Prediction{j.Class, j.Label, math.NaN(), float32(math.NaN()), j.Sigmoid}
	if j.Probability != nil {
		p.Probability = *j.Probability
	}
	if j.Logit != nil {
		p.Logit = *j.Logit
	}
	return nil
}

func finite[T float32 | float64](v T) *T {
	if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
		return nil
	}
	return &v
}
