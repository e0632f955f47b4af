//go:build (amd64 || arm64) && !noasm

package pool32

import "github.com/octet-ml/octet/internal/operand"

// windows is the argument of an assembly routine.
type windows struct {
	operand.WindowCursor
	least float32 // what maxima begin with
}
