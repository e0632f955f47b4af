package train

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// Record is the name of the JSON record of a checkpoint beside its tensors.
const Record = "octet-training.json"

// recordVersion changes when older readers would misunderstand the record. Version 1
// did not say what the samples were.
const recordVersion = 2

// record is what a checkpoint says beside its tensors.
type record struct {
	Version int              `json:"octet_training"`
	Label   string           `json:"label,omitempty"`
	Made    dataset.Settings `json:"made,omitempty"` // Settings of the Trainer
	Config  Config           `json:"config"`
	Data    dataset.Settings `json:"data"` // how samples were prepared
	Step    int              `json:"step"`
	Updates int              `json:"updates"`
	Epoch   meter            `json:"epoch"`
	First   float64          `json:"first_loss"`
	Frozen  bool             `json:"batch_norms_frozen,omitempty"`
	Settled bool             `json:"observers_frozen,omitempty"`
}

// The prefixes of a checkpoint's keys.
const (
	modelKeys   = "model."
	firstKeys   = "optimizer.first."
	secondKeys  = "optimizer.second."
	averageKeys = "average."
	dataKeys    = "data."
)

// samplesKey, behind dataKeys, is the key of the samples: gzipped lines as bytes.
const samplesKey = "samples"

// Save writes the state of the training to a file, complete or not at all: a state
// dict with the model's under model., the optimiser's under optimizer., the
// averaged parameters under average. and what the samples are under data.
func (t *Trainer) Save(path string) error {
	if err := t.Identify(context.Background(), nil); err != nil {
		return err
	}
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
	out.SetTensor(dataKeys+samplesKey, t.samples)
	r := record{Version: recordVersion, Label: t.Label, Made: t.Settings, Config: t.cfg, Data: t.identity.Settings, Step: t.step,
		Updates: t.optimizer.updates, Epoch: t.epoch, First: t.divergence.first, Frozen: t.frozen, Settled: t.settled}
	if out.Extra[Record], err = json.Marshal(r); err != nil {
		return err
	}
	return torch.Save(path, out)
}

// Resume continues from a checkpoint of the same training: its model, recipe and
// data. What differs is an error that says so.
func (t *Trainer) Resume(path string) error {
	if err := t.Identify(context.Background(), nil); err != nil {
		return err
	}
	ckpt, err := torch.Open(path)
	if err != nil {
		return unreadable(err)
	}
	defer ckpt.Close()
	sd, err := ckpt.StateDict("")
	if err != nil {
		return unreadable(err)
	}
	text, ok := sd.Extra[Record]
	if !ok {
		return fmt.Errorf("%s is no checkpoint of a training: it has no record %s", path, Record)
	}
	var r record
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("%s: record %s: %w: %w", path, Record, ErrDamaged, err)
	}
	parts := split(sd)
	if err := t.same(r, parts[dataKeys]); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := t.model.Load(parts[modelKeys]); err != nil {
		return err
	}
	if err := t.restore(parts, path); err != nil {
		return err
	}
	t.step, t.epoch, t.settled, t.optimizer.updates = r.Step, r.Epoch, r.Settled, r.Updates
	t.divergence.first = r.First
	if q, ok := t.model.(Quantizing); ok && r.Frozen {
		t.frozen = true
		return q.FreezeNorms()
	}
	return nil
}

// same refuses a record of another training.
func (t *Trainer) same(r record, data *torch.StateDict) error {
	if r.Version != recordVersion {
		return fmt.Errorf("the checkpoint has version %d, this octet reads %d: begin anew, or use the octet that wrote it", r.Version, recordVersion)
	}
	if r.Label != t.Label {
		return fmt.Errorf("the checkpoint is of another model (%s; this is %s): continue with the same model and architecture, or choose another checkpoint", r.Label, t.Label)
	}
	if d := r.Made.Differences(t.Settings); d != nil {
		return fmt.Errorf("the checkpoint is of another model, or one quantized otherwise: %s: continue with the same, or choose another checkpoint", strings.Join(d, ", "))
	}
	if d := settingsOf(r.Config).Differences(settingsOf(t.cfg)); d != nil {
		return fmt.Errorf("the checkpoint is of another recipe: %s: continue with the same, or choose another checkpoint", strings.Join(d, ", "))
	}
	if err := t.sameData(r, data); err != nil {
		return err
	}
	if r.Step < 0 || r.Step > t.Steps() || r.Updates < 0 {
		return fmt.Errorf("%w: it is at step %d of %d", ErrDamaged, r.Step, t.Steps())
	}
	return nil
}

func settingsOf(c Config) dataset.Settings {
	s := dataset.Settings{}
	s.Set("", c)
	return s
}

// split divides a checkpoint by prefix.
func split(sd *torch.StateDict) map[string]*torch.StateDict {
	parts := map[string]*torch.StateDict{}
	for _, prefix := range []string{modelKeys, firstKeys, secondKeys, averageKeys, dataKeys} {
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
				return fmt.Errorf("%s: %s%s is missing or is not float32%v: %w", path, prefix, p.Name, p.Shape, ErrDamaged)
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
