package kerneltest

import (
	"fmt"
	"os"
	"strings"

	"github.com/octet-ml/octet/internal/cpu"
)

// requireVariable names the instruction sets that a run of the tests must have
// covered: OCTET_REQUIRE=avx2,avx512vnni. Without it a machine that lacks them skips
// the kernels in question, and the run passes.
const requireVariable = "OCTET_REQUIRE"

// refused says why a kernel must not be skipped for what the machine lacks; empty:
// it may be.
func refused(lacks cpu.Features) string {
	text := os.Getenv(requireVariable)
	required, err := cpu.Parse(strings.ReplaceAll(text, ",", "+"))
	if err != nil {
		return fmt.Sprintf("%s=%s: %v", requireVariable, text, err)
	}
	if wanted := lacks & required; wanted != 0 {
		return fmt.Sprintf("%s=%s asks for kernels with %v to be run, which this machine (%v) cannot: "+
			"run the tests on one that has it, or leave it out of the variable", requireVariable, text, wanted, cpu.Host())
	}
	return ""
}
