package metrics

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/octet-ml/octet/internal/onnxtest"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/serve"
	"github.com/octet-ml/octet/tensor"
)

// watched is a host of "same", which gives back float32 [N, 2], and its metrics.
func watched(t *testing.T, withTriton bool) (*Metrics, *serve.Host) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "same.onnx")
	err := os.WriteFile(file, onnxtest.Model(
		onnxtest.Input("x", onnxtest.Float32, "N", 2), onnxtest.Output("y", onnxtest.Float32, "N", 2), onnxtest.Node("Neg", []string{"x"}, []string{"y"})), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	m := New(withTriton)
	h := serve.NewHost(serve.Options{Paths: []string{file}, Threads: 2, Observe: m.Observe})
	m.Attach(h)
	if err := h.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return m, h
}

// scrape reads the metrics as Prometheus does.
func scrape(t *testing.T, m *Metrics) map[string]*dto.MetricFamily {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	parser := expfmt.NewTextParser(model.UTF8Validation)
	found, err := parser.TextToMetricFamilies(w.Body)
	if err != nil || w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Fatalf("%d %s: %v", w.Code, w.Header(), err)
	}
	for name, f := range found {
		if f.GetHelp() == "" || f.GetType() == dto.MetricType_UNTYPED {
			t.Errorf("%s has no help or no type", name)
		}
	}
	return found
}

// of is the metric of a family with labels; an empty one where there is none.
func of(found map[string]*dto.MetricFamily, name string, labels map[string]string) *dto.Metric {
	for _, m := range found[name].GetMetric() {
		has := map[string]string{}
		for _, l := range m.GetLabel() {
			has[l.GetName()] = l.GetValue()
		}
		if maps.Equal(has, labels) {
			return m
		}
	}
	return &dto.Metric{}
}

func ask(ctx context.Context, h *serve.Host, name string, n int) error {
	_, err := h.Infer(ctx, name, "", &serve.Request{Inputs: []serve.Input{{Name: "x", Data: tensor.New(tensor.Float32, n, 2)}}})
	return err
}

// TestRequestsAddUp: after known requests every counter and histogram says what was asked.
func TestRequestsAddUp(t *testing.T) {
	r := testseed.Rand(t)
	m, h := watched(t, true)
	answered, inputs, invalid, unknown, gone := 5+r.IntN(20), 0, 1+r.IntN(5), 1+r.IntN(5), 1+r.IntN(5)
	for range answered {
		n := 1 + r.IntN(9)
		inputs += n
		if err := ask(t.Context(), h, "same", n); err != nil {
			t.Fatal(err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for times, c := range map[*int]struct {
		ctx  context.Context
		name string
		n    int
	}{&invalid: {t.Context(), "same", 0}, &unknown: {t.Context(), "none", 1}, &gone: {ended, "same", 1}} {
		for range *times {
			if ask(c.ctx, h, c.name, c.n) == nil {
				t.Fatalf("%s, %d inputs: no error", c.name, c.n)
			}
		}
	}
	found := scrape(t, m)
	same := map[string]string{"model": "same", "version": "1"}
	with := func(reason string) map[string]string {
		return map[string]string{"model": "same", "version": "1", "reason": reason}
	}
	for _, c := range []struct {
		name   string
		labels map[string]string
		want   int
	}{
		{"octet_inputs_total", same, inputs},
		{"octet_failures_total", with("invalid"), invalid},
		{"octet_failures_total", with("canceled"), gone},
		{"octet_failures_total", map[string]string{"model": "", "version": "", "reason": "not_found"}, unknown},
		{"octet_panics_total", nil, 0},
		{"nv_inference_request_success", same, answered},
		{"nv_inference_request_failure", with("OTHER"), invalid},
		{"nv_inference_request_failure", with("CANCELED"), gone},
		{"nv_inference_count", same, inputs},
		{"nv_inference_exec_count", same, answered},
	} {
		if got := of(found, c.name, c.labels).GetCounter().GetValue(); got != float64(c.want) {
			t.Errorf("%s%v is %v, want %d", c.name, c.labels, got, c.want)
		}
	}
	stages := 0.0
	for _, name := range []string{"request", "queue", "input", "compute", "output"} {
		d := of(found, "octet_"+name+"_seconds", same).GetHistogram()
		if d.GetSampleCount() != uint64(answered) || d.GetSampleSum() < 0 {
			t.Errorf("%s: %d requests of %v seconds, want %d", name, d.GetSampleCount(), d.GetSampleSum(), answered)
		}
		below := uint64(0)
		for _, b := range d.GetBucket() {
			if b.GetCumulativeCount() < below {
				t.Errorf("%s: %d requests below %v s, and %d below less", name, b.GetCumulativeCount(), b.GetUpperBound(), below)
			}
			below = b.GetCumulativeCount()
		}
		if below != uint64(answered) || len(d.GetBucket()) != len(buckets)+1 {
			t.Errorf("%s: %d buckets, %d requests in all", name, len(d.GetBucket()), below)
		}
		if name != "request" {
			stages += d.GetSampleSum()
		}
	}
	const rounding = 1e-9 // of a few hundred sums in float64
	if whole := of(found, "octet_request_seconds", same).GetHistogram().GetSampleSum(); stages > whole*(1+rounding) {
		t.Errorf("the parts took %v s, the requests %v s", stages, whole)
	}
	for name, want := range map[string]float64{"octet_queue_length": 0, "octet_computing": 0, "octet_threads": 2, "octet_ready": 1} {
		if g := of(found, name, nil).GetGauge(); g == nil || g.GetValue() != want {
			t.Errorf("%s is %v, want %v", name, g, want)
		}
	}
	if g := of(found, "octet_model_ready", same).GetGauge(); g.GetValue() != 1 {
		t.Errorf("the model is not ready: %v", g)
	}
	h.Drain()
	if g := of(scrape(t, m), "octet_ready", nil).GetGauge(); g == nil || g.GetValue() != 0 {
		t.Errorf("a server that ends is ready: %v", g)
	}
}

// TestReasons: every kind of failure has a name, and a panic is counted.
func TestReasons(t *testing.T) {
	m, _ := watched(t, true)
	seen := map[string]bool{}
	for code, reason := range reasons {
		if reason == "" || seen[reason] {
			t.Errorf("%v is %q, as another is", code, reason)
		}
		seen[reason] = true
		m.Observe(serve.Outcome{Model: "same", Version: "1", Err: serve.Errorf(code, "no"), Panicked: code == serve.Internal})
	}
	found := scrape(t, m)
	if got := of(found, "octet_panics_total", nil).GetCounter().GetValue(); got != 1 {
		t.Errorf("%v panics, want 1", got)
	}
	whole := 0.0
	for _, f := range found["nv_inference_request_failure"].GetMetric() {
		whole += f.GetCounter().GetValue()
	}
	if n := len(found["octet_failures_total"].GetMetric()); n != len(reasons) || whole != float64(n) {
		t.Errorf("%d reasons, and Triton's names count %v of %d", n, whole, len(reasons))
	}
}

// TestNames: Triton's are there where they are asked for alone.
func TestNames(t *testing.T) {
	m, h := watched(t, false)
	if err := ask(t.Context(), h, "same", 1); err != nil {
		t.Fatal(err)
	}
	for name := range scrape(t, m) {
		if strings.HasPrefix(name, "nv_") {
			t.Errorf("%s was not asked for", name)
		}
	}
}

// TestAnswersByStatus: what a handler answers is counted, also where it only writes.
func TestAnswersByStatus(t *testing.T) {
	r := testseed.Rand(t)
	m, _ := watched(t, false)
	handler := m.Requests(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/none" {
			http.NotFound(w, q)
			return
		}
		w.Write([]byte("ok"))
	}))
	want := map[string]int{"/": 1 + r.IntN(9), "/none": 1 + r.IntN(9)}
	for path, times := range want {
		for range times {
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
		}
	}
	found := scrape(t, m)
	for code, times := range map[string]int{"200": want["/"], "404": want["/none"]} {
		if got := of(found, "octet_http_answers_total", map[string]string{"code": code}).GetCounter().GetValue(); got != float64(times) {
			t.Errorf("%s: %v, want %d", code, got, times)
		}
	}
}
