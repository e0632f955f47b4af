package console

import (
	"fmt"
	"strings"
	"time"

	"github.com/octet-ml/octet/vision"
)

// CountText formats a number of things: 11.69 M.
func CountText(n int) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.2f M", float64(n)/1e6)
	case n >= 1e4:
		return fmt.Sprintf("%.1f k", float64(n)/1e3)
	}
	return fmt.Sprint(n)
}

// DurationText rounds to three digits.
func DurationText(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}

// PresetText describes preprocessing in a line.
func PresetText(p vision.Preset) string {
	var parts []string
	if p.Channels == 1 {
		parts = append(parts, "grey")
	} else {
		parts = append(parts, "RGB")
	}
	if len(p.Resize) > 0 {
		how := p.Interpolation
		if how == "" {
			how = vision.Bilinear
		}
		parts = append(parts, fmt.Sprintf("resize %s %s", dimsText(p.Resize), how))
	}
	if len(p.Crop) > 0 {
		parts = append(parts, "centre crop "+dimsText(p.Crop))
	}
	if len(p.Input) > 0 {
		parts = append(parts, "images of "+dimsText(p.Input))
	}
	if len(p.Mean) > 0 {
		parts = append(parts, fmt.Sprintf("mean %v, std %v", p.Mean, p.Std))
	}
	if p.Pixels {
		parts = append(parts, "pixels from 0 to 255")
	}
	if p.ChannelsLast {
		parts = append(parts, "channels last")
	}
	return strings.Join(parts, ", ")
}

func dimsText(d []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(d), " ", "x"), "[]")
}

// OrUnknown is the name of data; "unknown data" where it is empty.
func OrUnknown(s string) string {
	if s == "" {
		return "unknown data"
	}
	return s
}

// Ratio is a/b; 0 where b is 0.
func Ratio(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
