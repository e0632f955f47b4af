package dataset

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/octet-ml/octet/vision"
)

// Identity says what inputs are made of: the samples, in their order and by their
// content, and every setting that decides what becomes of them. What was computed
// from inputs belongs to their Identity and to no other. Where files lie and what
// they are called is not part of it, as far as it does not change their order.
type Identity struct {
	Settings Settings   `json:"settings,omitempty"` // by name; see Identify
	Samples  []SampleID `json:"samples,omitempty"`  // in the order in which they are used
}

// IdentifyOptions of Identify; the zero value is good.
type IdentifyOptions struct {
	// Labels, where they decide numbers, are the classes of the samples.
	Labels []int
	// Progress is called with the number of samples read so far, rising, from one
	// goroutine at a time.
	Progress func(done int)
}

// Identify reads all of src, without decoding it, and returns the Identity of the
// inputs that preset makes of it. A set of tensors has no preset. A sample that
// cannot be read is part of the Identity as such: whoever decodes it will say why.
func Identify(ctx context.Context, src Source, preset vision.Preset, opts IdentifyOptions) (Identity, error) {
	id := Identity{Settings: settingsOf(src, preset), Samples: make([]SampleID, src.Len())}
	var group sync.WaitGroup
	var next atomic.Int64
	var progress sync.Mutex
	done := 0
	for range min(runtime.GOMAXPROCS(0), src.Len()) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < src.Len() && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				id.Samples[i] = identify(ctx, src, i)
				if opts.Labels != nil {
					id.Samples[i].Label = opts.Labels[i]
				}
				progress.Lock()
				if done++; opts.Progress != nil {
					opts.Progress(done)
				}
				progress.Unlock()
			}
		})
	}
	group.Wait()
	if err := ctx.Err(); err != nil {
		return Identity{}, err
	}
	shorten(id.Samples)
	return id, nil
}

// kindOfSamples is the setting that says whether samples are known as images, still to be
// prepared, or as tensors.
const kindOfSamples = "kind of samples"

// Tensors are the settings of samples that are known as the model sees them.
func Tensors() Settings { return Settings{kindOfSamples: KindTensors.String()} }

// settingsOf lists what decides the tensors that are made of images.
func settingsOf(src Source, p vision.Preset) Settings {
	if p.Channels == 0 {
		return Tensors()
	}
	switch {
	case len(p.Resize) == 0:
		p.Interpolation = ""
	case p.Interpolation == "":
		p.Interpolation = vision.Bilinear
	}
	s := Settings{kindOfSamples: KindImages.String()}
	s.Set("", p)
	if inner, _ := under(src, 0); inner != nil {
		if h, ok := inner.(hasher); ok {
			s.Set("exif", h.decoding().Upright)
			s.Set("max_pixels", h.decoding().MaxPixels)
		}
	}
	return s
}

// Differences says in what two identities differ; nil where they do not.
func (was Identity) Differences(is Identity) []string {
	if a, b := was.Settings[kindOfSamples], is.Settings[kindOfSamples]; a != b { // their digests are of different things
		return []string{fmt.Sprintf("samples were %s and are %s", orNothing(a), orNothing(b))}
	}
	return append(was.Settings.Differences(is.Settings), sampleDifferences(was.Samples, is.Samples)...)
}

// shorten cuts the folders off the names that all samples lie in.
func shorten(samples []SampleID) {
	if len(samples) == 0 {
		return
	}
	shared := samples[0].Name
	for _, s := range samples {
		for !strings.HasPrefix(s.Name, shared) {
			shared = shared[:len(shared)-1]
		}
	}
	cut := strings.LastIndexAny(shared, `/\`) + 1
	for i := range samples {
		samples[i].Name = strings.Clone(samples[i].Name[cut:])
	}
}
