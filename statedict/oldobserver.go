package statedict

import (
	"strings"

	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// upToDate returns the state dict of a prepared model as PyTorch 2 would write it. Older ones
// differ in names and in what they leave out, which the modules' versions in the metadata say.
// The metadata is often lost, so the keys decide:
//
//   - observers of version 1 have no eps;
//   - those of channels call their range min_vals and max_vals below version 3;
//   - a convolution of version 1 holds its batch norm as gamma, beta and
//     running_mean beside its weight, not in a module bn.
func upToDate(sd *torch.StateDict) *torch.StateDict {
	out := &torch.StateDict{Metadata: sd.Metadata, Stripped: sd.Stripped, Source: sd.Source, Extra: sd.Extra}
	for _, k := range sd.Keys() {
		v, _ := sd.Entry(k)
		module, name := splitKey(k)
		prefix := strings.TrimSuffix(k, name)
		switch {
		case name == "min_vals", name == "max_vals":
			name = strings.TrimSuffix(name, "s")
		case oldNorm[name] != "" && foldedBefore(sd, prefix):
			name = oldNorm[name]
		}
		out.Set(prefix+name, v)
		if version, known := sd.Metadata[module]; name == "min_val" && (known && version < 2 || sd.Metadata == nil) {
			if !sd.Has(prefix + "eps") {
				out.SetTensor(prefix+"eps", tensor.Of([]float32{quant.DefaultEps}, 1))
			}
		}
	}
	return out
}

// oldNorm names what a convolution of version 1 holds.
var oldNorm = map[string]string{
	"gamma": "bn.weight", "beta": "bn.bias", "running_mean": "bn.running_mean", "running_var": "bn.running_var",
	"num_batches_tracked": "bn.num_batches_tracked",
}

// foldedBefore reports whether the module whose keys begin with prefix is a
// convolution of version 1 with its batch norm.
func foldedBefore(sd *torch.StateDict, prefix string) bool {
	return sd.Has(prefix+"gamma") && sd.Has(prefix+"beta") && sd.Has(prefix+"weight")
}

// splitKey cuts the last part off a key.
func splitKey(k string) (module, name string) {
	i := strings.LastIndexByte(k, '.')
	return k[:max(i, 0)], k[i+1:]
}
