package ortcompat

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// SessionOptions say how a session computes.
type SessionOptions struct {
	threads   int
	entries   map[string]string
	destroyed bool
}

// NewSessionOptions returns the default: all cores.
func NewSessionOptions() (*SessionOptions, error) {
	if err := check(); err != nil {
		return nil, err
	}
	return &SessionOptions{entries: map[string]string{}}, nil
}

// Destroy ends the use of the options; sessions made with them go on.
func (o *SessionOptions) Destroy() error {
	if o.destroyed {
		return errors.New("ortcompat: the session options were destroyed before")
	}
	o.destroyed = true
	return nil
}

// SetIntraOpNumThreads bounds the threads of one run; 0 uses all cores. Results do not
// depend on it.
func (o *SessionOptions) SetIntraOpNumThreads(n int) error {
	if n < 0 {
		return fmt.Errorf("ortcompat: %d threads; 0 or more are expected", n)
	}
	o.threads = n
	return nil
}

// SetInterOpNumThreads does nothing: nodes are computed one after the other.
func (o *SessionOptions) SetInterOpNumThreads(n int) error {
	if n < 0 {
		return fmt.Errorf("ortcompat: %d threads; 0 or more are expected", n)
	}
	return nil
}

// GraphOptimizationLevel is how much ONNX Runtime changes a graph; octet always does all
// that leaves results as they are.
type GraphOptimizationLevel int

// Levels.
const (
	GraphOptimizationLevelDisableAll     GraphOptimizationLevel = 0
	GraphOptimizationLevelEnableBasic    GraphOptimizationLevel = 1
	GraphOptimizationLevelEnableExtended GraphOptimizationLevel = 2
	GraphOptimizationLevelEnableAll      GraphOptimizationLevel = 99
)

// ExecutionMode is how ONNX Runtime computes branches of a graph.
type ExecutionMode int

// Modes.
const (
	ExecutionModeSequential ExecutionMode = iota
	ExecutionModeParallel
)

// LoggingLevel is how much ONNX Runtime logs.
type LoggingLevel int

// Levels.
const (
	LoggingLevelVerbose LoggingLevel = iota
	LoggingLevelInfo
	LoggingLevelWarning
	LoggingLevelError
	LoggingLevelFatal
)

// SetGraphOptimizationLevel does nothing.
func (o *SessionOptions) SetGraphOptimizationLevel(GraphOptimizationLevel) error { return nil }

// SetExecutionMode does nothing: the threads of a node share its work in either mode.
func (o *SessionOptions) SetExecutionMode(ExecutionMode) error { return nil }

// SetCpuMemArena does nothing: memory is planned once for each size of inputs.
func (o *SessionOptions) SetCpuMemArena(bool) error { return nil }

// SetMemPattern does nothing: memory is planned once for each size of inputs.
func (o *SessionOptions) SetMemPattern(bool) error { return nil }

// SetLogSeverityLevel does nothing: octet logs nothing.
func (o *SessionOptions) SetLogSeverityLevel(LoggingLevel) error { return nil }

// AddSessionConfigEntry notes an entry, which HasSessionConfigEntry and
// GetSessionConfigEntry tell; octet has no use for any.
func (o *SessionOptions) AddSessionConfigEntry(key, value string) error {
	o.entries[key] = value
	return nil
}

// HasSessionConfigEntry reports whether an entry was added.
func (o *SessionOptions) HasSessionConfigEntry(key string) (bool, error) {
	_, ok := o.entries[key]
	return ok, nil
}

// GetSessionConfigEntry returns an entry that was added.
func (o *SessionOptions) GetSessionConfigEntry(key string) (string, error) {
	v, ok := o.entries[key]
	if !ok {
		return "", fmt.Errorf("ortcompat: there is no entry %q", key)
	}
	return v, nil
}

// AppendExecutionProvider is an error: octet computes on the CPU.
func (o *SessionOptions) AppendExecutionProvider(name string, _ map[string]string) error {
	return onlyCPU(name)
}

// AppendExecutionProviderCoreML is an error, too.
func (o *SessionOptions) AppendExecutionProviderCoreML(uint32) error { return onlyCPU("CoreML") }

// AppendExecutionProviderCoreMLV2 is an error, too.
func (o *SessionOptions) AppendExecutionProviderCoreMLV2(map[string]string) error {
	return onlyCPU("CoreML")
}

// AppendExecutionProviderDirectML is an error, too.
func (o *SessionOptions) AppendExecutionProviderDirectML(int) error { return onlyCPU("DirectML") }

// AppendExecutionProviderOpenVINO is an error, too.
func (o *SessionOptions) AppendExecutionProviderOpenVINO(map[string]string) error {
	return onlyCPU("OpenVINO")
}

func onlyCPU(provider string) error {
	return fmt.Errorf("ortcompat: octet computes on the CPU alone: leave out the execution provider %s", provider)
}

// RunOptions can end a run.
type RunOptions struct {
	mu      sync.Mutex
	ctx     context.Context
	cancel  context.CancelFunc
	invalid bool
}

// NewRunOptions returns options that end nothing yet.
func NewRunOptions() (*RunOptions, error) {
	if err := check(); err != nil {
		return nil, err
	}
	o := &RunOptions{}
	return o, o.UnsetTerminate()
}

// Terminate ends the runs that were given the options, and lets no new ones begin.
func (o *RunOptions) Terminate() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cancel()
	return nil
}

// UnsetTerminate lets runs begin again.
func (o *RunOptions) UnsetTerminate() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.cancel != nil {
		o.cancel()
	}
	o.ctx, o.cancel = context.WithCancel(context.Background())
	return nil
}

// Destroy ends the use of the options.
func (o *RunOptions) Destroy() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.invalid {
		return errors.New("ortcompat: the run options were destroyed before")
	}
	o.invalid = true
	o.cancel()
	return nil
}

// context is that of a run; nil options end none.
func (o *RunOptions) context() context.Context {
	if o == nil {
		return context.Background()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ctx
}
