package dataset

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// Coverage says of which samples of which set something was made. Those of the shards of a
// set merge, and the Coverage of all of them is that of a run over the whole set.
type Coverage struct {
	// Data is what the set is called, without the folder that it is in.
	Data string `json:"data"`
	// Set identifies the set: the names of its samples, or of its parts where there are
	// several, and their labels.
	Set string `json:"set"`
	// Settings decide what becomes of a sample.
	Settings Settings `json:"settings,omitempty"`
	// Count is the number of shards, and Shards lists those that were seen, ascending.
	// Both are empty where that is all of them.
	Count  int   `json:"shards,omitempty"`
	Shards []int `json:"seen,omitempty"`
	// Samples counts the samples seen, those that could not be read among them.
	Samples int `json:"samples"`
	// Content is the sum of the digests of all samples: what they are, whatever their order.
	Content Content `json:"content"`
}

// maxSamples bounds Samples, so that no sum of damaged ones overflows.
const maxSamples = math.MaxInt / 4

// ErrForeign: shards are of different sets, models or recipes. Test with errors.Is.
var ErrForeign = errors.New("the shards do not belong together")

// Complete reports whether all shards were seen.
func (c *Coverage) Complete() bool { return c.Count == 0 }

// Missing lists the shards that were not seen, ascending.
func (c *Coverage) Missing() []int {
	var missing []int
	for i := range c.Count {
		if _, ok := slices.BinarySearch(c.Shards, i+1); !ok {
			missing = append(missing, i+1)
		}
	}
	return missing
}

// Merge adds what o has seen. Errors match ErrForeign where it is of another set, and say
// which shards both have.
func (c *Coverage) Merge(o *Coverage) error {
	if c.Set != o.Set {
		return Foreign("they are of other data: %s (%.12s) and %s (%.12s)", c.Data, c.Set, o.Data, o.Set)
	}
	if d := c.Settings.Differences(o.Settings); d != nil {
		return Foreign("the images were prepared differently: %s", strings.Join(d, "; "))
	}
	switch {
	case c.Samples+o.Samples > maxSamples:
		return errors.New("they count more samples than any set has: one of them is damaged, so run it again")
	case c.Complete() || o.Complete():
		return errors.New("one of them is of the whole set already, and would count twice")
	case c.Count != o.Count:
		return Foreign("the set was cut into %d shards for one and into %d for another", c.Count, o.Count)
	}
	var twice []int
	for _, s := range o.Shards {
		if _, ok := slices.BinarySearch(c.Shards, s); ok {
			twice = append(twice, s)
		}
	}
	if twice != nil {
		return fmt.Errorf("%s of %d come twice", ListShards(twice), c.Count)
	}
	c.Shards = append(slices.Clone(c.Shards), o.Shards...)
	slices.Sort(c.Shards)
	c.Data = min(c.Data, o.Data)
	c.Samples += o.Samples
	c.Content.add(o.Content)
	c.settle()
	return nil
}

// settle drops the list of shards where all were seen.
func (c *Coverage) settle() {
	if len(c.Shards) == c.Count {
		c.Count, c.Shards = 0, nil
	}
}

// Check refuses what no run writes, as damaged files hold.
func (c *Coverage) Check() error {
	ordered := slices.IsSorted(c.Shards) && len(slices.Compact(slices.Clone(c.Shards))) == len(c.Shards)
	n := len(c.Shards)
	switch {
	case c.Set == "", c.Samples < 0, c.Samples > maxSamples, c.Count < 0, c.Count > maxShards:
		return errors.New("it does not say which samples it is of")
	case c.Count == 0 && n > 0, c.Count > 0 && (n == 0 || n >= c.Count), !ordered:
		return fmt.Errorf("its list of shards, %v of %d, is damaged", c.Shards, c.Count)
	case n > 0 && (c.Shards[0] < 1 || c.Shards[n-1] > c.Count):
		return fmt.Errorf("its list of shards, %v of %d, is damaged", c.Shards, c.Count)
	}
	return nil
}

// ListShards names shards in a message: "shards 2, 5 to 7".
func ListShards(shards []int) string {
	var parts []string
	for i := 0; i < len(shards); {
		j := i
		for j+1 < len(shards) && shards[j+1] == shards[j]+1 {
			j++
		}
		if j > i+1 {
			parts = append(parts, fmt.Sprintf("%d to %d", shards[i], shards[j]))
		} else {
			for _, s := range shards[i : j+1] {
				parts = append(parts, fmt.Sprint(s))
			}
		}
		i = j + 1
	}
	word := "shards"
	if len(shards) == 1 {
		word = "shard"
	}
	return word + " " + strings.Join(parts, ", ")
}

type foreignError struct{ error }

func (e foreignError) Is(target error) bool { return target == ErrForeign }

// Foreign is an error that matches ErrForeign, for what is merged along with a Coverage.
func Foreign(format string, args ...any) error { return foreignError{fmt.Errorf(format, args...)} }

// Content is a sum of digests modulo 2^256, which does not depend on their order.
type Content [4]uint64

func (c *Content) add(o Content) {
	var carry uint64
	for i := range c {
		c[i], carry = bits.Add64(c[i], o[i], carry)
	}
}

// see adds a sample.
func (c *Content) see(at Place, name string, label int, sum Sum) {
	h := sha256.New()
	fmt.Fprintf(h, "%d %d %d %x %s", at.Part, at.Index, label, sum[:], name)
	var d Content
	b := h.Sum(nil)
	for i := range d {
		d[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	c.add(d)
}

// MarshalText writes 64 hexadecimal digits.
func (c Content) MarshalText() ([]byte, error) {
	var b []byte
	for _, v := range c {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	return hex.AppendEncode(nil, b), nil
}

// UnmarshalText reads what MarshalText wrote.
func (c *Content) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != 8*len(c) {
		return fmt.Errorf("%.80q does not identify samples", text)
	}
	for i := range c {
		c[i] = binary.BigEndian.Uint64(b[8*i:])
	}
	return nil
}

// Place is where a sample stands in a set that is read front to back: in which of its parts,
// and where in that one, both from 0.
type Place struct {
	Part  int // of the set
	Index int // of the sample in its part
}

// Compare orders places as they are read.
func (p Place) Compare(o Place) int {
	return cmp.Or(cmp.Compare(p.Part, o.Part), cmp.Compare(p.Index, o.Index))
}
