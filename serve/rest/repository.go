package rest

import (
	"net/http"

	"github.com/octet-ml/octet/serve"
)

// index lists models: {"ready": true} asks for those alone that are.
func (h *handler) index(w http.ResponseWriter, r *http.Request) {
	ready := false
	err := h.parameters(w, r, func(s *scanner, name string) (err error) {
		if name == "ready" {
			ready, err = s.truth()
			return err
		}
		return s.skip(1)
	})
	if err != nil {
		fail(w, err)
		return
	}
	type state struct {
		Name    string `json:"name"`
		Version string `json:"version,omitempty"`
		State   string `json:"state"`
		Reason  string `json:"reason"`
	}
	list := []state{}
	for _, s := range h.host.Index(ready) {
		list = append(list, state(s))
	}
	answer(w, http.StatusOK, list)
}

// parameters reads the object that is the body of a request, if it has one.
func (h *handler) parameters(w http.ResponseWriter, r *http.Request, field func(s *scanner, name string) error) error {
	c, err := h.body(w, r, 0)
	if err != nil {
		return err
	}
	s := &scanner{b: c.text}
	if s.peek() == 0 {
		return nil
	}
	if err := s.object(1, func(name string) error { return field(s, name) }); err != nil {
		return err
	}
	return s.end()
}

func (h *handler) load(name string) http.HandlerFunc {
	return h.control(func(r *http.Request) error { return h.host.Load(r.Context(), name) })
}

func (h *handler) unload(name string) http.HandlerFunc {
	return h.control(func(*http.Request) error { return h.host.Unload(name) })
}

// control answers a request that changes what is served. Its parameters must be empty: a
// configuration or a file from a client is not taken.
func (h *handler) control(do func(*http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !h.host.Controlled() {
			fail(w, h.host.Unload("")) // which says how it is allowed
			return
		}
		err := h.parameters(w, r, func(s *scanner, name string) error {
			if name != "parameters" {
				return s.skip(1)
			}
			return s.object(2, func(name string) error {
				if name == "unload_dependents" {
					return s.skip(2)
				}
				return serve.Errorf(serve.Invalid, "parameter %s: models are loaded as they are in the folder of models, without files or configuration from clients", name)
			})
		})
		if err == nil {
			err = do(r)
		}
		if err != nil {
			fail(w, err)
			return
		}
		answer(w, http.StatusOK, struct{}{})
	}
}

type durationDocument struct {
	Count uint64 `json:"count"`
	NS    int64  `json:"ns"`
}

func durationOf(d serve.Duration) durationDocument { return durationDocument{d.Count, int64(d.Total)} }

type batchDocument struct {
	Size   int              `json:"batch_size"`
	Input  durationDocument `json:"compute_input"`
	Infer  durationDocument `json:"compute_infer"`
	Output durationDocument `json:"compute_output"`
}

type statisticsDocument struct {
	Name       string                      `json:"name"`
	Version    string                      `json:"version"`
	Last       int64                       `json:"last_inference"` // milliseconds since 1970
	Inferences uint64                      `json:"inference_count"`
	Executions uint64                      `json:"execution_count"`
	Stages     map[string]durationDocument `json:"inference_stats"`
	Batches    []batchDocument             `json:"batch_stats"`
}

func (h *handler) statistics(name, version string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		all, err := h.host.Statistics(name, version)
		if err != nil {
			fail(w, err)
			return
		}
		list := []statisticsDocument{}
		for _, s := range all {
			d := statisticsDocument{Name: s.Name, Version: s.Version, Inferences: s.Inferences, Executions: s.Executions, Batches: []batchDocument{}}
			if !s.LastInference.IsZero() {
				d.Last = s.LastInference.UnixMilli()
			}
			d.Stages = map[string]durationDocument{
				"success": durationOf(s.Success), "fail": durationOf(s.Fail), "queue": durationOf(s.Queue),
				"compute_input": durationOf(s.Input), "compute_infer": durationOf(s.Infer), "compute_output": durationOf(s.Output),
				"cache_hit": {}, "cache_miss": {},
			}
			for _, b := range s.Batches {
				d.Batches = append(d.Batches, batchDocument{b.Size, durationOf(b.Input), durationOf(b.Infer), durationOf(b.Output)})
			}
			list = append(list, d)
		}
		answer(w, http.StatusOK, map[string]any{"model_stats": list})
	}
}
