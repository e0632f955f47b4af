package main

import (
	"fmt"
	"io"
	"strings"
)

// situation is what the decision about a way of quantizing depends on.
type situation struct {
	device   string   // "x86" or "arm"
	noData   bool     // no calibration images can be had
	canTrain bool     // training data, labels and time for some epochs
	maxDrop  float64  // acceptable loss of top-1 accuracy, in points
	drop     *float64 // what int8 loses, in points; nil where nobody measured
	atMost   bool     // drop is an upper bound
}

// advice is a way of quantizing with its reasons.
type advice struct {
	Method  string   `json:"method"` // ptq, ptq-mixed, qat, none
	Backend string   `json:"backend"`
	Reasons []string `json:"reasons"`
	Steps   []string `json:"steps"`

	lost string // what int8 loses, in words; empty where nobody measured
}

// decide walks the decision tree. Where the drop of int8 was not measured, the
// advice begins with measuring it.
func (s situation) decide() advice {
	a := advice{Method: "ptq", Backend: s.backend()}
	if s.drop != nil {
		a.lost = s.loss()
	}
	a.because("%s", s.backendReason())
	switch {
	case s.noData:
		a.Method = "none"
		a.because("static quantization has to see typical inputs to choose its scales, and there are none")
		a.because("dynamic quantization, which needs none, serves linear and recurrent layers, not convolutions")
		a.step("collect 100 to 1000 unlabelled images of the kind the model will see; they need no labels")
	case s.drop == nil:
		a.because("with calibration data and no need to train, post-training quantization takes minutes")
		a.step("octet quantize FLOAT.pth --arch ARCH --backend %s --calibration IMAGES --output INT8.pth", a.Backend)
		a.step("octet eval INT8.pth LABELLED_IMAGES   (and the same for FLOAT.pth)")
		if s.canTrain {
			a.step("if top-1 falls by more than %g points: octet qat FLOAT.pth --arch ARCH --backend %s --data TRAIN --eval LABELLED_IMAGES --output INT8.pth", s.maxDrop, a.Backend)
		} else {
			a.step("if top-1 falls by more than %g points: keep the most sensitive layers in float with --exclude, or find time for quantization-aware training", s.maxDrop)
		}
	case *s.drop <= s.maxDrop:
		a.because("int8 loses %s, which is within the %g that are acceptable", s.loss(), s.maxDrop)
	case s.canTrain:
		a.Method = "qat"
		a.because("int8 loses %s, more than the %g that are acceptable, and there is time to train", s.loss(), s.maxDrop)
		a.step("octet qat FLOAT.pth --arch ARCH --backend %s --data TRAIN --output INT8.pth", a.Backend)
	default:
		a.Method = "ptq-mixed"
		a.because("int8 loses %s, more than the %g that are acceptable, and there is no time to train", s.loss(), s.maxDrop)
		a.step("keep sensitive layers in float: octet quantize ... --exclude conv1 --exclude fc")
		a.step("calibrate on more images, as close as possible to those the model will see")
	}
	return a
}

func (a *advice) because(format string, args ...any) {
	a.Reasons = append(a.Reasons, fmt.Sprintf(format, args...))
}

func (a *advice) step(format string, args ...any) {
	a.Steps = append(a.Steps, fmt.Sprintf(format, args...))
}

// loss is the drop in words.
func (s situation) loss() string {
	if s.atMost {
		return fmt.Sprintf("at most %.2f points", *s.drop)
	}
	return fmt.Sprintf("%.2f points", *s.drop)
}

func (s situation) backend() string {
	if s.device == "arm" {
		return "qnnpack"
	}
	return "fbgemm"
}

func (s situation) backendReason() string {
	if s.device == "arm" {
		return "the device is ARM: qnnpack's numerics are what PyTorch runs there"
	}
	return "the device is x86: fbgemm's numerics, with a scale per output channel, are what PyTorch runs there"
}

var methodNames = map[string]string{
	"ptq":       "post-training quantization",
	"ptq-mixed": "post-training quantization with some layers in float",
	"qat":       "quantization-aware training",
	"none":      "no quantization yet",
}

func (a advice) print(w io.Writer) {
	fmt.Fprintf(w, "Advice: %s, backend %s\n\n", methodNames[a.Method], a.Backend)
	for _, r := range a.Reasons {
		fmt.Fprintf(w, "  because %s\n", r)
	}
	if len(a.Steps) > 0 {
		fmt.Fprintf(w, "\n  %s\n", strings.Join(a.Steps, "\n  "))
	}
}
