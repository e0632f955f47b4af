package shell

import "testing"

func TestQuote(t *testing.T) {
	for word, want := range map[string]string{
		"photos/val": "photos/val", "layer4.*.conv2": "'layer4.*.conv2'", "my photos": "'my photos'", "it's": `'it'\''s'`, "": "''",
		"$(rm -rf x)": "'$(rm -rf x)'", "a\nb": "'a\nb'", "2024-01-01T12:30:00.pth": "2024-01-01T12:30:00.pth",
	} {
		if got := Quote(word); got != want {
			t.Errorf("%q becomes %s, want %s", word, got, want)
		}
	}
}
