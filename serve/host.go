package serve

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/parallel"
)

// Options say what a Host serves and within which limits. Zero values are the defaults.
type Options struct {
	// Paths are model files, and folders of them: a model's name is its file's stem, or its
	// folder, in which folders 1, 2 and so on hold versions.
	Paths []string
	// Open reads a model; nil means octet.Open.
	Open func(ctx context.Context, file string) (*octet.Model, error)
	// Threads that compute, and requests that compute at a time; 0 means GOMAXPROCS.
	Threads int
	// Queue is how many requests may wait for a thread; 0 means 64, below 0 none.
	Queue int
	// MaxBatch is how many requests that wait at the same time are computed together, where that
	// gives the same bytes and a measurement after loading shows that it is faster; 0 or 1: none.
	MaxBatch int
	// MaxPixels refuses larger images; 0 means 25 million.
	MaxPixels int
	// MaxInput bounds the bytes that the images of one request become; 0 means 256 MiB.
	MaxInput int
	// Control lets clients load and unload models by their names.
	Control bool
	// Observe is called with every request that has ended; nil is not.
	Observe func(Outcome)
	// Log takes what operators should know; nil discards it.
	Log *slog.Logger
}

// Host serves models. It is safe for concurrent use.
type Host struct {
	opts Options
	gate *gate
	pool *parallel.Pool // that sessions compute on

	loading sync.Mutex // one model at a time is loaded

	mu       sync.RWMutex
	models   map[string]*model
	started  bool // the first Refresh has ended
	draining atomic.Bool
}

// model is a name and its versions.
type model struct {
	entries  map[string]*entry
	unloaded bool  // a client asked for it
	problem  error // of its folder
}

// entry is one version, or the reason why it is not served.
type entry struct {
	loaded  *version // nil while it is not
	current Source   // what the folder has; loaded may be of a file before it
	seen    mark     // of the latest look
	tried   mark     // of the file that was loaded, or could not be
	err     error    // why current is not what is served
}

// NewHost returns a host that has loaded nothing yet: see Refresh.
func NewHost(o Options) *Host {
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	switch {
	case o.Queue == 0:
		o.Queue = 64
	case o.Queue < 0:
		o.Queue = 0
	}
	if o.MaxPixels == 0 {
		o.MaxPixels = 25_000_000
	}
	if o.MaxInput == 0 {
		o.MaxInput = 256 << 20
	}
	if o.Open == nil {
		o.Open = func(_ context.Context, file string) (*octet.Model, error) { return octet.Open(file) }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Host{opts: o, gate: newGate(o.Threads, o.Queue), pool: parallel.Shared(o.Threads), models: map[string]*model{}}
}

// Refresh looks at the files and loads what is new. A file that has changed replaces its
// version in one step once it has run; one that is broken leaves the version that is served.
// The first call loads at once; later ones wait until a changed file stays as it is from one
// call to the next, for it may still be written. The error is of paths that cannot be looked at:
// the first call loads nothing then, later ones do what they can see and leave what is served.
// Errors of models are in Index and in the log.
func (h *Host) Refresh(ctx context.Context) error {
	h.loading.Lock()
	defer h.loading.Unlock()
	sources, problems, unread := find(h.opts.Paths)
	if unread != nil && !h.started {
		return unread
	}
	for _, s := range h.adopt(sources, problems, unread == nil) {
		if err := ctx.Err(); err != nil {
			return err
		}
		h.replace(ctx, s)
	}
	h.mu.Lock()
	h.started = true
	h.mu.Unlock()
	return unread
}

// Watch calls Refresh at intervals until ctx ends.
func (h *Host) Watch(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var last string
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := h.Refresh(ctx)
		if err != nil && ctx.Err() == nil && err.Error() != last {
			h.opts.Log.Error("some models cannot be looked at", "error", err.Error())
		}
		if last = ""; err != nil {
			last = err.Error()
		}
	}
}

// adopt notes what the folders hold now, and returns the sources that are to be loaded. What is
// not there any longer is forgotten only where all was seen.
func (h *Host) adopt(sources []Source, problems map[string]error, all bool) (load []Source) {
	h.mu.Lock()
	defer h.mu.Unlock()
	here := map[string]map[string]bool{}
	for _, s := range sources {
		m := h.models[s.Name]
		if m == nil {
			m = &model{entries: map[string]*entry{}}
			h.models[s.Name] = m
		}
		e := m.entries[s.Version]
		if e == nil {
			e = &entry{}
			m.entries[s.Version] = e
		}
		if here[s.Name] == nil {
			here[s.Name] = map[string]bool{}
		}
		here[s.Name][s.Version] = true
		settled := !h.started || e.seen == s.mark
		e.current, e.seen = s, s.mark
		if !m.unloaded && settled && e.tried != s.mark {
			load = append(load, s)
		}
	}
	for name, err := range problems {
		m := h.models[name]
		if m == nil {
			m = &model{entries: map[string]*entry{}}
			h.models[name] = m
		}
		if m.problem == nil || m.problem.Error() != err.Error() {
			h.opts.Log.Error("a model cannot be served", "model", name, "error", err.Error())
		}
		m.problem = err
	}
	for name, m := range h.models {
		if problems[name] != nil {
			continue // half a copy, or a clash of names: what is served stays
		}
		if !all {
			continue
		}
		m.problem = nil
		maps.DeleteFunc(m.entries, func(number string, e *entry) bool {
			gone := !here[name][number]
			if gone && e.loaded != nil {
				h.opts.Log.Info("a model's file is gone", "model", name, "version", number)
			}
			return gone
		})
		if len(m.entries) == 0 {
			delete(h.models, name)
		}
	}
	return load
}

// replace loads a source and puts it in the place of what was there.
func (h *Host) replace(ctx context.Context, s Source) error {
	begun := time.Now()
	v, err := h.load(ctx, s)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	m := h.models[s.Name]
	if m == nil || m.entries[s.Version] == nil {
		return Errorf(NotFound, "model %s version %s is gone", s.Name, s.Version)
	}
	e := m.entries[s.Version]
	e.tried, e.err = s.mark, err
	if err != nil {
		h.opts.Log.Error("a model cannot be loaded", "model", s.Name, "version", s.Version, "file", s.File, "kept", e.loaded != nil, "error", err.Error())
		return err
	}
	e.loaded = v
	if h.opts.MaxBatch > 1 {
		go h.tryBatches(context.WithoutCancel(ctx), v)
	}
	h.opts.Log.Info("a model is loaded", "model", s.Name, "version", s.Version, "file", s.File, "seconds", time.Since(begun).Seconds(), "warmed", v.warmed)
	return nil
}

// find is the version that answers a request.
func (h *Host) find(name, number string) (*version, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	m := h.models[name]
	if m == nil {
		if !h.started {
			return nil, Errorf(Unavailable, "models are being loaded")
		}
		return nil, Errorf(NotFound, "model %q is not served: it is one of %v", name, slices.Sorted(maps.Keys(h.models)))
	}
	if number != "" {
		e := m.entries[number]
		switch {
		case e == nil:
			return nil, Errorf(NotFound, "model %s has no version %q: it has %v", name, number, m.numbers(false))
		case e.loaded == nil:
			return nil, m.why(name, number)
		}
		return e.loaded, nil
	}
	if ready := m.numbers(true); len(ready) > 0 {
		return m.entries[ready[len(ready)-1]].loaded, nil
	}
	return nil, m.why(name, "")
}

// numbers are the versions in order, all or those that are loaded.
func (m *model) numbers(loaded bool) []string {
	var list []string
	for number, e := range m.entries {
		if !loaded || e.loaded != nil {
			list = append(list, number)
		}
	}
	slices.SortFunc(list, compareVersions)
	return list
}

// why says why a model is not ready.
func (m *model) why(name, number string) error {
	reason := "it is being loaded"
	switch list := m.numbers(false); {
	case m.unloaded:
		reason = "it was unloaded"
	case m.problem != nil:
		reason = m.problem.Error()
	default:
		for _, n := range list {
			if e := m.entries[n]; (number == "" || n == number) && e.err != nil {
				reason = e.err.Error()
			}
		}
	}
	return Errorf(Unavailable, "model %s is not ready: %s", name, reason)
}

// ModelReady reports whether a version of a model, or with an empty one any, answers
// requests; the error, an *Error, says why not.
func (h *Host) ModelReady(name, number string) error {
	_, err := h.find(name, number)
	return err
}

// Ready reports whether the server should be sent requests: all models were looked at, each is
// served, and the server is not about to end. The error, an *Error, says why not.
func (h *Host) Ready() error {
	if h.draining.Load() {
		return Errorf(Unavailable, "the server is about to end")
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	if !h.started {
		return Errorf(Unavailable, "models are being loaded")
	}
	for _, name := range slices.Sorted(maps.Keys(h.models)) {
		if m := h.models[name]; !m.unloaded && len(m.numbers(true)) == 0 {
			return m.why(name, "")
		}
	}
	return nil
}

// Drain makes Ready fail, so that no more requests are sent here; those that come are answered.
func (h *Host) Drain() { h.draining.Store(true) }

// Queued is how many requests wait, and Computing how many compute.
func (h *Host) Queued() int { return int(min(h.gate.waiting.Load(), h.gate.limit)) }

// Computing is how many requests compute.
func (h *Host) Computing() int { return len(h.gate.slots) }

// Threads is how many requests compute at a time, at most.
func (h *Host) Threads() int { return h.opts.Threads }

// Metadata describes a version of a model.
func (h *Host) Metadata(name, number string) (Metadata, error) {
	v, err := h.find(name, number)
	if err != nil {
		return Metadata{}, err
	}
	about := v.about.clone()
	h.mu.RLock()
	defer h.mu.RUnlock()
	if m := h.models[name]; m != nil {
		about.Versions = m.numbers(true)
	}
	return about, nil
}

// Statistics of a version of a model; of all versions with an empty number, of all models
// with an empty name, too. Versions that were never loaded have none.
func (h *Host) Statistics(name, number string) ([]Statistics, error) {
	if name != "" {
		if _, err := h.find(name, number); err != nil {
			return nil, err
		}
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	all := []Statistics{}
	for _, n := range slices.Sorted(maps.Keys(h.models)) {
		if name != "" && n != name {
			continue
		}
		for _, v := range h.models[n].numbers(true) {
			if number == "" || v == number {
				all = append(all, h.models[n].entries[v].loaded.counts.snapshot())
			}
		}
	}
	return all, nil
}

// State is a version in the index of models.
type State struct {
	Name    string // of the model
	Version string // a number; empty where none is known
	State   string // READY, LOADING or UNAVAILABLE
	Reason  string // why it is not ready, or why a newer file of it is not served; else empty
}

// Index lists all models, or those that are ready.
func (h *Host) Index(ready bool) []State {
	h.mu.RLock()
	defer h.mu.RUnlock()
	all := []State{}
	for _, name := range slices.Sorted(maps.Keys(h.models)) {
		m := h.models[name]
		if m.problem != nil && len(m.entries) == 0 && !ready {
			all = append(all, State{name, "", "UNAVAILABLE", m.problem.Error()})
		}
		for _, number := range m.numbers(ready) {
			e := m.entries[number]
			s := State{Name: name, Version: number, State: "READY"}
			switch {
			case e.loaded == nil && m.unloaded:
				s.State, s.Reason = "UNAVAILABLE", "unloaded"
			case e.loaded == nil && e.err == nil:
				s.State = "LOADING"
			case e.loaded == nil:
				s.State = "UNAVAILABLE"
			}
			switch {
			case e.err != nil:
				s.Reason = e.err.Error()
			case m.problem != nil && !m.unloaded:
				s.Reason = m.problem.Error()
			}
			all = append(all, s)
		}
	}
	return all
}

// Load loads the versions of a model by its name, again if they are served. Names are those of
// the folder alone: a client cannot name a file.
func (h *Host) Load(ctx context.Context, name string) error {
	if err := h.controlled(); err != nil {
		return err
	}
	h.loading.Lock()
	defer h.loading.Unlock()
	sources, problems, err := find(h.opts.Paths)
	sources = slices.DeleteFunc(sources, func(s Source) bool { return s.Name != name })
	if len(sources) == 0 {
		if problem := problems[name]; problem != nil {
			return Errorf(Invalid, "%v", problem)
		}
		if err != nil {
			return Errorf(Internal, "%v", err)
		}
		return Errorf(NotFound, "there is no model %q in the folder of models", name)
	}
	h.mu.Lock()
	m := h.models[name]
	if m == nil {
		m = &model{entries: map[string]*entry{}}
		h.models[name] = m
	}
	m.unloaded = false
	for _, s := range sources {
		if m.entries[s.Version] == nil {
			m.entries[s.Version] = &entry{}
		}
		m.entries[s.Version].current, m.entries[s.Version].seen = s, s.mark
	}
	h.mu.Unlock()
	var failed []error
	if err := problems[name]; err != nil {
		failed = append(failed, err)
	}
	for _, s := range sources {
		if err := h.replace(ctx, s); err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) > 0 {
		return Errorf(Invalid, "model %s cannot be loaded: %v", name, errors.Join(failed...))
	}
	return nil
}

// Unload stops to serve a model; requests that compute end as they would have.
func (h *Host) Unload(name string) error {
	if err := h.controlled(); err != nil {
		return err
	}
	h.loading.Lock()
	defer h.loading.Unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	m := h.models[name]
	if m == nil {
		return Errorf(NotFound, "model %q is not served", name)
	}
	m.unloaded = true
	for _, e := range m.entries {
		e.loaded, e.tried, e.err = nil, mark{}, nil
	}
	h.opts.Log.Info("a model is unloaded", "model", name)
	return nil
}

func (h *Host) controlled() error {
	if !h.opts.Control {
		return Errorf(Forbidden, "models are loaded and unloaded by clients only where the server was started with --control")
	}
	return nil
}

// Controlled reports whether clients may load and unload models.
func (h *Host) Controlled() bool { return h.opts.Control }
