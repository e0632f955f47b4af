package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/octet-ml/octet/serve"
)

// buckets are in seconds: from what a small network takes to what nobody waits for.
var buckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// Metrics counts what a host does. Observe is for serve.Options; Attach names the host.
type Metrics struct {
	registry *prometheus.Registry
	request  *prometheus.HistogramVec
	stages   [4]*prometheus.HistogramVec // queue, input, infer, output
	inputs   *prometheus.CounterVec
	failed   *prometheus.CounterVec
	panics   prometheus.Counter
	triton   *triton // nil where its names are not wanted
}

// stageNames are the parts of a request's time, in the order of stages.
var stageNames = [...]struct{ name, help string }{
	{"queue", "Seconds that requests waited for a thread."},
	{"input", "Seconds of decoding and preparing images."},
	{"compute", "Seconds of computing."},
	{"output", "Seconds of selecting and classifying outputs."},
}

// New makes the metrics; withTriton adds Triton's names, nv_inference_*, for dashboards that
// have them.
func New(withTriton bool) *Metrics {
	of := []string{"model", "version"}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		request: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "octet_request_seconds", Help: "Seconds from the arrival of a request to its answer.", Buckets: buckets,
		}, of),
		inputs: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "octet_inputs_total", Help: "Inputs computed: a batch of 8 counts 8."}, of),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "octet_failures_total", Help: "Requests that were not answered, by reason; those that the full queue rejected have the reason exhausted.",
		}, append(of, "reason")),
		panics: prometheus.NewCounter(prometheus.CounterOpts{Name: "octet_panics_total", Help: "Computations that panicked and were caught."}),
	}
	m.registry.MustRegister(m.request, m.inputs, m.failed, m.panics, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for i, s := range stageNames {
		m.stages[i] = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "octet_" + s.name + "_seconds", Help: s.help, Buckets: buckets}, of)
		m.registry.MustRegister(m.stages[i])
	}
	if withTriton {
		m.triton = newTriton(m.registry)
	}
	return m
}

// Attach adds what is read of the host when the metrics are.
func (m *Metrics) Attach(h *serve.Host) {
	gauge := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	gauge("octet_queue_length", "Requests that wait for a thread.", func() float64 { return float64(h.Queued()) })
	gauge("octet_computing", "Requests that compute.", func() float64 { return float64(h.Computing()) })
	gauge("octet_threads", "Requests that compute at a time, at most.", func() float64 { return float64(h.Threads()) })
	gauge("octet_ready", "1 where the server should be sent requests, else 0.", func() float64 {
		if h.Ready() != nil {
			return 0
		}
		return 1
	})
	m.registry.MustRegister(states{h})
}

// reasons name the kinds of failures.
var reasons = map[serve.Code]string{
	serve.Internal: "internal", serve.Invalid: "invalid", serve.NotFound: "not_found", serve.Unavailable: "unavailable",
	serve.Exhausted: "exhausted", serve.TooLarge: "too_large", serve.Deadline: "deadline", serve.Canceled: "canceled",
	serve.Unimplemented: "unimplemented", serve.Forbidden: "forbidden",
}

// Observe counts a request that has ended.
func (m *Metrics) Observe(o serve.Outcome) {
	if o.Panicked {
		m.panics.Inc()
	}
	if m.triton != nil {
		m.triton.observe(o)
	}
	if o.Err != nil {
		m.failed.WithLabelValues(o.Model, o.Version, reasons[o.Err.Code]).Inc()
		return
	}
	m.request.WithLabelValues(o.Model, o.Version).Observe(o.Total.Seconds())
	m.inputs.WithLabelValues(o.Model, o.Version).Add(float64(o.Batch))
	for i, d := range []time.Duration{o.Queue, o.Input, o.Infer, o.Output} {
		m.stages[i].WithLabelValues(o.Model, o.Version).Observe(d.Seconds())
	}
}

// Handler answers with the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// states says of every version whether it is ready.
type states struct{ host *serve.Host }

var ready = prometheus.NewDesc("octet_model_ready", "1 where a version answers requests, else 0.", []string{"model", "version"}, nil)

// Describe is a method of prometheus.Collector.
func (s states) Describe(ch chan<- *prometheus.Desc) { ch <- ready }

// Collect is a method of prometheus.Collector.
func (s states) Collect(ch chan<- prometheus.Metric) {
	for _, v := range s.host.Index(false) {
		value := 0.0
		if v.State == "READY" {
			value = 1
		}
		ch <- prometheus.MustNewConstMetric(ready, prometheus.GaugeValue, value, v.Name, v.Version)
	}
}

// triton are metrics under the names that Triton gives them: counters of microseconds.
type triton struct {
	success, failure, count, executions  *prometheus.CounterVec
	request, queue, input, infer, output *prometheus.CounterVec
}

func newTriton(r *prometheus.Registry) *triton {
	counter := func(name, help string, more ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "nv_inference_" + name, Help: help}, append([]string{"model", "version"}, more...))
		r.MustRegister(c)
		return c
	}
	return &triton{
		success: counter("request_success", "Requests that were answered."), failure: counter("request_failure", "Requests that were not.", "reason"),
		count: counter("count", "Inputs computed."), executions: counter("exec_count", "Computations."),
		request: counter("request_duration_us", "Microseconds of requests."), queue: counter("queue_duration_us", "Microseconds of waiting."),
		input: counter("compute_input_duration_us", "Microseconds of preparing inputs."), infer: counter("compute_infer_duration_us", "Microseconds of computing."),
		output: counter("compute_output_duration_us", "Microseconds of selecting outputs."),
	}
}

func (t *triton) observe(o serve.Outcome) {
	if o.Err != nil {
		t.failure.WithLabelValues(o.Model, o.Version, tritonReason(o.Err.Code)).Inc()
		return
	}
	t.success.WithLabelValues(o.Model, o.Version).Inc()
	t.count.WithLabelValues(o.Model, o.Version).Add(float64(o.Batch))
	if o.Execution > 0 {
		t.executions.WithLabelValues(o.Model, o.Version).Inc()
	}
	for _, p := range []struct {
		c *prometheus.CounterVec
		d time.Duration
	}{{t.request, o.Total}, {t.queue, o.Queue}, {t.input, o.Input}, {t.infer, o.Infer}, {t.output, o.Output}} {
		p.c.WithLabelValues(o.Model, o.Version).Add(float64(p.d.Microseconds()))
	}
}

// tritonReason is Triton's word for a kind of failure.
func tritonReason(c serve.Code) string {
	switch c {
	case serve.Exhausted, serve.Unavailable:
		return "REJECTED"
	case serve.Canceled, serve.Deadline:
		return "CANCELED"
	}
	return "OTHER"
}

// Requests counts the answers of HTTP by status.
func (m *Metrics) Requests(next http.Handler) http.Handler {
	answers := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "octet_http_answers_total", Help: "Answers over HTTP by status."}, []string{"code"})
	m.registry.MustRegister(answers)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() { answers.WithLabelValues(strconv.Itoa(s.status)).Inc() }()
		next.ServeHTTP(s, r)
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status.
func (s *statusWriter) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController through.
func (s *statusWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }
