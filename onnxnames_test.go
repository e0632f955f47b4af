package octet

import (
	"slices"
	"testing"
)

// TestNamesOfUltralytics: Python's repr of a dictionary from 0 on becomes labels; anything else
// is left alone.
func TestNamesOfUltralytics(t *testing.T) {
	for text, want := range map[string][]string{
		`{0: 'person', 1: 'traffic light'}`:        {"person", "traffic light"},
		`{0: "shepherd's pie", 1: 'a, {b}: "c"',}`: {"shepherd's pie", `a, {b}: "c"`},
		`{0: 'it\'s \\ "both"'}`:                   {`it's \ "both"`},
		`{}`:                                       nil,
		`{1: 'person'}`:                            nil,
		`{0: 'person', 0: 'x'}`:                    nil,
		`{0: 'person'`:                             nil,
		`["person"]`:                               nil,
		`{0: person}`:                              nil,
		`{0: 'person' 1: 'cat'}`:                   nil,
	} {
		if got := namesOf(text); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
