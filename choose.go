package octet

import (
	"fmt"
	"slices"
	"strings"

	"github.com/octet-ml/octet/statedict"
	"github.com/octet-ml/octet/torch"
	"github.com/octet-ml/octet/zoo"
)

// stateDict is a state dict of a file that may hold the model.
type stateDict struct {
	key string // that opens it
	*torch.StateDict
}

// network is a place in a state dict where an architecture fits.
type network struct {
	dict  stateDict
	place zoo.Place
}

// key is what picks the network out of the file.
func (n network) key() string {
	key := strings.Join(n.dict.Stripped, "") + n.place.Prefix
	if n.dict.key != "" && n.dict.key != "." {
		key = n.dict.key + "." + key
	}
	if key = strings.TrimSuffix(key, "."); key == "" {
		return "."
	}
	return key
}

// stateDicts are the state dicts of a checkpoint, or the one that was named,
// without their elements.
func stateDicts(ckpt *torch.Checkpoint, key, arch string) ([]stateDict, error) {
	if list, ok := ckpt.Root().(*torch.List); ok && len(list.Items) > 1 && key == "" {
		_, err := ckpt.Outline("") // which item is meant must be said
		if found := ckpt.Candidates(); len(found) > 0 {
			err = &ChoiceError{File: ckpt.Name(), Choices: unknownChoices(found), reason: err}
		}
		return nil, err
	}
	var found []stateDict
	keys := []string{key}
	if key == "" {
		keys = ckpt.Candidates()
	}
	for _, k := range keys {
		if sd, err := ckpt.Outline(k); err == nil {
			found = append(found, stateDict{k, joined(sd, arch)})
		} else if len(keys) == 1 {
			return nil, err
		}
	}
	if len(found) == 0 {
		_, err := ckpt.Outline("")
		return nil, err
	}
	return found, nil
}

// joined gives layers that were fused with their ReLU and stayed float, before
// conversion or because they were excluded, the names of the architecture.
func joined(sd *torch.StateDict, arch string) *torch.StateDict {
	if statedict.IsPrepared(sd) || !statedict.IsQuantized(sd) && !statedict.IsObserved(sd) && !statedict.IsNumbered(sd) {
		return sd
	}
	keys := sd.Keys()
	if !mayBeJoined(keys) {
		return sd
	}
	names := zoo.FusedKeys(keys, arch)
	return sd.Select(func(key string) (string, bool) {
		if name, ok := names[key]; ok {
			return name, true
		}
		return key, true
	})
}

// mayBeJoined reports whether a first member of a Sequential has a weight and no
// scale: a converted layer has both. Only then are the names of the architectures
// worth building, which takes as long as reading the file.
func mayBeJoined(keys []string) bool {
	scales := map[string]bool{}
	for _, k := range keys {
		if module, ok := strings.CutSuffix(k, ".0.scale"); ok {
			scales[module] = true
		}
	}
	return slices.ContainsFunc(keys, func(k string) bool {
		module, ok := strings.CutSuffix(k, ".0.weight")
		return ok && !scales[module]
	})
}

// choose finds the network in the state dicts of a file, takes the entries that
// belong to it as the model's state dict, and its architecture. It returns how to
// explain what does not fit after all.
func (m *Model) choose(dicts []stateDict, o openOptions) (explain, error) {
	arch := o.arch
	if arch == "" {
		arch = m.meta.Arch
	}
	if arch != "" {
		if _, err := zoo.Lookup(arch); err != nil {
			return nil, err
		}
	}
	var fits []network
	nearest := network{dict: dicts[0]}
	for _, d := range dicts {
		places, near := zoo.Find(d.Keys(), statedict.ShapesOf(d.StateDict), arch)
		for _, p := range places {
			fits = append(fits, network{d, p})
		}
		if near.Share > nearest.place.Share {
			nearest = network{d, near}
		}
	}
	if fits = narrow(fits, o.key); len(fits) > 1 {
		return nil, m.severalFit(fits)
	}
	if len(fits) == 0 {
		return m.noneFits(dicts, nearest, arch)
	}
	if key := fits[0].dict.key; len(dicts) > 1 {
		m.assume(AssumedKey, "of %d state dicts in the file, %s was taken; WithKey (--key) takes another: %s", len(dicts), key, others(dicts, key))
	}
	return m.looksLike(""), m.take(fits[0], arch)
}

// others lists the keys of the state dicts but one.
func others(dicts []stateDict, but string) string {
	var keys []string
	for _, d := range dicts {
		if d.key != but {
			keys = append(keys, d.key)
		}
	}
	return groups(keys)
}

// narrow drops the networks that are plainly not meant: those below the one that
// a key opens, and those that are not under a key that training scripts use where
// another is.
func narrow(fits []network, key string) []network {
	if len(fits) < 2 {
		return fits
	}
	for _, better := range []func(network) bool{
		func(n network) bool { return key != "" && n.place.Prefix == "" },
		func(n network) bool { return key == "" && n.dict.key != "" && torch.WellKnown(n.dict.key) },
	} {
		if i := slices.IndexFunc(fits, better); i >= 0 && !slices.ContainsFunc(fits[i+1:], better) {
			return fits[i : i+1]
		}
	}
	return fits
}

// take makes n the model's state dict and says what was assumed.
func (m *Model) take(n network, arch string) error {
	recorded := m.meta.Arch != "" && m.meta.Arch == arch
	m.use(n)
	if prefix := strings.Join(n.dict.Stripped, "") + n.place.Prefix; prefix != "" {
		whose := "of all keys"
		if slices.ContainsFunc(n.dict.Keys(), func(k string) bool { return !strings.HasPrefix(k, n.place.Prefix) }) {
			whose = "of the network's keys"
		}
		m.assume(AssumedPrefix, "the prefix %s %s belongs to a wrapper and was left out", prefix, whose)
	}
	if names := n.dict.Unwrapped; len(names) > 0 {
		m.assume(AssumedPrefix, "%s in the keys belongs to a wrapper and was left out", strings.Join(names, " and "))
	}
	if outside := n.place.Outside; len(outside) > 0 {
		m.assume(AssumedLeftOut, "%s of the file %s no part of the network and %s left out: %s",
			count(len(outside), "key"), pick(len(outside), "is", "are"), pick(len(outside), "was", "were"), groups(outside))
	}
	if pruned := m.origin.state.Pruned; len(pruned) > 0 {
		m.assume(AssumedPruned, "%s pruned: weight_orig times weight_mask was taken (%s)", count(len(pruned), "parameter"), groups(pruned))
	}
	if names := n.place.Archs; len(names) > 1 && arch == "" {
		if why := explainTransform(names[0]); why != "" {
			return fmt.Errorf("%s: the file does not name its architecture; its keys fit %s: name the right one\n%s", m.origin.file, strings.Join(names, " and "), why)
		}
		return fmt.Errorf("%s: the file does not name its architecture; its keys fit %s: name the right one", m.origin.file, strings.Join(names, " and "))
	}
	m.meta.Arch = n.place.Archs[0]
	if arch == "" {
		m.assume(AssumedArch, "architecture %s: keys and shapes are exactly its, and the file does not name one", m.meta.Arch)
	}
	if transforms, twin := zoo.Transforms(arch); twin != "" && !transforms && !recorded {
		m.assume(AssumedVariant, "%s without a transform of its input, as told; the file does not say it. %s", arch, explainTransform(arch))
	}
	if !recorded {
		for _, note := range n.place.Notes {
			m.assume(AssumedVariant, "%s", note)
		}
	}
	return nil
}

// use takes the entries that belong to the network as the state dict.
func (m *Model) use(n network) {
	m.origin.state = n.dict.Select(n.place.Name)
	m.quantized = statedict.IsQuantized(m.origin.state) || statedict.IsPrepared(m.origin.state) || statedict.IsObserved(m.origin.state)
}

func count(n int, what string) string { return fmt.Sprintf("%d %s", n, pick(n, what, what+"s")) }

func pick(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// groups lists keys, those of one module together, the first few by name.
func groups(keys []string) string {
	const most = 6
	var tops []string
	sizes := map[string]int{}
	single := map[string]string{}
	for _, k := range keys {
		top, _, nested := strings.Cut(k, ".")
		if nested {
			top += "."
		}
		if sizes[top] == 0 {
			tops, single[top] = append(tops, top), k
		}
		sizes[top]++
	}
	var parts []string
	for i, top := range tops {
		if i == most && len(tops) > most+1 {
			parts = append(parts, fmt.Sprintf("and %d more", len(tops)-most))
			break
		}
		if sizes[top] == 1 {
			parts = append(parts, single[top])
		} else {
			parts = append(parts, fmt.Sprintf("%s* (%d)", top, sizes[top]))
		}
	}
	return strings.Join(parts, ", ")
}
