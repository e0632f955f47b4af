package kerneltest

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	armStore   = regexp.MustCompile(`^(MOVB|MOVH|MOVW|MOVD|FMOVS|FMOVD|FMOVQ|VST\d|STP|STPW|FSTP[SDQ])(\.[PW])?$`)
	armAddress = regexp.MustCompile(`^(-?\d*)\((\w+)\)(\(\w+(?:<<\d)?\))?$`)
	armWidths  = map[string]uintptr{"MOVB": 1, "MOVH": 2, "MOVW": 4, "FMOVS": 4, "FMOVQ": 16, "STP": 16, "FSTPD": 16, "FSTPQ": 32}
)

// armStores is stores for arm64, where parts find the argument in R0. Adding to its address
// counts as writing there.
func armStores(text string, routines map[string]bool) (found []store) {
	parts := partsOf(text, routines)
	holds := map[string]bool{}
	inside := false
	number := 0
	for line := range strings.Lines(text) {
		number++
		if m := textOf.FindStringSubmatch(line); m != nil {
			inside = routines[m[1]] || parts[m[2]]
			clear(holds)
			holds["R0"] = parts[m[2]]
			continue
		}
		code, _, _ := strings.Cut(line, "//")
		op, rest, ok := strings.Cut(strings.TrimSpace(code), " ")
		if !ok || !inside {
			continue
		}
		operands := strings.Split(rest, ", ")
		last := strings.TrimSpace(operands[len(operands)-1])
		name := armStore.FindStringSubmatch(op)
		at := armAddress.FindStringSubmatch(last)
		switch {
		case name != nil && at != nil && holds[at[2]]:
			offset, _ := strconv.Atoi("0" + at[1])
			width := armWidths[name[1]]
			switch {
			case strings.HasPrefix(op, "VST"):
				width = 64
			case width == 0:
				width = 8
			}
			found = append(found, store{number, strings.TrimSpace(code), uintptr(offset), width, at[3] != ""})
		case op == "MOVD" && (loaded.MatchString(operands[0]) || holds[operands[0]]) && at == nil:
			holds[last] = true
			continue
		case (op == "ADD" || op == "SUB") && len(operands) > 1 && holds[operands[1]]:
			offset, err := strconv.Atoi(strings.TrimPrefix(operands[0], "$"))
			found = append(found, store{number, strings.TrimSpace(code), uintptr(offset), 8, err != nil})
		}
		delete(holds, last)
	}
	return found
}
