package train

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"strings"

	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// Record is the name of the JSON record of a checkpoint beside its tensors.
const Record = "octet-training.json"

// recordVersion changes when older readers would misunderstand the record.
const recordVersion = 1

// record is what a checkpoint says beside its tensors.
type record struct {
	Version int    `json:"octet_training"`
	Label   string `json:"label,omitempty"`
	Config  Config `json:"config"`
	Data    string `json:"data"` // a fingerprint
	Step    int    `json:"step"`
	Updates int    `json:"updates"`
	Epoch   meter  `json:"epoch"`
	Frozen  bool   `json:"batch_norms_frozen,omitempty"`
	Settled bool   `json:"observers_frozen,omitempty"`
}

// The prefixes of a checkpoint's keys.
const (
	modelKeys   = "model."
	firstKeys   = "optimizer.first."
	secondKeys  = "optimizer.second."
	averageKeys = "average."
)

// Save writes the state of the training to a file, complete or not at all: a state
// dict with the model's under model., the optimiser's under optimizer. and the
// averaged parameters under average.
func (t *Trainer) Save(path string) error {
	sd, err := t.model.StateDict()
	if err != nil {
		return err
	}
	out := &torch.StateDict{Metadata: map[string]int{"": 1}, Extra: map[string][]byte{}}
	for _, k := range sd.Keys() {
		v, _ := sd.Entry(k)
		out.Set(modelKeys+k, v)
	}
	for path, version := range sd.Metadata {
		if path != "" {
			out.Metadata[modelKeys+path] = version
		}
	}
	put := func(prefix string, all [][]float32) {
		for i, p := range t.model.Params() {
			if all != nil {
				out.SetTensor(prefix+p.Name, p.TensorOf(all[i]))
			}
		}
	}
	put(firstKeys, t.optimizer.first)
	put(secondKeys, t.optimizer.second)
	if t.average != nil {
		put(averageKeys, t.average.mean)
	}
	r := record{Version: recordVersion, Label: t.Label, Config: t.cfg, Data: t.data.fingerprint(), Step: t.step,
		Updates: t.optimizer.updates, Epoch: t.epoch, Frozen: t.frozen, Settled: t.settled}
	if out.Extra[Record], err = json.Marshal(r); err != nil {
		return err
	}
	return torch.Save(path, out)
}

// Resume continues from a checkpoint of the same training: its model, recipe and
// data. What differs is an error that says so.
func (t *Trainer) Resume(path string) error {
	ckpt, err := torch.Open(path)
	if err != nil {
		return err
	}
	defer ckpt.Close()
	sd, err := ckpt.StateDict("")
	if err != nil {
		return err
	}
	text, ok := sd.Extra[Record]
	if !ok {
		return fmt.Errorf("%s is no checkpoint of a training: it has no record %s", path, Record)
	}
	var r record
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("%s: record %s: %w", path, Record, err)
	}
	if err := t.same(r); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	parts := split(sd)
	if err := t.model.Load(parts[modelKeys]); err != nil {
		return err
	}
	if err := t.restore(parts, path); err != nil {
		return err
	}
	t.step, t.epoch, t.settled, t.optimizer.updates = r.Step, r.Epoch, r.Settled, r.Updates
	if q, ok := t.model.(Quantizing); ok && r.Frozen {
		t.frozen = true
		return q.FreezeNorms()
	}
	return nil
}

// same refuses a record of another training.
func (t *Trainer) same(r record) error {
	if r.Version != recordVersion {
		return fmt.Errorf("the checkpoint has version %d, this octet reads %d: use the octet that wrote it", r.Version, recordVersion)
	}
	if r.Label != t.Label {
		return fmt.Errorf("the checkpoint is of another model (%s; this is %s): continue with the same model and architecture, or choose another checkpoint", r.Label, t.Label)
	}
	if !reflect.DeepEqual(r.Config, t.cfg) {
		return fmt.Errorf("the checkpoint is of another recipe: %s: continue with the same, or choose another checkpoint", difference(r.Config, t.cfg))
	}
	if d := t.data.fingerprint(); r.Data != d {
		return fmt.Errorf("the checkpoint is of other data (%s; this is %s): continue with the same samples and labels", r.Data, d)
	}
	if r.Step < 0 || r.Step > t.Steps() || r.Updates < 0 {
		return fmt.Errorf("the checkpoint is at step %d of %d; it is damaged", r.Step, t.Steps())
	}
	return nil
}

// difference names the fields in which two recipes differ.
func difference(was, is Config) string {
	var parts []string
	a, b := fields(was), fields(is)
	for k, v := range a {
		if b[k] != v {
			parts = append(parts, fmt.Sprintf("%s was %s and is %s", k, orNothing(v), orNothing(b[k])))
		}
	}
	for k, v := range b {
		if _, ok := a[k]; !ok {
			parts = append(parts, fmt.Sprintf("%s was nothing and is %s", k, v))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// fields flattens a recipe into the values of its JSON form.
func fields(c Config) map[string]string {
	var tree map[string]json.RawMessage
	text, _ := json.Marshal(c) // of plain data
	_ = json.Unmarshal(text, &tree)
	out := map[string]string{}
	for k, v := range tree {
		var inner map[string]json.RawMessage
		if json.Unmarshal(v, &inner) != nil {
			out[k] = string(v)
			continue
		}
		for name, value := range inner {
			out[k+"."+name] = string(value)
		}
	}
	return out
}

// split divides a checkpoint by prefix.
func split(sd *torch.StateDict) map[string]*torch.StateDict {
	parts := map[string]*torch.StateDict{}
	for _, prefix := range []string{modelKeys, firstKeys, secondKeys, averageKeys} {
		parts[prefix] = &torch.StateDict{Source: sd.Source, Metadata: map[string]int{}}
	}
	for _, k := range sd.Keys() {
		v, _ := sd.Entry(k)
		for prefix, part := range parts {
			if rest, ok := strings.CutPrefix(k, prefix); ok {
				part.Set(rest, v)
			}
		}
	}
	return parts
}

// restore reads the state of the optimiser and of the average.
func (t *Trainer) restore(parts map[string]*torch.StateDict, path string) error {
	get := func(prefix string, all [][]float32) error {
		for i, p := range t.model.Params() {
			if all == nil {
				return nil
			}
			x, ok := parts[prefix].Tensor(p.Name)
			if !ok || x.DType() != tensor.Float32 || !x.Shape().Equal(p.Shape) {
				return fmt.Errorf("%s: %s%s is missing or is not float32%v; the checkpoint is damaged", path, prefix, p.Name, p.Shape)
			}
			p.SetInto(all[i], x.Float32s())
		}
		return nil
	}
	if err := get(firstKeys, t.optimizer.first); err != nil {
		return err
	}
	if err := get(secondKeys, t.optimizer.second); err != nil {
		return err
	}
	if t.average == nil {
		return nil
	}
	return get(averageKeys, t.average.mean)
}

// fingerprint identifies a set of samples by their number and labels.
func (d *Data) fingerprint() string {
	h := fnv.New64a()
	for _, l := range d.Labels {
		fmt.Fprintln(h, l)
	}
	return fmt.Sprintf("%d samples of %d classes, %s", d.Source.Len(), d.Classes, hex.EncodeToString(h.Sum(nil)))
}
