package rest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/octet-ml/octet/serve"
)

// Options say within which limits requests are taken. Zero values are the defaults.
type Options struct {
	// MaxBody bounds a request's body in bytes, as it comes and unpacked; 0 means 64 MiB.
	MaxBody int64
	// BodyTimeout is how long a body may take to come, and an answer to be taken; 0 means a
	// minute.
	BodyTimeout time.Duration
	// MaxPending bounds the bodies of all requests that are being answered; 0 means 1 GiB. One
	// whose length is not known counts MaxBody.
	MaxPending int64
	// Version of the server, for its metadata.
	Version string
	// Tokens let requests in, those for health alone excepted; nil lets in all.
	Tokens *serve.Tokens
}

// handler answers requests for a host.
type handler struct {
	host    *serve.Host
	opts    Options
	pending atomic.Int64 // bytes of bodies
	spares  sync.Pool    // of memory for them, *[]byte
}

// New is a handler of the protocol's paths, below /v2.
func New(host *serve.Host, o Options) http.Handler {
	if o.MaxBody == 0 {
		o.MaxBody = 64 << 20
	}
	if o.BodyTimeout == 0 {
		o.BodyTimeout = time.Minute
	}
	if o.MaxPending == 0 {
		o.MaxPending = 1 << 30
	}
	return &handler{host: host, opts: o}
}

// extensions are those of the protocol that are served.
var extensions = []string{"binary_tensor_data", "classification", "model_repository", "model_repository(unload_dependents)", "statistics", "image_files"}

// route is what answers a path, by method.
type route map[string]http.HandlerFunc

// timely is an answer that a client must take within a time from its beginning, so that one
// that reads nothing does not hold its connection for ever.
type timely struct {
	http.ResponseWriter
	timeout time.Duration
}

func (t *timely) WriteHeader(status int) {
	t.limit()
	t.ResponseWriter.WriteHeader(status)
}

// limit begins the time anew. Writers that have no deadlines have no connection either.
func (t *timely) limit() {
	http.NewResponseController(t.ResponseWriter).SetWriteDeadline(time.Now().Add(t.timeout))
}

// Unwrap lets http.ResponseController through.
func (t *timely) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// ServeHTTP answers a request. Its body must come within a time even where nothing here reads
// it: net/http does, behind the answer.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t := &timely{w, h.opts.BodyTimeout}
	t.limit() // of the words "100 Continue", which some clients wait for
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(h.opts.BodyTimeout))
	h.serve(t, r)
}

// serve finds the path and the method.
func (h *handler) serve(w http.ResponseWriter, r *http.Request) {
	found, open := h.find(r.URL.EscapedPath())
	switch {
	case found == nil:
		failWith(w, http.StatusNotFound, "there is nothing at "+r.URL.Path+": the protocol's paths begin with /v2, and /v2/docs/openapi.json lists them")
		return
	case !open && !h.opts.Tokens.Allow(r.Header.Get("Authorization")):
		w.Header().Set("WWW-Authenticate", "Bearer")
		failWith(w, http.StatusUnauthorized, "a token is needed: Authorization: Bearer TOKEN")
		return
	}
	method := r.Method
	if method == http.MethodHead && found[method] == nil {
		method = http.MethodGet // net/http leaves out the body
	}
	serve := found[method]
	if serve == nil {
		var allowed []string
		for m := range found {
			allowed = append(allowed, m)
		}
		slices.Sort(allowed)
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		failWith(w, http.StatusMethodNotAllowed, "the method here is "+strings.Join(allowed, " or "))
		return
	}
	serve(w, r)
}

func get(f http.HandlerFunc) route  { return route{http.MethodGet: f} }
func post(f http.HandlerFunc) route { return route{http.MethodPost: f} }

// find is the route of a path, and whether it is open to all, as health is; nil where there is
// none.
func (h *handler) find(escaped string) (found route, open bool) {
	var parts []string
	for part := range strings.SplitSeq(strings.Trim(escaped, "/"), "/") {
		text, err := url.PathUnescape(part)
		if err != nil || text == "" {
			return nil, false
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 || parts[0] != "v2" {
		return nil, false
	}
	switch parts = parts[1:]; strings.Join(parts, "/") {
	case "":
		return get(h.server), false
	case "health/live":
		return get(h.live), true
	case "health/ready":
		return get(h.ready), true
	case "docs/openapi.json":
		return get(h.document), false
	case "models/stats":
		return get(h.statistics("", "")), false
	case "repository/index":
		return post(h.index), false
	}
	if len(parts) == 4 && parts[0] == "repository" && parts[1] == "models" {
		switch parts[3] {
		case "load":
			return post(h.load(parts[2])), false
		case "unload":
			return post(h.unload(parts[2])), false
		}
		return nil, false
	}
	if len(parts) < 2 || parts[0] != "models" {
		return nil, false
	}
	name, version, parts := parts[1], "", parts[2:]
	if len(parts) >= 2 && parts[0] == "versions" {
		version, parts = parts[1], parts[2:]
	}
	switch strings.Join(parts, "/") {
	case "":
		return get(h.metadata(name, version)), false
	case "ready":
		return get(h.modelReady(name, version)), true
	case "stats":
		return get(h.statistics(name, version)), false
	case "infer":
		return post(h.infer(name, version)), false
	}
	return nil, false
}

func (h *handler) live(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]bool{"live": true})
}

func (h *handler) ready(w http.ResponseWriter, _ *http.Request) {
	if err := h.host.Ready(); err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, map[string]bool{"ready": true})
}

func (h *handler) server(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, struct {
		Name       string   `json:"name"`
		Version    string   `json:"version"`
		Extensions []string `json:"extensions"`
	}{"octet", h.opts.Version, extensions})
}

func (h *handler) modelReady(name, version string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if err := h.host.ModelReady(name, version); err != nil {
			fail(w, err)
			return
		}
		answer(w, http.StatusOK, map[string]any{"name": name, "ready": true})
	}
}

// port is a serve.Port as the protocol writes it.
type port struct {
	Name     string `json:"name"`
	Datatype string `json:"datatype"`
	Shape    []int  `json:"shape"`
}

func portsOf(list []serve.Port) []port {
	ports := []port{}
	for _, p := range list {
		if p.Shape == nil {
			p.Shape = []int{-1}
		}
		ports = append(ports, port(p))
	}
	return ports
}

func (h *handler) metadata(name, version string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		m, err := h.host.Metadata(name, version)
		if err != nil {
			fail(w, err)
			return
		}
		answer(w, http.StatusOK, struct {
			Name     string   `json:"name"`
			Versions []string `json:"versions"`
			Platform string   `json:"platform"`
			Inputs   []port   `json:"inputs"`
			Outputs  []port   `json:"outputs"`
		}{m.Name, m.Versions, m.Platform, portsOf(m.Inputs), portsOf(m.Outputs)})
	}
}
