package octet

import (
	"context"
	"fmt"
	"math"

	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/zoo"
)

// transformText explains the two architectures of the same keys.
const transformText = "torchvision sets transform_input where a model is built with its own weights (weights=..., pretrained=True), " +
	"and no file records it: %s is for those and what was fine-tuned from them, %s for what was trained from scratch. " +
	"eval and quantize try both on their images"

// explainTransform is transformText for the architectures of a file; empty for others.
func explainTransform(arch string) string {
	transforms, twin := zoo.Transforms(arch)
	switch {
	case twin == "":
		return ""
	case transforms:
		return fmt.Sprintf(transformText, arch, twin)
	}
	return fmt.Sprintf(transformText, twin, arch)
}

// TransformUnsaid reports whether neither the file nor its origin says whether the
// model transforms its input: of GoogLeNet and Inception v3, it is only known from
// the name that Open was given.
func (m *Model) TransformUnsaid() bool {
	_, twin := zoo.Transforms(m.meta.Arch)
	return twin != "" && m.bare()
}

// bare reports whether the model came from a file without octet's record.
func (m *Model) bare() bool { return m.origin.file != "" && m.meta.Version == 0 }

// Unsaid says in a sentence what the file of the model cannot say, and what was
// taken for it; empty for files that octet wrote.
func (m *Model) Unsaid() string {
	if !m.bare() || m.declared != nil {
		return ""
	}
	return "dilation (replace_stride_with_dilation), the eps of batch norms and poolings that were removed or added are not in such a file: torchvision's " + m.meta.Arch + " is computed"
}

// TransformTrial says how a model answers with and without the transform of its
// input.
type TransformTrial struct {
	Inputs  int             `json:"inputs"`            // on how many inputs it was tried
	Tried   TransformAnswer `json:"tried"`             // as the model was opened
	Other   TransformAnswer `json:"other"`             // as the other architecture would have it
	Labeled bool            `json:"labeled,omitempty"` // labels were given, so the answers have accuracies
}

// TransformAnswer is one of the two.
type TransformAnswer struct {
	Arch string `json:"arch"` // the architecture, with or without the transform
	// Confidence is the mean probability of the answers, in percent.
	Confidence float64 `json:"confidence_percent"`
	Right      int     `json:"top1_correct,omitempty"` // where there are labels
}

// Likely is the architecture that the trial speaks for: the more accurate one or,
// where labels do not decide, the more confident one.
func (t *TransformTrial) Likely() string {
	better := t.Other.Right > t.Tried.Right || t.Other.Right == t.Tried.Right && t.Other.Confidence > t.Tried.Confidence
	if better {
		return t.Other.Arch
	}
	return t.Tried.Arch
}

// String gives the figures.
func (t *TransformTrial) String() string {
	one := func(a TransformAnswer) string {
		text := fmt.Sprintf("%s is %.1f %% sure of its answers", a.Arch, a.Confidence)
		if t.Labeled {
			text += fmt.Sprintf(" and right on %d", a.Right)
		}
		return text
	}
	why := "more confident"
	if t.Tried.Right != t.Other.Right {
		why = "more accurate"
	}
	return fmt.Sprintf("on %d inputs, %s, %s: %s is the %s", t.Inputs, one(t.Tried), one(t.Other), t.Likely(), why)
}

// TryTransform runs m and the model of the same parameters that transforms its input
// where m does not, or the other way round. labels are the classes of the inputs in
// their order, or nil. It is nil for architectures that have no such twin.
func (m *Model) TryTransform(ctx context.Context, inputs Batches, labels []int, opts ...CompileOption) (*TransformTrial, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	if inputs == nil {
		return nil, errNil("stream of inputs", "octet.Inputs and octet.FromTensor return one")
	}
	_, twin := zoo.Transforms(m.meta.Arch)
	if twin == "" {
		return nil, nil
	}
	other, err := m.as(twin)
	if err != nil {
		return nil, err
	}
	t := &TransformTrial{Tried: TransformAnswer{Arch: m.meta.Arch}, Other: TransformAnswer{Arch: twin}, Labeled: labels != nil}
	var sessions [2]*Session
	for i, model := range []*Model{m, other} {
		s, err := model.Compile(opts...)
		if err != nil {
			return nil, err
		}
		sessions[i] = s
	}
	for x, err := range inputs {
		if err != nil {
			return nil, err
		}
		for i, a := range []*TransformAnswer{&t.Tried, &t.Other} {
			y, err := sessions[i].Run(ctx, x)
			if err != nil {
				return nil, err
			}
			of := labels
			if labels != nil {
				of = labels[t.Inputs:]
			}
			a.add(y.Float32s(), x.Dim(0), of)
		}
		t.Inputs += x.Dim(0)
	}
	for _, a := range []*TransformAnswer{&t.Tried, &t.Other} {
		a.Confidence = 100 * a.Confidence / max(1, float64(t.Inputs))
	}
	return t, nil
}

// as returns the model of the same parameters and another architecture.
func (m *Model) as(arch string) (*Model, error) {
	other := *m
	other.meta.Arch, other.assumed = arch, nil
	var err error
	if other.origin.state, err = m.StateDict(); err != nil {
		return nil, err
	}
	if err := other.bind(""); err != nil {
		return nil, err
	}
	return &other, nil
}

// add takes in the logits of n inputs.
func (a *TransformAnswer) add(logits []float32, n int, labels []int) {
	k := len(logits) / n
	for i := range n {
		row := logits[i*k : (i+1)*k]
		if p := TopK(row, 1, nil)[0].Probability; !math.IsNaN(p) {
			a.Confidence += p
		}
		if labels != nil && labels[i] >= 0 && labels[i] < compare.Classes(k) && compare.Ahead(row, labels[i]) == 0 {
			a.Right++
		}
	}
}
