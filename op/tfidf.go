package op

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// TfIdf counts which sequences of a pool occur in x, as ONNX's TfIdfVectorizer does: n-grams of
// MinLength to MaxLength numbers, with up to MaxSkip other numbers between every two.
//
// Input: x [C] or [N, C], int64. Result: float32 [places] or [N, places].
type TfIdf struct {
	// Mode is "TF", how often a sequence occurs; "IDF", its weight if it occurs; or "TFIDF", the
	// count times the weight.
	Mode      string    `json:"mode"`
	MinLength int       `json:"min_length"` // 1 or more
	MaxLength int       `json:"max_length"`
	MaxSkip   int       `json:"max_skip"`
	Starts    []int     `json:"starts"`            // in Pool, of the sequences of one number, of two and so on
	Pool      []int64   `json:"pool"`              // all sequences, shortest first
	Places    []int     `json:"places"`            // in the result, of each sequence
	Weights   []float32 `json:"weights,omitempty"` // of each sequence; 1 where there are none
}

// Kind is "tf_idf".
func (TfIdf) Kind() string { return "tf_idf" }

// Signatures: int64 to float.
func (TfIdf) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{i64}, Out: f32}}
}

// Infer returns the shape.
func (o TfIdf) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"TF", "IDF", "TFIDF"}, o.Mode) {
		return nil, fmt.Errorf("mode %q; there are TF, IDF and TFIDF", o.Mode)
	}
	if o.MinLength < 1 || o.MaxLength < o.MinLength || o.MaxLength > maxAttr || o.MaxSkip < 0 || o.MaxSkip > maxAttr {
		return nil, fmt.Errorf("lengths from %d to %d with up to %d skipped", o.MinLength, o.MaxLength, o.MaxSkip)
	}
	sequences, err := o.sequences()
	if err != nil {
		return nil, err
	}
	if len(o.Places) != len(sequences) || o.Weights != nil && len(o.Weights) != len(sequences) {
		return nil, fmt.Errorf("%d places and %d weights for %d sequences", len(o.Places), len(o.Weights), len(sequences))
	}
	x := in[0].Shape
	if len(x) != 1 && len(x) != 2 {
		return nil, fmt.Errorf("input of shape %v; expected one axis or two", x)
	}
	width := 0
	for _, p := range o.Places {
		if p < 0 || p > maxAttr {
			return nil, fmt.Errorf("place %d; expected 0 to %d", p, maxAttr)
		}
		width = max(width, p+1)
	}
	return float(append(x[:len(x)-1].Clone(), width))
}

// sequences splits the pool.
func (o TfIdf) sequences() (list [][]int64, err error) {
	for i, start := range o.Starts {
		end := len(o.Pool)
		if i+1 < len(o.Starts) {
			end = o.Starts[i+1]
		}
		if start < 0 || start > end || end > len(o.Pool) || (end-start)%(i+1) != 0 {
			return nil, fmt.Errorf("sequences of %d numbers from %d to %d of a pool of %d", i+1, start, end, len(o.Pool))
		}
		for ; start < end; start += i + 1 {
			list = append(list, o.Pool[start:start+i+1])
		}
	}
	return list, nil
}

// Eval looks up every sequence of a line.
func (o TfIdf) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	sequences, err := o.sequences()
	if err != nil {
		return nil, err
	}
	pool := make(map[string]int, len(sequences))
	for i, s := range sequences {
		pool[keyOf(s)] = i
	}
	s, y := in[0].Shape(), tensor.New(f32, out[0].Shape...)
	length, width := s[len(s)-1], out[0].Shape[len(s)-1]
	weights := o.weights(width)
	for row := range s[:len(s)-1].Numel() {
		line, counts := in[0].Int64s()[row*length:][:length], y.Float32s()[row*width:][:width]
		o.each(line, func(sequence []int64) {
			if i, ok := pool[keyOf(sequence)]; ok {
				counts[o.Places[i]]++
			}
		})
		o.weigh(counts, weights)
	}
	return []*tensor.Tensor{y}, nil
}

// each visits the n-grams of a line; those of one number only once, whatever MaxSkip is.
func (o TfIdf) each(line []int64, visit func([]int64)) {
	for skip := 1; skip <= o.MaxSkip+1 && skip <= max(1, len(line)); skip++ {
		for start := range line {
			var sequence []int64
			for at := start; at < len(line) && len(sequence) < min(o.MaxLength, len(o.Starts)); at += skip {
				sequence = append(sequence, line[at])
				if n := len(sequence); n >= o.MinLength && (n > 1 || skip == 1) {
					visit(sequence)
				}
			}
		}
	}
}

// weights are by place, 1 where none is given.
func (o TfIdf) weights(width int) []float32 {
	weights := make([]float32, width)
	for i := range weights {
		weights[i] = 1
	}
	for i, w := range o.Weights {
		weights[o.Places[i]] = w
	}
	return weights
}

// weigh turns counts into results by Mode.
func (o TfIdf) weigh(counts, weights []float32) {
	if o.Mode == "TF" {
		return
	}
	for i, n := range counts {
		if o.Mode == "IDF" {
			n = min(n, 1)
		}
		counts[i] = n * weights[i]
	}
}

func keyOf(sequence []int64) string {
	var key []byte
	for _, v := range sequence {
		key = binary.LittleEndian.AppendUint64(key, uint64(v))
	}
	return string(key)
}
