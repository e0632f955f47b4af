package zoo

import "strings"

// FusedKeys finds the layers of a model that were fused with ReLU and not converted,
// not yet or because they were excluded: a Sequential of the two holds them, which
// nothing shows but the key, layer1.0.conv1.0.weight. It returns such keys with the
// names that they have unfused, for the architecture whose names occur most, or for
// the one that is named.
func FusedKeys(keys []string, arch string) map[string]string {
	var best map[string]string
	most := 0
	for _, a := range knownArchs(arch) {
		fused := map[string]string{}
		found := 0
		for _, k := range keys {
			module, ok := strings.CutSuffix(k, ".weight")
			if !ok {
				continue
			}
			inner, ends := strings.CutSuffix(module, ".0")
			switch {
			case a.ends(module):
				found++
			case ends && a.ends(inner):
				found++
				fused[k], fused[module+".bias"] = inner+".weight", inner+".bias"
			}
		}
		if found > most {
			best, most = fused, found
		}
	}
	return best
}

// ends reports whether a path is that of a layer of the architecture, perhaps below
// a prefix.
func (k known) ends(path string) bool {
	for {
		if k.owned[path+".weight"] {
			return true
		}
		_, rest, ok := strings.Cut(path, ".")
		if !ok {
			return false
		}
		path = rest
	}
}
