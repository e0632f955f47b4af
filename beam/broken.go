package octetbeam

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

func init() {
	beam.RegisterType(reflect.TypeFor[writeBroken]())
	beam.RegisterType(reflect.TypeFor[Broken]())
}

// WriteBroken writes a Broken of broken on each line of a file, as JSON in the order of their
// names. Without any there is no file.
func WriteBroken(s beam.Scope, file string, broken beam.PCollection) {
	s = s.Scope("octet.WriteBroken")
	beam.ParDo0(s, &writeBroken{file}, beam.GroupByKey(s, beam.AddFixedKey(s, broken)))
}

type writeBroken struct{ File string }

// ProcessElement writes all.
func (f *writeBroken) ProcessElement(ctx context.Context, _ int, next func(*Broken) bool) error {
	var all []Broken
	for b := (Broken{}); next(&b); {
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b Broken) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Error, b.Error)) })
	return Write(ctx, f.File, func(w io.Writer) error {
		lines := json.NewEncoder(w)
		lines.SetEscapeHTML(false)
		for _, b := range all {
			if err := lines.Encode(b); err != nil {
				return err
			}
		}
		return nil
	})
}
