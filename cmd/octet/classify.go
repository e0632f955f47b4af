package main

import (
	"cmp"
	"math"
	"slices"

	"github.com/octet-ml/octet/tensor"
)

// prediction is one class that the model considers, with its softmax probability.
type prediction struct {
	Class       int     `json:"class"`
	Label       string  `json:"label,omitempty"`
	Probability float64 `json:"probability"`
	Logit       float32 `json:"logit"`
}

// topK returns the k classes with the largest logits, best first; equal logits
// are in the order of the classes, as torch.topk gives them on a stable sort.
func topK(logits []float32, k int, labels []string) []prediction {
	order := rank(logits)
	largest, sum := float64(logits[order[0]]), 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v) - largest)
	}
	var top []prediction
	for _, class := range order[:min(k, len(order))] {
		p := prediction{Class: class, Logit: logits[class], Probability: math.Exp(float64(logits[class])-largest) / sum}
		if class < len(labels) {
			p.Label = labels[class]
		}
		top = append(top, p)
	}
	return top
}

// rank lists the classes by falling logit.
func rank(logits []float32) []int {
	order := make([]int, len(logits))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(logits[b], logits[a]) })
	return order
}

// rowsOf cuts a tensor [N, K] into its rows.
func rowsOf(logits *tensor.Tensor) [][]float32 {
	n := logits.Dim(0)
	if n == 0 {
		return nil
	}
	k := logits.Numel() / n
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = logits.Float32s()[i*k : (i+1)*k]
	}
	return rows
}
