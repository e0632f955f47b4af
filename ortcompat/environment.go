package ortcompat

import (
	"errors"
	"runtime/debug"
	"sync/atomic"
)

// ErrNotInitialized is returned where InitializeEnvironment has to come first.
var ErrNotInitialized = errors.New("ortcompat: the environment is not initialized: call InitializeEnvironment first")

var initialized atomic.Bool

// EnvironmentOption is an option of InitializeEnvironment.
type EnvironmentOption func()

// WithLogLevelVerbose and its likes choose what ONNX Runtime logs; octet logs nothing.
func WithLogLevelVerbose() EnvironmentOption { return func() {} }

// WithLogLevelInfo is like WithLogLevelVerbose.
func WithLogLevelInfo() EnvironmentOption { return func() {} }

// WithLogLevelWarning is like WithLogLevelVerbose.
func WithLogLevelWarning() EnvironmentOption { return func() {} }

// WithLogLevelError is like WithLogLevelVerbose.
func WithLogLevelError() EnvironmentOption { return func() {} }

// WithLogLevelFatal is like WithLogLevelVerbose.
func WithLogLevelFatal() EnvironmentOption { return func() {} }

// SetSharedLibraryPath does nothing: there is no shared library.
func SetSharedLibraryPath(string) {}

// InitializeEnvironment has to be called once before tensors and sessions are made.
func InitializeEnvironment(opts ...EnvironmentOption) error {
	if !initialized.CompareAndSwap(false, true) {
		return errors.New("ortcompat: the environment is initialized already")
	}
	for _, opt := range opts {
		opt()
	}
	return nil
}

// DestroyEnvironment ends what InitializeEnvironment has begun.
func DestroyEnvironment() error {
	if !initialized.CompareAndSwap(true, false) {
		return ErrNotInitialized
	}
	return nil
}

// IsInitialized reports whether the environment is initialized.
func IsInitialized() bool { return initialized.Load() }

// DisableTelemetry does nothing: there is none.
func DisableTelemetry() error { return nil }

// EnableTelemetry is an error: octet sends nothing anywhere.
func EnableTelemetry() error {
	return errors.New("ortcompat: octet has no telemetry that could be enabled")
}

// GetVersion is the version of octet in the program; it is empty where the program does not
// say it.
func GetVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == "github.com/octet-ml/octet" {
			return m.Version
		}
	}
	return ""
}

func check() error {
	if !IsInitialized() {
		return ErrNotInitialized
	}
	return nil
}
