package statedict

import (
	"strings"
	"testing"

	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/torch"
)

// aged returns a state dict as PyTorch of another time wrote it.
func aged(sd *torch.StateDict, change func(module, name string) (newName string, keep bool), versions map[int]int) *torch.StateDict {
	out := &torch.StateDict{Source: sd.Source}
	for _, k := range sd.Keys() {
		v, _ := sd.Entry(k)
		module, name := splitKey(k)
		if name, keep := change(module, name); keep {
			out.Set(module+"."+name, v)
		}
	}
	if versions != nil {
		out.Metadata = map[string]int{}
		for module, v := range sd.Metadata {
			if now, ok := versions[v]; ok {
				v = now
			}
			out.Metadata[module] = v
		}
	}
	return out
}

func TestOldObserversAreConverted(t *testing.T) {
	plural := func(sd *torch.StateDict) func(string, string) (string, bool) { // as observers of channels had it
		return func(module, name string) (string, bool) {
			if v, ok := sd.Tensor(module + "." + name); ok && (name == "min_val" || name == "max_val") && len(v.Shape()) == 1 {
				name += "s"
			}
			return name, true
		}
	}
	without := func(names ...string) func(func(string, string) (string, bool)) func(string, string) (string, bool) {
		return func(before func(string, string) (string, bool)) func(string, string) (string, bool) {
			return func(module, name string) (string, bool) {
				for _, n := range names {
					if name == n {
						return "", false
					}
				}
				return before(module, name)
			}
		}
	}
	same := func(_, name string) (string, bool) { return name, true }
	flat := func(module, name string) (string, bool) {
		if strings.HasSuffix(module, ".bn") {
			old := map[string]string{"weight": "gamma", "bias": "beta"}
			if n, ok := old[name]; ok {
				name = n
			}
			return "../" + name, true
		}
		return name, true
	}
	for _, file := range []string{"fbgemm_v1", "fbgemm_v1_frozen", "fbgemm_v0", "qnnpack_v1", "qnnpack_v0"} {
		want := stateDictOf(t, "qat_"+file+"_converted.pth")
		now := stateDictOf(t, "qat_"+file+".pth")
		for name, sd := range map[string]*torch.StateDict{
			"version 1":                  aged(now, without("eps")(plural(now)), map[int]int{3: 1}),
			"version 2":                  aged(now, plural(now), map[int]int{3: 2}),
			"version 1 without metadata": aged(now, without("eps")(plural(now)), nil),
			"version 3 without metadata": aged(now, same, nil),
			"flat batch norms":           climb(aged(now, flat, map[int]int{2: 1})),
		} {
			t.Run(file+"/"+name, func(t *testing.T) {
				g, _, err := BindPrepared(trainedNet(), sd, QuantizedOptions{Numerics: quant.FBGEMM})
				if err != nil {
					t.Fatal(err)
				}
				sameAsPyTorchs(t, g, want)
			})
		}
	}
}

// climb resolves the "../" of keys.
func climb(sd *torch.StateDict) *torch.StateDict {
	out := &torch.StateDict{Source: sd.Source, Metadata: sd.Metadata}
	for _, k := range sd.Keys() {
		v, _ := sd.Entry(k)
		if module, name, ok := strings.Cut(k, ".bn.../"); ok {
			k = module + "." + name
		}
		out.Set(k, v)
	}
	return out
}
