package zoo

import "strings"

// Short returns the default weights of an architecture, for which its name stands,
// in any case and with - for _: int8 weights or, with float, those that were trained.
// It is false where name is no architecture that has such weights.
func Short(name string, float bool) (Weights, bool) {
	for _, e := range weightsEnums {
		w := e.Default()
		if w.Quantized() == !float && plainName(strings.TrimSuffix(w.Arch, transformSuffix)) == plainName(name) {
			return w, true
		}
	}
	return Weights{}, false
}
