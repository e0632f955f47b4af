package pt2_test

import (
	"archive/zip"
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
)

// programs reads the networks of the golden archive.
func programs(t testing.TB) map[string]archive {
	z, err := zip.OpenReader("testdata/networks.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	found := map[string]archive{}
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, ".pt2") {
			continue
		}
		data := contents(t, f)
		inner, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		a := archive{}
		for _, record := range inner.File {
			a[record.Name] = contents(t, record)
		}
		found[f.Name] = a
	}
	return found
}

func contents(t testing.TB, f *zip.File) []byte {
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// words are what damage changes: numbers, names and kinds of arguments.
var words = regexp.MustCompile(`-?\b\d+\b|"[A-Za-z_][A-Za-z_0-9.]*"|true|false|null`)

// TestDamagedPrograms: programs of which one word is another do not make the reader panic.
func TestDamagedPrograms(t *testing.T) {
	r := testseed.Rand(t)
	odd := []string{"0", "-1", "1", "7", "2147483647", "-2147483648", "9223372036854775807", "null", "true", `"x"`, "[]", "{}", `"NaN"`}
	for name, a := range programs(t) {
		record := strings.TrimSuffix(name, ".pt2") + "/models/model.json"
		whole := a[record]
		places := words.FindAllIndex(whole, -1)
		for range 12 {
			at := places[r.IntN(len(places))]
			with := []byte(odd[r.IntN(len(odd))])
			if other := places[r.IntN(len(places))]; r.IntN(2) == 0 {
				with = whole[other[0]:other[1]]
			}
			a[record] = bytes.Join([][]byte{whole[:at[0]], with, whole[at[1]:]}, nil)
			func() {
				defer func() {
					if p := recover(); p != nil {
						t.Errorf("%s: panic: %v", name, p)
					}
				}()
				build(a.packed(t, zip.Store))
			}()
		}
	}
}
