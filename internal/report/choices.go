package report

import (
	"fmt"
	"strings"
)

// What a file is made for.
const (
	ForOctet    = "octet"
	ForTorchX86 = "pytorch-x86"
	ForTorchARM = "pytorch-arm"
)

// Choice is the variant that serves a purpose best.
type Choice struct {
	For     string `json:"for"`               // the purpose, one of the constants
	Variant string `json:"variant"`           // name of the variant
	Command string `json:"command,omitempty"` // that makes it, of one that was made here
}

var purposes = []struct{ name, words string }{
	{ForOctet, "octet"}, {ForTorchX86, "PyTorch on x86"}, {ForTorchARM, "PyTorch on ARM"},
}

// Purposes lists what a file can be made for.
func Purposes() []string {
	var names []string
	for _, p := range purposes {
		names = append(names, p.name)
	}
	return names
}

// Choose finds the variant for every purpose: of those that compute the same there, the
// one that comes closest to the reference.
func (c *Comparison) Choose() {
	c.Choices = nil
	for _, p := range purposes {
		if v := c.BestFor(p.name); v != nil {
			c.Choices = append(c.Choices, Choice{For: p.name, Variant: v.Name})
		}
	}
}

// BestFor is Best among the variants that serve a purpose; nil where none does.
func (c *Comparison) BestFor(purpose string) *Variant {
	return c.best(func(v *Variant) bool { return v.serves(purpose) })
}

// serves reports whether a variant computes there what was measured here. octet runs
// any rules on any CPU. PyTorch has fbgemm's on x86, where a file must not reach codes
// that saturate, and qnnpack's on ARM.
func (v *Variant) serves(purpose string) bool {
	switch purpose {
	case ForTorchX86:
		return !v.Dynamic && v.Backend == "fbgemm" && v.QConfig != "" && len(v.Saturation) == 0
	case ForTorchARM:
		return !v.Dynamic && v.Backend == "qnnpack"
	}
	return true
}

// findChoices answers for which purpose a variant is best, where they are not the same.
func (c *Comparison) findChoices(add adder) {
	if len(c.Choices) < 2 {
		return
	}
	octets := c.Variant(c.Choices[0].Variant)
	add("A file for octet, on any CPU: %s.", c.describe(octets))
	for _, choice := range c.Choices[1:] {
		v := c.Variant(choice.Variant)
		text := c.describe(v)
		if v == octets {
			text = "the same"
		} else if octets.Outputs.SQNR.Known() && v.Outputs.SQNR.Known() {
			text += fmt.Sprintf(", %s dB", signed(float64(v.Outputs.SQNR-octets.Outputs.SQNR)))
			text += " against that"
		}
		add("A file for %s: %s.", PurposeText(choice.For), text)
	}
}

// PurposeText is a purpose in words.
func PurposeText(name string) string {
	for _, p := range purposes {
		if p.name == name {
			return p.words
		}
	}
	return name
}

// describe names a variant with its ratio and its speed.
func (c *Comparison) describe(v *Variant) string {
	var figures []string
	if v.Outputs.SQNR.Known() {
		figures = append(figures, v.Outputs.SQNR.String())
	}
	if v.Latency != nil && v.Latency.Speed != nil && c.Reference().Kind == Float && v.Latency.Speed.Differs() {
		figures = append(figures, v.Latency.Speed.factor()+" the speed of float")
	}
	if len(figures) == 0 {
		return v.Name
	}
	return fmt.Sprintf("%s (%s)", v.Name, strings.Join(figures, ", "))
}

// findSaturation tells which variants PyTorch may compute otherwise.
func (c *Comparison) findSaturation(add adder) {
	var names []string
	most := 0
	for _, v := range c.Int8Variants() {
		if n := len(v.Saturation); n > 0 && !v.Proposed {
			names, most = append(names, v.Name), max(most, n)
		}
	}
	if len(names) > 0 {
		add("As files for PyTorch, %s are for x86 CPUs with VNNI: on others (AVX2) it may saturate, in the worst case of the weights in up to %s. octet is exact on every CPU.", some(names, 6), countOf(most, "layer"))
	}
}
