package report

import (
	"html"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
)

func TestPutEscapes(t *testing.T) {
	r := testseed.Rand(t)
	pieces := []string{"<script>", "</style>", `"`, "'", "&", "&lt;", "{}", "\x00", "=", " onload=x", "é", "𝄞", "\xff", "]]>", "<!--", "`", "%s"}
	for range 200 {
		var s string
		for range r.IntN(8) {
			s += pieces[r.IntN(len(pieces))]
		}
		var m markup
		m.put(`<p title="{}"{}>{}</p>`, s, attr("class", s), s)
		got := m.b.String()
		want := strings.ReplaceAll(s, "\x00", "\uFFFD")
		escaped := html.EscapeString(want)
		class := ""
		if s != "" {
			class = ` class="` + escaped + `"`
		}
		if got != `<p title="`+escaped+`"`+class+`>`+escaped+`</p>` || strings.ContainsAny(escaped, "<>\"'\x00") || html.UnescapeString(escaped) != want {
			t.Fatalf("%q gives %q", s, got)
		}
	}
	var m markup
	m.put(`{} {} {} {}`, 1.25, -3, raw("<b>"), "{}")
	if got := m.b.String(); got != "1.2 -3 <b> {}" {
		t.Errorf("%q", got)
	}
}

// A place that is left open is a mistake in the program.
func TestPutNeedsAnArgumentForEveryPlace(t *testing.T) {
	for name, put := range map[string]func(m *markup){
		"too few":  func(m *markup) { m.put("{} {}", "a") },
		"too many": func(m *markup) { m.put("{}", "a", "b") },
		"a type":   func(m *markup) { m.put("{}", []byte("a")) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			put(new(markup))
		}()
	}
}
