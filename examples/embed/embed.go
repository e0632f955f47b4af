package main

import (
	"context"
	"fmt"
	"math"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/tensor"
	"github.com/sugarme/tokenizer"
	"github.com/sugarme/tokenizer/pretrained"
)

// Embedder turns sentences into vectors of length 1. Any number of goroutines may use it.
type Embedder struct {
	words   *tokenizer.Tokenizer
	session *octet.Session
}

// NewEmbedder reads an encoder and its tokenizer.json. Of a sentence so many tokens are read at most.
func NewEmbedder(model, words string, most int) (*Embedder, error) {
	t, err := pretrained.FromFile(words)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", words, err)
	}
	// Sentences are padded here, to the longest of a batch.
	t.WithPadding(nil)
	t.WithTruncation(&tokenizer.TruncationParams{MaxLength: most, Strategy: tokenizer.LongestFirst})
	m, err := octet.Open(model)
	if err != nil {
		return nil, err
	}
	// The server runs many requests at a time: a run of one thread wastes no time on sharing work.
	s, err := m.Compile(octet.WithThreads(1))
	if err != nil {
		return nil, err
	}
	return &Embedder{t, s}, nil
}

// Embed returns a vector for each sentence.
func (e *Embedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	var ids, mask [][]int
	length := 0
	for _, text := range texts {
		words, err := e.words.EncodeSingle(text, true)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
		ids, mask, length = append(ids, words.Ids), append(mask, words.AttentionMask), max(length, len(words.Ids))
	}
	var inputs []*tensor.Tensor
	attention := padded(mask, length)
	for _, v := range e.session.Inputs() {
		switch v.Name {
		case "input_ids":
			inputs = append(inputs, padded(ids, length))
		case "attention_mask":
			inputs = append(inputs, attention)
		case "token_type_ids":
			inputs = append(inputs, tensor.New(tensor.Int64, len(texts), length))
		default:
			return nil, fmt.Errorf("the encoder has an input %v; input_ids, attention_mask and token_type_ids are known here", v)
		}
	}
	results, err := e.session.RunAll(ctx, inputs...)
	if err != nil {
		return nil, err
	}
	return pooled(results[0], attention) // others, if any, follow from it
}

// padded makes rows as long as the longest; the mask tells the encoder which tokens are none.
func padded(rows [][]int, length int) *tensor.Tensor {
	t := tensor.New(tensor.Int64, len(rows), length)
	for i, row := range rows {
		for j, v := range row {
			t.Int64s()[i*length+j] = int64(v)
		}
	}
	return t
}

// pooled is the mean over the tokens of each sentence, of [batch, tokens, width], brought to length
// 1. Some encoders have pooled already, to [batch, width].
func pooled(y, mask *tensor.Tensor) ([][]float32, error) {
	shape := y.Shape()
	if y.DType() != tensor.Float32 || len(shape) < 2 || len(shape) > 3 || shape[0] != mask.Dim(0) || len(shape) == 3 && shape[1] != mask.Dim(1) {
		return nil, fmt.Errorf("the encoder gives %v%v for tokens %v; float32[batch, width] or [batch, tokens, width] is expected", y.DType(), shape, mask.Shape())
	}
	width := shape[len(shape)-1]
	tokens := shape[1:].Numel() / width
	vectors := make([][]float32, shape[0])
	for i := range vectors {
		sum := make([]float32, width)
		for t := range tokens {
			if len(shape) == 3 && mask.Int64s()[i*tokens+t] == 0 {
				continue
			}
			for j, v := range y.Float32s()[(i*tokens+t)*width:][:width] {
				sum[j] += v
			}
		}
		length := float32(math.Sqrt(float64(Cosine(sum, sum))))
		for j := range sum {
			sum[j] /= max(length, math.SmallestNonzeroFloat32)
		}
		vectors[i] = sum
	}
	return vectors, nil
}

// Cosine is that of two vectors of length 1.
func Cosine(a, b []float32) float32 {
	sum := float32(0)
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}
