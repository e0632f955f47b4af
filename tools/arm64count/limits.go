package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
)

// growth is what an inference may cost more than the limit says. A count varies by less.
const growth = 0.01

// checkLimits compares results with the counts in a file, by model and core. Every result must
// have its limit and every limit its result. With accept it writes the file instead.
func checkLimits(results []result, path string, accept bool) error {
	if path == "" {
		return nil
	}
	now := map[string]int64{}
	for _, r := range results {
		now[r.Model+", "+r.Core] = r.Steady
	}
	if accept {
		text, err := json.MarshalIndent(now, "", "  ")
		if err != nil {
			return err
		}
		return os.WriteFile(path, append(text, '\n'), 0o666)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	limits := map[string]int64{}
	if err := json.Unmarshal(text, &limits); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var wrong []error
	for _, name := range slices.Sorted(keys(now, limits)) {
		count, counted := now[name]
		limit, limited := limits[name]
		switch {
		case !counted:
			wrong = append(wrong, fmt.Errorf("%s: %s has a limit, and was not counted", name, path))
		case !limited:
			wrong = append(wrong, fmt.Errorf("%s: %s has no limit of it", name, path))
		case float64(count) > float64(limit)*(1+growth):
			wrong = append(wrong, fmt.Errorf("%s: %d instructions, %.1f %% more than the %d of %s", name, count,
				100*(float64(count)/float64(limit)-1), limit, path))
		case float64(count) < float64(limit)*(1-growth):
			fmt.Printf("%s: %.1f %% less than the limit; -accept keeps that\n", name, 100*(1-float64(count)/float64(limit)))
		}
	}
	if len(wrong) > 0 {
		wrong = append(wrong, errors.New("if that is meant, write the new counts with -accept, and say why in the commit"))
	}
	return errors.Join(wrong...)
}

// keys are those of both maps.
func keys(a, b map[string]int64) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range a {
			if !yield(k) {
				return
			}
		}
		for k := range b {
			if _, both := a[k]; !both && !yield(k) {
				return
			}
		}
	}
}
