package spelling

import "testing"

func TestNear(t *testing.T) {
	backends := []string{"fbgemm", "qnnpack", "onednn", "x86"}
	archs := []string{"resnet18", "resnet50", "mobilenet_v2", "googlenet"}
	for _, c := range []struct {
		typed string
		words []string
		want  string
	}{
		{"fbgem", backends, "fbgemm"}, {"fbegmm", backends, "fbgemm"}, {"FBGEMM", backends, "fbgemm"}, {"qnpack", backends, "qnnpack"},
		{"onednnn", backends, "onednn"}, {"x68", backends, "x86"}, {"cuda", backends, ""}, {"", backends, ""}, {"x", backends, ""},
		{"resnet19", archs, "resnet18"}, {"mobilenetv2", archs, "mobilenet_v2"}, {"mobilenet", archs, "mobilenet_v2"},
		{"google-net", archs, "googlenet"}, {"vgg16", archs, ""}, {"resnet", archs, "resnet18"},
	} {
		if got := Near(c.typed, c.words); got != c.want {
			t.Errorf("%q is near %q, want %q", c.typed, got, c.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abd", 1}, {"abcd", "abdc", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 1}, {"ca", "abc", 3}} {
		if got := Distance(c.a, c.b); got != c.want {
			t.Errorf("from %q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
