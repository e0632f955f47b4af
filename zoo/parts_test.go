package zoo

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// notTorchvisions are architectures that tools/golden/zoo.py cannot make, and what
// proves them instead.
var notTorchvisions = map[string]string{
	"fashion_resnet8":              "cmd/octet/demodata holds what PyTorch trained and its accuracy",
	"fashion_mobilenet":            "cmd/octet/demodata holds what PyTorch trained and its accuracy",
	"googlenet+transform_input":    "googlenet behind an operator of its own, which tools/golden/op.py has",
	"inception_v3+transform_input": "inception_v3 behind an operator of its own, which tools/golden/op.py has",
}

// familyName is what the name of an architecture has in common with those of its family:
// wide_resnet of wide_resnet50_2, mobilenet_v3 of mobilenet_v3_large.
var familyName = regexp.MustCompile(`^([a-z]+_v\d|[a-z_]*[a-z])`)

// Every architecture has what CONTRIBUTING lists: golden data, and its family's name in
// README and CHANGELOG.
func TestEveryArchitectureHasItsParts(t *testing.T) {
	golden := layouts(t)
	plain := func(s string) string { // MobileNet V2 and mobilenet_v2 are one
		return regexp.MustCompile(`[^a-z0-9]`).ReplaceAllString(strings.ToLower(s), "")
	}
	texts := map[string]string{}
	for _, file := range []string{"README.md", "CHANGELOG.md"} {
		text, err := os.ReadFile("../" + file)
		if err != nil {
			t.Fatal(err)
		}
		texts[file] = plain(string(text))
	}
	for _, a := range Architectures() {
		l, ok := golden[a.Name]
		if reason := notTorchvisions[a.Name]; (reason == "") != ok {
			t.Errorf("%s has golden data of tools/golden/zoo.py: %v; a reason for none: %q", a.Name, ok, reason)
		}
		if !ok {
			continue
		}
		g, err := Build(a.Name, nil, Plain)
		if err != nil {
			t.Fatal(err)
		}
		if l.Logits == nil && numel(g) <= largeNumel {
			t.Errorf("%s has no golden logits: python tools/golden/zoo.py %s makes them", a.Name, a.Name)
		}
		family := familyName.FindString(a.Name)
		for file, text := range texts {
			if !strings.Contains(text, plain(family)) {
				t.Errorf("%s does not name %s", file, family)
			}
		}
	}
}

// Foreign is asked where no architecture fits: it must not call one foreign that is known.
func TestNoKnownArchitectureIsForeign(t *testing.T) {
	for _, a := range Architectures() {
		g, err := Build(a.Name, nil, Plain)
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, p := range g.Params {
			keys = append(keys, p.Name)
		}
		if words := Foreign(keys); words != "" {
			t.Errorf("%s: Foreign says that %s (zoo/foreign.go)", a.Name, words)
		}
	}
}
