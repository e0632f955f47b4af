package main

import (
	"slices"
	"strings"
	"testing"
)

// Every loop that is priced is where the table says.
func TestLoopsAreThere(t *testing.T) {
	t.Chdir("../..")
	for _, l := range loops {
		words, err := l.assemble()
		if err != nil {
			t.Errorf("%s: %v", l.name, err)
		} else if n := strings.Count(words, "\n"); n < 10 {
			t.Errorf("%s has %d instructions", l.name, n)
		}
	}
}

func TestStretches(t *testing.T) {
	lines := strings.Split("TEXT a<>(SB), NOSPLIT, $0-0\nsteps:\n\tRET\nTEXT b<>(SB), NOSPLIT, $0-0\nsteps:\n\tADD $1, R1\n\tBGE steps\n\tB out\nout:\n\tRET", "\n")
	var got []int
	for _, s := range []stretch{{"steps", ""}, {"steps", "out"}} {
		first, last, err := s.find(lines, "b")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, first, last)
	}
	if want := []int{6, 7, 6, 8}; !slices.Equal(got, want) {
		t.Errorf("lines %v, want %v", got, want)
	}
	for _, s := range []stretch{{"steps", "later"}, {"begin", ""}} {
		if _, _, err := s.find(lines, "b"); err == nil {
			t.Errorf("%v was found", s)
		}
	}
}

func TestProducts(t *testing.T) {
	text := "\tsdot\tv16.4s, v4.16b, v0.4b[0]\n\tsmull\tv8.8h, v0.8b, v4.8b\n\tsmlal\tv8.4s, v0.4h, v4.4h\n\tusmmla\tv16.4s, v8.16b, v9.16b\n\tusdot\tv16.4s, v0.16b, v24.16b\n\tfmla\tv16.4s, v1.4s, v0.s[1]\n\tldr\tq0, [x4], #16\n"
	if got, want := products(text), 16+8+4+32+16+4; got != want {
		t.Errorf("%d products, want %d", got, want)
	}
}
