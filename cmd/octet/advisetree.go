package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/report"
)

// situation holds what the advice depends on.
type situation struct {
	purpose  string   // of the file, in report's words; empty is octet's
	noData   bool     // no calibration images can be had
	canTrain bool     // training data, labels and time for some epochs
	maxDrop  float64  // acceptable loss of top-1 accuracy, in points
	drop     *float64 // loss of top-1 by int8, in points; nil if not measured
	measured *loss    // how drop was measured; nil if the user gave it
}

// loss is the measured loss of int8.
type loss struct {
	compare.Interval // in points, with 95 % confidence
	inputs           int
	text             string                       // in words
	of               func(n int) compare.Interval // the interval expected with n times as many inputs
}

// advice is a way of quantizing with its reasons.
type advice struct {
	Method  string   `json:"method"` // ptq, ptq-mixed, qat, none
	For     string   `json:"for"`    // octet, pytorch-x86 or pytorch-arm
	Backend string   `json:"backend"`
	QConfig string   `json:"qconfig"`
	Reasons []string `json:"reasons"`
	Unknown []string `json:"unknown,omitempty"` // what would have to be known for better advice
	Steps   []string `json:"steps"`

	lost string // loss of int8 in words; empty if not measured
}

// decide walks the decision tree. If the loss of int8 was not measured, the advice begins with
// measuring it.
func (s situation) decide() advice {
	a := advice{Method: "ptq"}
	a.For, a.Backend, a.QConfig = s.recipe()
	if s.drop != nil {
		a.lost = s.lossText()
	}
	a.because("%s", purposeReasons[a.For])
	switch {
	case s.noData:
		a.Method = "none"
		a.because("static quantization has to see typical inputs to choose its scales, and there are none")
		a.because("dynamic quantization, which needs none, serves linear and recurrent layers, not convolutions")
		a.step("collect 100 to 1000 unlabelled images of the kind the model will see; they need no labels")
	case s.drop == nil:
		s.unmeasured(&a)
	case s.undecided():
		a.because("int8 loses %s, which does not tell yet whether it is within the %g points that are acceptable", a.lost, s.maxDrop)
		a.step("%s", s.moreInputs())
		if s.tooMuch() {
			s.remedy(&a)
		}
	case !s.tooMuch():
		a.because("int8 loses %s, which is within the %g points that are acceptable", a.lost, s.maxDrop)
	default:
		a.because("int8 loses %s, more than the %g points that are acceptable", a.lost, s.maxDrop)
		s.remedy(&a)
	}
	return a
}

// unmeasured is the advice if the loss of int8 was not measured.
func (s situation) unmeasured(a *advice) {
	a.because("with calibration data and no need to train, post-training quantization takes minutes")
	a.Unknown = []string{
		"how much this model loses in int8: most lose less than a point, those with depthwise convolutions sometimes many",
		"which observer and which granularity of weights come closest: octet advise FLOAT.pth --calibration IMAGES measures them",
		"how fast it is on your machine: octet compare and octet bench measure it",
	}
	recipe := "--backend " + a.Backend
	if a.QConfig != octet.DefaultQConfig {
		recipe = "--qconfig " + a.QConfig
	}
	a.step("octet quantize FLOAT.pth --arch ARCH %s --calibration IMAGES --output INT8.pth", recipe)
	a.step("octet eval INT8.pth LABELLED_IMAGES   (and the same for FLOAT.pth)")
	if s.canTrain {
		a.step("if top-1 falls by more than %g points: octet qat FLOAT.pth --arch ARCH --backend %s --data TRAIN --eval LABELLED_IMAGES --output INT8.pth", s.maxDrop, a.Backend)
	} else {
		a.step("if top-1 falls by more than %g points: keep the most sensitive layers in float with --exclude, or find time for quantization-aware training", s.maxDrop)
	}
}

// remedy is what to do about a loss that is too high.
func (s situation) remedy(a *advice) {
	if s.canTrain {
		a.Method = "qat"
		a.because("there is time to train")
		a.step("octet qat FLOAT.pth --arch ARCH --backend %s --data TRAIN --output INT8.pth", a.Backend)
		return
	}
	a.Method = "ptq-mixed"
	a.because("there is no time to train")
	a.step("keep sensitive layers in float: octet compare names them, and tries which to take")
	a.step("calibrate on more images, as close as possible to those the model will see")
}

// undecided reports whether the loss may be on either side of what is acceptable.
func (s situation) undecided() bool {
	return s.measured != nil && s.between(s.measured.Interval)
}

func (s situation) between(i compare.Interval) bool { return i.Low <= s.maxDrop && s.maxDrop < i.High }

// tooMuch reports whether the loss exceeds maxDrop, unless few inputs leave that undecided:
// such a difference may be chance, and is no reason to train.
func (s situation) tooMuch() bool {
	return *s.drop > s.maxDrop && !(s.undecided() && s.measured.inputs < report.FewInputs)
}

// moreInputs says how many inputs would settle the question.
func (s situation) moreInputs() string {
	if s.measured.inputs >= report.FewInputs {
		for n := 2; n <= 1<<12; n *= 2 {
			if !s.between(s.measured.of(n)) {
				return fmt.Sprintf("measure on about %d inputs: if they go on like these, that decides", n*s.measured.inputs)
			}
		}
	}
	return "measure on more inputs, some hundreds at least"
}

func (a *advice) because(format string, args ...any) {
	a.Reasons = append(a.Reasons, fmt.Sprintf(format, args...))
}

func (a *advice) step(format string, args ...any) {
	a.Steps = append(a.Steps, fmt.Sprintf(format, args...))
}

// lossText is the drop in words.
func (s situation) lossText() string {
	if s.measured != nil {
		return s.measured.text
	}
	return fmt.Sprintf("%.2f points", *s.drop)
}

// recipe is the one for a purpose if nothing was measured.
func (s situation) recipe() (purpose, backend, qconfig string) {
	switch s.purpose {
	case report.ForTorchARM:
		return s.purpose, "qnnpack", octet.DefaultQConfig
	case report.ForTorchX86:
		return s.purpose, "fbgemm", octet.DefaultQConfig
	}
	return report.ForOctet, string(octet.DefaultBackend), inputs.OctetQConfig
}

var purposeReasons = map[string]string{
	report.ForOctet:    "octet runs the file: it computes any backend's rules on any CPU and never saturates, so activations may take all codes (--for pytorch-x86 and --for pytorch-arm ask for a file that PyTorch runs)",
	report.ForTorchX86: "PyTorch runs the file on x86: fbgemm's rules are its own there, and activations in 0..127 keep it from saturating; onednn's scales use all codes, so they are others, and saturate on CPUs without VNNI",
	report.ForTorchARM: "PyTorch runs the file on ARM: qnnpack's rules are its own there",
}

var methodNames = map[string]string{
	"ptq":       "post-training quantization",
	"ptq-mixed": "post-training quantization with some layers in float",
	"qat":       "quantization-aware training",
	"none":      "no quantization yet",
}

func (a advice) print(w io.Writer) {
	fmt.Fprintf(w, "Advice: %s, backend %s, qconfig %s\n\n", methodNames[a.Method], a.Backend, a.QConfig)
	for _, r := range a.Reasons {
		fmt.Fprintf(w, "  because %s\n", r)
	}
	for _, u := range a.Unknown {
		fmt.Fprintf(w, "  unknown %s\n", u)
	}
	if len(a.Steps) > 0 {
		fmt.Fprintf(w, "\n  %s\n", strings.Join(a.Steps, "\n  "))
	}
}
