package cpu

import (
	"runtime"

	"golang.org/x/sys/windows"
)

// matricesReported asks Windows for I8MM, which x/sys/cpu does not.
func matricesReported() bool {
	return runtime.GOARCH == "arm64" && windows.IsProcessorFeaturePresent(windows.PF_ARM_V82_I8MM_INSTRUCTIONS_AVAILABLE)
}
