package octet

import (
	"fmt"
	"slices"
	"strings"

	"github.com/octet-ml/octet/statedict"
	"github.com/octet-ml/octet/torch"
	"github.com/octet-ml/octet/zoo"
)

// ChoiceError reports a file with several networks, any of which could be meant.
// It matches torch.ErrAmbiguous.
type ChoiceError struct {
	File    string   // path of the file
	Choices []Choice // in the order of the file; empty where the architectures do not matter

	reason error // in place of the list, where the architectures do not matter
}

// Choice is a network in a file: the key that WithKey takes, and its architecture
// where that is known.
type Choice struct {
	Key  string `json:"key"`            // as WithKey and --key take it
	Arch string `json:"arch,omitempty"` // as zoo names it; empty where it is not known
}

// Error lists the choices.
func (e *ChoiceError) Error() string {
	if e.reason != nil {
		return e.reason.Error()
	}
	const most = 8
	var list []string
	for i, c := range e.Choices {
		if i == most && len(e.Choices) > most+1 {
			list = append(list, fmt.Sprintf("and %d more", len(e.Choices)-most))
			break
		}
		list = append(list, fmt.Sprintf("%s (%s)", c.Key, c.Arch))
	}
	return fmt.Sprintf("%s: %v fit: %s; choose one by its key, such as --key %s",
		e.File, torch.ErrAmbiguous, strings.Join(list, ", "), e.Choices[0].Key)
}

// Unwrap returns torch.ErrAmbiguous.
func (e *ChoiceError) Unwrap() error { return torch.ErrAmbiguous }

func (m *Model) severalFit(fits []network) error {
	err := &ChoiceError{File: m.origin.file}
	for _, n := range fits {
		err.Choices = append(err.Choices, Choice{n.key(), n.place.Archs[0]})
	}
	return err
}

// NearestError reports a file that does not name its architecture and fits none
// of those that octet knows.
type NearestError struct {
	File     string                   // path of the file
	Arch     string                   // the nearest; empty where none is near
	Prefix   string                   // under which it is
	Share    float64                  // of the layers of both, what they have in common
	Why      string                   // in words, where the keys alone do not show it; may be empty
	Key      string                   // that opens the nearest place alone; may be empty
	Mismatch *statedict.MismatchError // nil where the place alone fits
}

// Error says what is nearest and how it differs.
func (e *NearestError) Error() string {
	const unnamed = "the file does not name its architecture"
	if e.Arch == "" {
		text := fmt.Sprintf("%s: %s and its keys are not those of a known one", e.File, unnamed)
		if e.Why != "" {
			text += "; " + e.Why
		}
		return text + "\nknown are " + strings.Join(archNames(), ", ") + ": name the one it was made for, to see what differs"
	}
	if e.Mismatch == nil {
		return fmt.Sprintf("%s: nearest is %s, under the key %s, but it is not the whole network: %s; --key %[3]s opens that part alone",
			e.File, e.Arch, e.Key, e.Why)
	}
	text := fmt.Sprintf("%s: nearest is %s, with %.0f %% of the layers in common", e.File, e.Arch, 100*e.Share)
	if e.Prefix != "" {
		text += " under the prefix " + e.Prefix
	}
	text += "; " + unnamed
	if e.Why != "" {
		text += "\n" + e.Why
	}
	return text + "\n" + e.Mismatch.Summary()
}

// Unwrap returns the mismatch with the nearest architecture.
func (e *NearestError) Unwrap() error {
	if e.Mismatch == nil {
		return nil
	}
	return e.Mismatch
}

func archNames() []string {
	var names []string
	for _, a := range zoo.Architectures() {
		names = append(names, a.Name)
	}
	return names
}

// noneFits takes what is nearest as the model's state dict, so that binding tells
// the differences, and returns how to explain them; or says why nothing is near.
func (m *Model) noneFits(dicts []stateDict, nearest network, arch string) (explain, error) {
	const enough = 0.4
	sd, place := nearest.dict.StateDict, nearest.place
	if err := sd.Reparametrized(); err != nil {
		return nil, err
	}
	unknown := place.Share < enough && !place.Covered
	switch {
	case unknown && len(dicts) > 1:
		return nil, m.manyUnknown(dicts)
	case unknown && arch == "":
		return nil, &NearestError{File: m.origin.file, Why: zoo.Foreign(sd.Keys())}
	}
	m.use(nearest)
	near := func(mismatch *statedict.MismatchError) error {
		return &NearestError{File: m.origin.file, Arch: place.Nearest, Prefix: strings.Join(sd.Stripped, "") + place.Prefix,
			Share: min(place.Share, 1), Why: place.Why, Key: nearest.key(), Mismatch: mismatch}
	}
	if m.meta.Arch = arch; arch != "" {
		looksLike := m.looksLike(place.Why)
		return func(mismatch *statedict.MismatchError) error {
			if mismatch == nil && place.Why != "" {
				return near(nil)
			}
			return looksLike(mismatch)
		}, nil
	}
	m.meta.Arch = place.Nearest
	return func(mismatch *statedict.MismatchError) error {
		if mismatch == nil && place.Why == "" {
			m.assume(AssumedArch, "architecture %s: it is the nearest, and the file does not name one", place.Nearest)
			return nil
		}
		return near(mismatch)
	}, nil
}

// explain says more about a state dict that cannot be bound. It is asked with nil
// about one that can be, and may refuse it all the same: a part of a network.
type explain func(*statedict.MismatchError) error

// manyUnknown is the error for several state dicts none of which is known.
func (m *Model) manyUnknown(dicts []stateDict) error {
	var keys []string
	for _, d := range dicts {
		keys = append(keys, d.key)
	}
	return &ChoiceError{File: m.origin.file, Choices: unknownChoices(keys),
		reason: fmt.Errorf("%s: %w: %s, and none is of a known architecture; choose one by its key, such as --key %s",
			m.origin.file, torch.ErrAmbiguous, groups(keys), keys[0])}
}

func unknownChoices(keys []string) []Choice {
	var choices []Choice
	for _, k := range keys {
		choices = append(choices, Choice{Key: k})
	}
	return choices
}

// looksLike adds to a mismatch what the file looks like instead.
func (m *Model) looksLike(why string) explain {
	return func(mismatch *statedict.MismatchError) error {
		if mismatch == nil {
			return nil
		}
		looks := &LooksLikeError{Mismatch: mismatch, Why: why}
		fits, _ := zoo.Find(m.origin.state.Keys(), statedict.ShapesOf(m.origin.state), "")
		for _, p := range fits {
			looks.Archs = append(looks.Archs, p.Archs...)
		}
		looks.Archs = slices.DeleteFunc(looks.Archs, func(name string) bool { return name == m.meta.Arch })
		if len(looks.Archs) == 0 && why == "" {
			return mismatch
		}
		return looks
	}
}

// LooksLikeError is a mismatch with the architecture that was named, of a file
// that fits others.
type LooksLikeError struct {
	Mismatch *statedict.MismatchError // with the architecture that was named
	Archs    []string                 // best first
	Why      string                   // in words, what the keys alone do not show; may be empty
}

// Error is the report of differences, and what the file looks like.
func (e *LooksLikeError) Error() string {
	text := e.Mismatch.Error()
	if e.Why != "" {
		text += "\n" + e.Why
	}
	if len(e.Archs) > 0 {
		text += "\nthe file looks like " + strings.Join(e.Archs, " or ")
	}
	return text
}

// Unwrap returns the mismatch.
func (e *LooksLikeError) Unwrap() error { return e.Mismatch }
