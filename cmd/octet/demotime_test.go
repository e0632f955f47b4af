package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/internal/timing"
)

// quickDemo has the demo's models timed in few runs.
func quickDemo(t *testing.T) {
	b := demoBudget
	demoBudget = timing.Budget{Runs: 20}
	t.Cleanup(func() { demoBudget = b })
}

// What is printed is a figure where one was measured, and what to do where int8 does
// not pay.
func TestDemoStatesSpeedsThatWereMeasured(t *testing.T) {
	for _, c := range []struct {
		speed     report.Speed
		want      []string
		excluding bool
	}{
		{report.Speed{Times: 1.94, Low: 1.9, High: 1.97, Turns: 900}, []string{"1.94 × (1.90–1.97)", "median of 900 runs"}, false},
		{report.Speed{Times: 1.3, Low: 0.9, High: 1.7, Turns: 10}, []string{"no difference", "0.90 to 1.70"}, true},
		{report.Speed{Times: 1.01, Low: 1.005, High: 1.015, Turns: 900}, []string{"no difference"}, true},
		{report.Speed{Times: 0.98, Low: 0.9, High: 1.1, Turns: 900}, []string{"no difference"}, true},
		{report.Speed{Times: 0.5, Low: 0.4, High: 0.6, Turns: 900}, []string{"0.50 ×", "2.00 times slower (1.67 to 2.50)", "too small"}, true},
	} {
		o := demoOutput{Arch: "x", Models: []demoRow{{Name: "float", Kind: "float"}, {Name: "int8 fbgemm", Kind: "int8", Speed: &c.speed}}, Threads: 1}
		var b bytes.Buffer
		o.print(&b)
		for _, want := range c.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%+v: %q is missing:\n%s", c.speed, want, b.String())
			}
		}
		if strings.Contains(b.String(), "--exclude-slower") != c.excluding || strings.Contains(b.String(), "1.30") {
			t.Errorf("%+v:\n%s", c.speed, b.String())
		}
	}
}

// bench names the flag where int8 does not pay as a whole, and where layers do not.
func TestBenchSaysWhereInt8DoesNotPay(t *testing.T) {
	fast, same := &report.Speed{Times: 2, Low: 1.9, High: 2.1}, &report.Speed{Times: 1, Low: 0.9, High: 1.1}
	for _, c := range []struct {
		speed  *report.Speed
		slower []string
		want   string
		hint   bool
	}{
		{fast, []string{}, "2.00 times faster (1.90 to 2.10)", false},
		{fast, []string{"fc"}, "slower than in float32: fc", true},
		{same, []string{}, "no difference measured (0.90 to 1.10)", true},
		{&report.Speed{Times: 0.5, Low: 0.4, High: 0.6}, []string{"conv1"}, "2.00 times slower", true},
		{nil, nil, "", false}, // a float model
	} {
		var b bytes.Buffer
		(&benchOutput{Speed: c.speed, Slower: c.slower}).print(&b)
		if !strings.Contains(b.String(), c.want) || strings.Contains(b.String(), "--exclude-slower") != c.hint {
			t.Errorf("%v, %v:\n%s", c.speed, c.slower, b.String())
		}
	}
}
