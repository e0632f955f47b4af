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
	eachInstruction(text, routines, "R0", func(i instruction, holds map[string]bool) {
		from, last := i.operands[0], i.last()
		name := armStore.FindStringSubmatch(i.op)
		at := armAddress.FindStringSubmatch(last)
		switch {
		case name != nil && at != nil && holds[at[2]]:
			offset, _ := strconv.Atoi("0" + at[1])
			width := armWidths[name[1]]
			switch {
			case strings.HasPrefix(i.op, "VST"):
				width = 64
			case width == 0:
				width = 8
			}
			found = append(found, i.writes(uintptr(offset), width, at[3] != ""))
		case i.op == "MOVD" && (loaded.MatchString(from) || holds[from]) && at == nil:
			holds[last] = true
			return
		case (i.op == "ADD" || i.op == "SUB") && len(i.operands) > 1 && holds[i.operands[1]]:
			offset, err := strconv.Atoi(strings.TrimPrefix(from, "$"))
			found = append(found, i.writes(uintptr(offset), 8, err != nil))
		}
		delete(holds, last)
	})
	return found
}
