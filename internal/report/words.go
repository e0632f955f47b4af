package report

import (
	"fmt"
	"math"
	"path"
	"strings"
)

func percentText(p float64) string {
	switch {
	case p == 100 || p == 0:
		return fmt.Sprintf("%.0f %%", p)
	case p > 99.995: // not all
		return "99.99 %"
	}
	return fmt.Sprintf("%.2f %%", p)
}

// signed writes a difference with its sign: +0.12, −0.30, ±0.
func signed(d float64) string {
	switch d = math.Round(d*100) / 100; {
	case d > 0:
		return fmt.Sprintf("+%.2f", d)
	case d < 0:
		return fmt.Sprintf("−%.2f", -d)
	}
	return "±0"
}

// Size formats a size: 44.7 MB. The units are powers of 1000.
func Size(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d B", n)
}

// millisText formats milliseconds with three digits.
func millisText(ms float64) string {
	switch {
	case ms >= 100:
		return fmt.Sprintf("%.0f ms", ms)
	case ms >= 10:
		return fmt.Sprintf("%.1f ms", ms)
	case ms >= 1:
		return fmt.Sprintf("%.2f ms", ms)
	}
	return fmt.Sprintf("%.0f µs", 1000*ms)
}

// some joins the first n names and says how many there are.
func some(names []string, n int) string {
	if len(names) <= n {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:n], ", "), len(names)-n)
}

// countOf is a number of things: 1 input, 2 inputs.
func countOf(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// and joins names with a last "and".
func and(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

func fileName(file string) string { return path.Base(strings.ReplaceAll(file, "\\", "/")) }
