package torch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// wellKnown are the keys under which training scripts keep a model's state dict.
// The averaged copies are among them: a file with both has two models, and
// which one is meant must be said.
var wellKnown = newSet(
	"state_dict", "model_state_dict", "model_state", "model", "net", "network", "module", "weights", "params",
	"ema", "ema_state_dict", "model_ema", "ema_model", "state_dict_ema", "params_ema", "teacher", "student",
)

// prefixes of wrappers: DataParallel and DistributedDataParallel, torch.compile,
// and training scripts that keep the network in self.model.
var prefixes = []string{"module.", "_orig_mod.", "model."}

// StateDict picks a state dict and loads its tensors. With key "" it is the root, or the only
// state dict below it, or the only one under a key that training scripts use for models.
// Another key is a dotted path; path elements may themselves contain dots, and the last ones
// may be a common prefix of the keys of a flat state dict: student takes student.conv1.weight
// and its like. The key "." is the root. Errors match ErrNoStateDict and ErrAmbiguous.
//
// Layers that torch.nn.utils.prune has pruned get the weight that they compute
// with: weight_orig times weight_mask.
func (c *Checkpoint) StateDict(key string) (*StateDict, error) {
	sd, err := c.Outline(key)
	if err != nil {
		return nil, err
	}
	return sd, c.Fill(sd)
}

// Outline is StateDict without the elements: names, types and shapes, for a look
// at what there is. Fill loads the elements of what is wanted of it.
func (c *Checkpoint) Outline(key string) (*StateDict, error) {
	d, path, err := c.pick(key)
	if err != nil {
		return nil, located(err, c.name, "")
	}
	sd := &StateDict{Source: c.name}
	if path != "" {
		sd.Source += ": " + path
	}
	for i := range d.Len() {
		k, raw := d.At(i)
		name := string(k.(String))
		v, err := entry(raw)
		if err != nil {
			return nil, located(atKey(c.objectInside(err, d, stepsTo(c.root, path)), join(path, name)), c.name, "")
		}
		sd.Set(name, v)
	}
	if d.metadata != nil {
		sd.Metadata = versions(d.metadata)
	}
	sd.path = path
	sd.strip()
	sd.unwrap()
	sd.pairMasks()
	return sd, nil
}

// Fill loads the elements of the tensors of an Outline, or of what Select took
// from it.
func (c *Checkpoint) Fill(sd *StateDict) error {
	var wanted []*Tensor
	for _, k := range sd.keys {
		wanted = append(wanted, tensorsIn(sd.values[k])...)
		if mask := sd.masks[k]; mask != nil {
			wanted = append(wanted, mask)
		}
	}
	if err := c.load(wanted); err != nil {
		return located(c.nameKey(err, sd, join(sd.path, strings.TrimSuffix(strings.Join(sd.Stripped, ""), "."))), c.name, "")
	}
	if err := sd.applyMasks(); err != nil {
		return located(err, c.name, "")
	}
	for _, name := range c.ExtraRecords() {
		b, err := c.Extra(name)
		if err != nil {
			return err
		}
		if sd.Extra == nil {
			sd.Extra = map[string][]byte{}
		}
		sd.Extra[name] = b
	}
	return nil
}

// nameKey finds the key whose tensor could not be loaded: the first without data.
func (c *Checkpoint) nameKey(err error, sd *StateDict, path string) error {
	for _, k := range sd.keys {
		for _, t := range tensorsIn(sd.values[k]) {
			if t.Data == nil {
				return atKey(err, join(path, k))
			}
		}
	}
	return err
}

// Candidates lists the paths of all state dicts in the checkpoint; "" is the root.
func (c *Checkpoint) Candidates() []string {
	if d, ok := c.root.(*Dict); ok && isStateDict(d) {
		return []string{""}
	}
	var out []string
	seen := map[*Dict]bool{}
	var visit func(v Value, path string, depth int)
	visit = func(v Value, path string, depth int) {
		if l, ok := v.(*List); ok && depth <= 4 {
			for i, item := range l.Items {
				visit(item, join(path, strconv.Itoa(i)), depth+1)
			}
			return
		}
		d, ok := v.(*Dict)
		if !ok || seen[d] || depth > 4 {
			return
		}
		seen[d] = true
		if depth > 0 && isStateDict(d) {
			out = append(out, path)
			return
		}
		for i := range d.Len() {
			// Optimisers keep tensors under numbers and in param_groups: those are no models.
			if k, val := d.At(i); k.kind() == String("").kind() && k != String("param_groups") {
				visit(val, join(path, string(k.(String))), depth+1)
			}
		}
	}
	visit(c.root, "", 0)
	return out
}

// pick returns the dict that key means, and its path.
func (c *Checkpoint) pick(key string) (*Dict, string, error) {
	found := c.Candidates()
	if key != "" {
		d, path := c.named(key)
		if d == nil {
			return nil, "", withRemedy(fmt.Errorf("%w under the key %q", ErrNoStateDict, key), advise(found))
		}
		return d, path, nil
	}
	choice := found
	if len(found) > 1 {
		choice = slices.DeleteFunc(slices.Clone(found), func(p string) bool { return !WellKnown(p) })
	}
	list, isList := c.root.(*List)
	switch {
	case len(found) == 0:
		return nil, "", c.noStateDict()
	case isList && len(list.Items) > 1:
		at := "a state dict at " + found[0]
		if len(found) > 1 {
			at = "state dicts at " + someOf(found)
		}
		return nil, "", withRemedy(fmt.Errorf("%w: the file holds %s of %d values, with %s", ErrAmbiguous, list.kind(), len(list.Items), at),
			"open it by its key: --key "+found[0]+c.withKey(found[0]))
	case len(choice) != 1:
		return nil, "", withRemedy(fmt.Errorf("%w: %s", ErrAmbiguous, someOf(found)), "choose one by its key, such as --key "+found[0]+c.withKey(found[0]))
	}
	return lookup(c.root, choice[0]).(*Dict), choice[0], nil
}

// WellKnown reports whether a path ends in a key under which training scripts keep
// models.
func WellKnown(path string) bool { return wellKnown[path[strings.LastIndexByte(path, '.')+1:]] }

// named returns the dict at a key that the caller gave, nil where there is none.
func (c *Checkpoint) named(key string) (*Dict, string) {
	key = strings.TrimSuffix(key, ".")
	if d, ok := lookup(c.root, key).(*Dict); ok && isStateDict(d) {
		return d, key
	}
	// The last elements may be a prefix of flat keys.
	for end := len(key); end > 0; {
		end = max(strings.LastIndexByte(key[:end], '.'), 0)
		if d, ok := lookup(c.root, key[:end]).(*Dict); ok {
			if part := d.under(strings.TrimPrefix(key[end:], ".") + "."); isStateDict(part) {
				return part, key
			}
		}
	}
	return nil, ""
}

// under returns the items whose keys begin with a prefix, without it.
func (d *Dict) under(prefix string) *Dict {
	out := &Dict{ordered: d.ordered}
	for i, k := range d.keys {
		if name, ok := k.(String); ok && len(name) > len(prefix) && strings.HasPrefix(string(name), prefix) {
			out.keys, out.vals = append(out.keys, name[len(prefix):]), append(out.vals, d.vals[i])
		}
	}
	if d.metadata != nil {
		out.metadata = d.metadata.under(prefix)
		if own, ok := d.metadata.Get(strings.TrimSuffix(prefix, ".")); ok {
			out.metadata.keys, out.metadata.vals = append(out.metadata.keys, String("")), append(out.metadata.vals, own)
		}
	}
	return out
}

// someOf lists the first paths.
func someOf(paths []string) string {
	const most = 8
	if n := len(paths) - most; n > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(paths[:most], ", "), n)
	}
	return strings.Join(paths, ", ")
}

func advise(found []string) string {
	switch {
	case len(found) == 0:
		return "the file has none"
	case found[0] == "":
		return "the file is a state dict itself: leave the key out"
	}
	return "the file has: " + someOf(found)
}

// lookup follows a dotted path through dicts and lists, nil when it leads nowhere.
func lookup(v Value, path string) Value {
	if path == "" {
		return v
	}
	switch v := v.(type) {
	case *Dict:
		for end := len(path); end > 0; end = strings.LastIndexByte(path[:end], '.') {
			if next, ok := v.Get(path[:end]); ok {
				rest := strings.TrimPrefix(path[end:], ".")
				if found := lookup(next, rest); found != nil {
					return found
				}
			}
		}
	case *List:
		first, rest, _ := strings.Cut(path, ".")
		if i, err := strconv.Atoi(first); err == nil && i >= 0 && i < len(v.Items) {
			return lookup(v.Items[i], rest)
		}
	}
	return nil
}

// isStateDict reports whether a dict looks like one: string keys, at least one
// tensor, and no dict as a value. A leftover or a list among the tensors does not
// hide the state dict; it is an error when the state dict is read.
func isStateDict(d *Dict) bool {
	tensors := 0
	for i := range d.Len() {
		k, v := d.At(i)
		if _, ok := k.(String); !ok {
			return false
		}
		switch v := v.(type) {
		case *Tensor, *ScriptObject:
			tensors++
		case *Dict:
			return false
		case *List:
			if v.Kind == Tuple && len(tensorsIn(v)) > 0 {
				tensors++
			}
		}
	}
	return tensors > 0
}

// entry turns a node of the tree into a value of a state dict.
func entry(v Value) (Value, error) {
	switch v := v.(type) {
	case *Tensor, None, DType, Bool, Int, Float, String:
		return v, nil
	case *ScriptObject:
		return v, nil
	case *List: // _packed_params: (weight, bias)
		if v.Kind == Tuple && len(v.Items) == 2 {
			w, ok := v.Items[0].(*Tensor)
			if b, isTensor := v.Items[1].(*Tensor); ok && isTensor {
				return &PackedLinear{w, b}, nil
			}
			if _, none := v.Items[1].(None); ok && none {
				return &PackedLinear{w, nil}, nil
			}
		}
	case *Opaque:
		if v.why != nil {
			return nil, v.why
		}
		return nil, fmt.Errorf("an object of the class %q inside the state dict, expected a tensor (%w)", v.Global, ErrGlobal)
	case Global:
		return nil, fmt.Errorf("the class %q inside the state dict, expected a tensor (%w)", v, ErrGlobal)
	}
	return nil, fmt.Errorf("%s, expected a tensor; a state dict holds tensors, None, (weight, bias) pairs and scalars", v.kind())
}

// versions reads _metadata: module path -> {'version': n}. Modules without a
// version are left out, as PyTorch treats both alike.
func versions(meta *Dict) map[string]int {
	out := map[string]int{}
	for i := range meta.Len() {
		k, v := meta.At(i)
		path, ok := k.(String)
		local, isDict := v.(*Dict)
		if !ok || !isDict {
			continue
		}
		if n, ok := local.Get("version"); ok {
			if n, ok := n.(Int); ok {
				out[string(path)] = int(n)
			}
		}
	}
	return out
}

// elements are names that wrappers put between those of modules, anywhere:
// torch.compile, FSDP and activation checkpointing of single layers.
var elements = []string{"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}

// unwrap removes the wrappers' elements from all keys.
func (s *StateDict) unwrap() {
	for _, e := range elements {
		without := func(key string) (string, bool) {
			return strings.ReplaceAll("."+key, "."+e+".", ".")[1:], true
		}
		if slices.ContainsFunc(s.keys, func(k string) bool { short, _ := without(k); return short != k }) {
			if part := s.Select(without); part.Len() == s.Len() {
				s.keys, s.values, s.Metadata = part.keys, part.values, part.Metadata
				s.Unwrapped = append(s.Unwrapped, e)
			}
		}
	}
}

// strip removes prefixes that all keys share, repeatedly.
func (s *StateDict) strip() {
	for again := true; again; {
		again = false
		for _, p := range prefixes {
			if len(s.keys) > 0 && !slices.ContainsFunc(s.keys, func(k string) bool { return len(k) <= len(p) || !strings.HasPrefix(k, p) }) {
				s.stripPrefix(p)
				again = true
			}
		}
	}
}

func (s *StateDict) stripPrefix(p string) {
	part := s.Select(func(key string) (string, bool) { return strings.CutPrefix(key, p) })
	s.keys, s.values, s.Metadata = part.keys, part.values, part.Metadata
	s.Stripped = append(s.Stripped, p)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
