package rest

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/serve"
	"github.com/octet-ml/octet/tensor"
)

// one is a request for the demo's model with other text in the place of an input's fields.
func one(fields string) string { return `{"inputs":[{"name":"x",` + fields + `}]}` }

func TestWrongRequests(t *testing.T) {
	s := newServer(t, Options{}, serve.Options{})
	deep := strings.Repeat("[", 100)
	for body, part := range map[string]string{
		"":                                  "'{' is expected",
		"[]":                                "'{' is expected",
		"{}":                                "no inputs",
		`{"inputs":[]}`:                     `input "x" is missing`,
		`{"inputs":[]} x`:                   "behind the document",
		`{"inputs":[],}`:                    "string is expected",
		`{"inputs":[],"inputs":[]}`:         `"inputs" stands twice`,
		`{"inputs":null}`:                   "'[' is expected",
		`{"inputs":[1]}`:                    "'{' is expected",
		`{"id":7,"inputs":[]}`:              "string is expected",
		`{"id":"\ud800\q","inputs":[]}`:     "wrong escape",
		"{\"id\":\"\xff\",\"inputs\":[]}":   "UTF-8",
		"{\"id\":\"a\nb\",\"inputs\":[]}":   "control character",
		`{"id":"a`:                          "without end",
		`{"id":"a\`:                         "without end",
		`{"x":` + deep:                      "nested",
		`{"x":01,"inputs":[]}`:              "number is expected",
		`{"x":1.,"inputs":[]}`:              "behind its point",
		`{"x":1e,"inputs":[]}`:              "exponent",
		`{"x":tru`:                          "value is expected",
		`{"x":NaN}`:                         "number is expected",
		one(`"shape":[1],"datatype":"FP3"`): "neither data",
		one(`"shape":[1],"datatype":"FP3","data":[1]`):                                                      `datatype "FP3"`,
		one(`"shape":[1,1,28,28],"data":[1]`):                                                               "needs a name, a datatype and a shape",
		one(`"datatype":"FP32","data":[1]`):                                                                 "needs a name, a datatype and a shape",
		one(`"shape":[-1],"datatype":"FP32","data":[1]`):                                                    "whole number from 0",
		one(`"shape":[1.5],"datatype":"FP32","data":[1]`):                                                   "whole number from 0",
		one(`"shape":[1e0],"datatype":"FP32","data":[1]`):                                                   "whole number from 0",
		one(`"shape":[99999999999999999999],"datatype":"FP32","data":[1]`):                                  "whole number from 0",
		one(`"shape":[4294967296,4294967296],"datatype":"FP32","data":[1]`):                                 "more elements than",
		one(`"shape":[1000000000],"datatype":"FP32","data":[1]`):                                            "cannot hold",
		one(`"shape":[2],"datatype":"FP32","data":[1,2,3]`):                                                 "more than the 2 elements",
		one(`"shape":[3],"datatype":"FP32","data":[1,2]`):                                                   "2 elements; shape [3] has 3",
		one(`"shape":[2,2],"datatype":"FP32","data":[[1,2],[3]]`):                                           "array of 1 where",
		one(`"shape":[2,2],"datatype":"FP32","data":[[1,2],3,4]`):                                           "nested 1 deep",
		one(`"shape":[2,2],"datatype":"FP32","data":[1,[2,3],4]`):                                           "side by side",
		one(`"shape":[2,2],"datatype":"FP32","data":[[1,2,3,4]]`):                                           "array of 4 where",
		one(`"shape":[2],"datatype":"FP32","data":[[1,2]]`):                                                 "deeper than shape",
		one(`"shape":[2],"datatype":"FP32","data":[1,]`):                                                    "number is expected",
		one(`"shape":[2],"datatype":"FP32","data":[,1]`):                                                    "number is expected",
		one(`"shape":[2],"datatype":"FP32","data":[1 2]`):                                                   "comma or",
		one(`"shape":[1],"datatype":"FP32","data":[null]`):                                                  "number is expected",
		one(`"shape":[1],"datatype":"FP32","data":["1"]`):                                                   "number is expected",
		one(`"shape":[1],"datatype":"FP32","data":[true]`):                                                  "number is expected",
		one(`"shape":[1],"datatype":"FP32","data":[NaN]`):                                                   "number is expected",
		one(`"shape":[1],"datatype":"FP32","data":[1e39]`):                                                  "out of the range of FP32",
		one(`"shape":[1],"datatype":"FP64","data":[1e309]`):                                                 "out of the range of FP64",
		one(`"shape":[1],"datatype":"UINT8","data":[256]`):                                                  "whole number from 0 to 255",
		one(`"shape":[1],"datatype":"UINT8","data":[-1]`):                                                   "whole number from 0 to 255",
		one(`"shape":[1],"datatype":"INT8","data":[-129]`):                                                  "from -128 to 127",
		one(`"shape":[1],"datatype":"INT64","data":[9223372036854775808]`):                                  "no whole number",
		one(`"shape":[1],"datatype":"INT32","data":[1.0]`):                                                  "no whole number",
		one(`"shape":[1],"datatype":"BOOL","data":[2]`):                                                     "true or false",
		one(`"shape":[1],"datatype":"FP16","data":[1]`):                                                     "FP16 has no form in JSON",
		one(`"shape":[1],"datatype":"BYTES","data":["cat.jpg"]`):                                            "not an image",
		one(`"shape":[1],"datatype":"BYTES","data":[7]`):                                                    "string is expected",
		one(`"shape":[1],"datatype":"FP32","data":[1],"parameters":{"binary_data_size":4}`):                 "both data and binary_data_size",
		one(`"shape":[1],"datatype":"FP32","parameters":{"binary_data_size":4}`):                            "of which 0 have come",
		one(`"shape":[1],"datatype":"FP32","parameters":{"binary_data_size":-4}`):                           "whole number from 0",
		`{"parameters":{"sequence_id":3},"inputs":[]}`:                                                      "no state between requests",
		`{"parameters":{"timeout":-3},"inputs":[]}`:                                                         "whole number from 0",
		`{"parameters":{"binary_data_output":1},"inputs":[]}`:                                               "true or false",
		`{"inputs":[],"outputs":[{}]}`:                                                                      "output needs a name",
		one(`"shape":[1,1,28,28],"datatype":"BYTES","data":["` + strings.Repeat(`AAAA","`, 783) + `AAAA"]`): "[N] is expected",
	} {
		s.post(t, inferDemo, body).refused(t, body[:min(len(body), 100)], http.StatusBadRequest, part)
	}
	s.post(t, inferDemo, one(`"shape":[1],"datatype":"FP32","parameters":{"shared_memory_region":"r"}`)).refused(t, "shared memory", http.StatusNotImplemented, "shared memory")
	body, length := binaryRequest(noise(t, 1), "")
	for header, part := range map[string]string{
		"-1": "the body has", "x": "the body has", "99999999": "the body has", "1": "string is expected", "18446744073709551616": "the body has",
	} {
		s.post(t, inferDemo, body, headLength, header).refused(t, header, http.StatusBadRequest, part)
	}
	s.post(t, inferDemo, body+"more", headLength, length).refused(t, "more binary data", http.StatusBadRequest, "4 bytes are left")
	s.post(t, inferDemo, body[:len(body)-4], headLength, length).refused(t, "less binary data", http.StatusBadRequest, "have come")
	s.post(t, inferDemo, one(`"shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":4}`)+"\xff\xff\xff\xff", headLength, strconv.Itoa(len(one(`"shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":4}`)))).
		refused(t, "an image of 4 GB", http.StatusBadRequest, "4294967295 bytes")
	if r := s.get(t, "/v2/health/ready"); r.status != http.StatusOK {
		t.Error("not ready after wrong requests")
	}
}

// Infinity and NaN in answers: an error in JSON, bytes in binary.
func TestNonFiniteOutputs(t *testing.T) {
	s := newServer(t, Options{}, serve.Options{})
	big := `{"inputs":[{"name":"a","shape":[1,2],"datatype":"FP32","data":[3e38,0]},{"name":"b","shape":[1,2],"datatype":"FP32","data":[3e38,0]},{"name":"i","shape":[3],"datatype":"INT64","data":[1,2,3]}]`
	s.post(t, inferTwo, big+"}").refused(t, "infinity", http.StatusBadRequest, "as binary data")
	if r := s.post(t, inferTwo, big+`,"parameters":{"binary_data_output":true}}`); r.status != http.StatusOK || !bytes.Contains(r.body, []byte{0, 0, 0x80, 0x7f}) {
		t.Errorf("%d %q", r.status, r.body)
	}
}

func TestBodyLimits(t *testing.T) {
	s := newServer(t, Options{MaxBody: 10_000}, serve.Options{})
	s.post(t, inferDemo, strings.Repeat(" ", 10_001)).refused(t, "with a length", http.StatusRequestEntityTooLarge, "10000 bytes")
	chunked := func(r io.Reader) io.Reader { return struct{ io.Reader }{r} }
	s.send(t, http.MethodPost, inferDemo, chunked(strings.NewReader(strings.Repeat(" ", 10_001)))).refused(t, "in chunks", http.StatusRequestEntityTooLarge, "10000 bytes")
	for encoding, pack := range map[string]func(io.Writer) io.WriteCloser{
		"gzip": func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }, "deflate": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
	} {
		packed := func(text string) string {
			var b bytes.Buffer
			z := pack(&b)
			if _, err := io.WriteString(z, text); err != nil || z.Close() != nil {
				t.Fatal(err)
			}
			return b.String()
		}
		bomb := packed(strings.Repeat(" ", 5_000_000))
		if len(bomb) > 10_000 {
			t.Fatal("the bomb is too large itself")
		}
		s.post(t, inferDemo, bomb, "Content-Encoding", encoding).refused(t, "a bomb of "+encoding, http.StatusRequestEntityTooLarge, "10000 bytes")
		body, length := binaryRequest(noise(t, 2), "")
		if r := s.post(t, inferDemo, packed(body), "Content-Encoding", encoding, headLength, length, "Accept-Encoding", encoding); r.status != http.StatusOK || r.header.Get("Content-Encoding") != "" {
			t.Errorf("%s: %d %v: small answers are not packed", encoding, r.status, r.header)
		}
		s.post(t, inferDemo, packed(body)[:300], "Content-Encoding", encoding).refused(t, "half of "+encoding, http.StatusBadRequest, "cannot be read")
		s.post(t, inferDemo, "no "+encoding, "Content-Encoding", encoding).refused(t, "no "+encoding, http.StatusBadRequest, "cannot be read")
	}
	s.post(t, inferDemo, "x", "Content-Encoding", "br").refused(t, "br", http.StatusBadRequest, "gzip and deflate")
}

// Bodies have a limit together: one that is over it is told to come again, and what has been
// answered counts no more.
func TestBodiesTogether(t *testing.T) {
	s := newServer(t, Options{MaxBody: 10_000, MaxPending: 15_000}, serve.Options{})
	r, w := io.Pipe()
	first := make(chan reply)
	go func() { first <- s.send(t, http.MethodPost, inferDemo, r) }() // of unknown length: it counts 10,000
	if _, err := io.WriteString(w, "{"); err != nil {
		t.Fatal(err)
	}
	body := one(`"shape":[1],"datatype":"FP32","data":[1]`) + strings.Repeat(" ", 6000)
	for { // until the first has come to the handler
		second := s.post(t, inferDemo, body)
		if second.status == http.StatusBadRequest {
			continue
		}
		if second.refused(t, "the second", http.StatusTooManyRequests, "15000 bytes"); second.header.Get("Retry-After") != "1" {
			t.Error(second.header)
		}
		break
	}
	w.Close()
	(<-first).refused(t, "the first", http.StatusBadRequest, "string is expected")
	for range 3 {
		s.post(t, inferDemo, body).refused(t, "the third", http.StatusBadRequest, "has shape [1]")
	}
}

func TestPackedAnswers(t *testing.T) {
	long := []byte(strings.Repeat("0123456789", 1000))
	for accepted, want := range map[string]string{"": "", "br": "", "gzip": "gzip", "deflate, gzip;q=0.5": "deflate", "gzip;q=0, deflate": "deflate", "GZIP": "gzip"} {
		encoding, packed, err := pack(accepted, long[:5000], long[5000:])
		if err != nil || encoding != want {
			t.Errorf("%q: %q, %v", accepted, encoding, err)
			continue
		}
		if want == "" {
			continue
		}
		r, err := unpack(encoding, bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, long) {
			t.Errorf("%s: %d bytes, %v", encoding, len(got), err)
		}
	}
}

func TestTokensAndLogs(t *testing.T) {
	var log bytes.Buffer
	s := newServer(t, Options{Tokens: serve.NewTokens("secret-of-the-test")}, serve.Options{})
	logged := httptest.NewServer(Logged(s.Config.Handler, slog.New(slog.NewJSONHandler(&log, nil)), true))
	defer logged.Close()
	s = &testServer{logged, s.host}
	r := s.get(t, "/v2/models/two")
	if r.refused(t, "no token", http.StatusUnauthorized, "token is needed"); r.header.Get("WWW-Authenticate") != "Bearer" {
		t.Error(r.header)
	}
	s.send(t, http.MethodGet, "/v2/models/two", nil, "Authorization", "Bearer wrong-of-the-test").refused(t, "a wrong token", http.StatusUnauthorized, "token")
	if r := s.send(t, http.MethodGet, "/v2/models/two", nil, "Authorization", "Bearer secret-of-the-test", requestID, "mine-7"); r.status != http.StatusOK || r.header.Get(requestID) != "mine-7" {
		t.Errorf("%d %v", r.status, r.header)
	}
	for _, open := range []string{"/v2/health/live", "/v2/health/ready", "/v2/models/two/ready"} {
		if r := s.get(t, open); r.status != http.StatusOK || r.header.Get(requestID) == "" {
			t.Errorf("%s: %d %v", open, r.status, r.header)
		}
	}
	logged.Close()
	if text := log.String(); strings.Contains(text, "of-the-test") || !strings.Contains(text, `"request":"mine-7"`) || !strings.Contains(text, `"status":401`) {
		t.Error(text)
	}
}

func TestPanicsAreAnswers(t *testing.T) {
	var log bytes.Buffer
	s := &testServer{Server: httptest.NewServer(Logged(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a fault") }), slog.New(slog.NewJSONHandler(&log, nil)), false))}
	defer s.Close()
	s.get(t, "/").refused(t, "a panic", http.StatusInternalServerError, "failed unexpectedly")
	if !strings.Contains(log.String(), "a fault") {
		t.Error(log.String())
	}
}

// Numbers have the value that strconv gives them, in whatever form they are written.
func TestNumbersAreStrconvs(t *testing.T) {
	r := testseed.Rand(t)
	const n = 20_000
	var text []byte
	want := make([]float32, n)
	for i := range want {
		var v []byte
		switch r.IntN(7) {
		case 0:
			v = strconv.AppendFloat(nil, float64(math.Float32frombits(r.Uint32()&^(1<<30))), 'g', -1, 32)
		case 1:
			v = strconv.AppendFloat(nil, r.NormFloat64(), 'f', 1+r.IntN(18), 64)
		case 2:
			v = strconv.AppendInt(nil, int64(r.Uint32())-1<<31, 10)
		case 3:
			v = strconv.AppendFloat(nil, r.NormFloat64(), 'e', r.IntN(20), 64)
		case 4: // the middle between two numbers, where rounding turns, and next to it
			half := float64(math.Float32frombits(0x3f000000+r.Uint32N(1<<24))) + float64(r.IntN(3)-1)*0x1p-25
			v = strconv.AppendFloat(nil, math.Nextafter(half, float64(r.IntN(3)-1)*10), 'f', 17, 64)
		case 5:
			v = strconv.AppendFloat(nil, float64(r.IntN(1<<24))/float64([]int{1, 10, 1e5, 1e9}[r.IntN(4)]), 'f', -1, 64)
		case 6: // zeros behind the point, as small numbers of float64 have
			v = strconv.AppendFloat(nil, float64(float32(r.NormFloat64()*math.Pow10(-r.IntN(12)))), 'f', -1, 64)
		}
		f, err := strconv.ParseFloat(string(v), 32)
		if err != nil {
			t.Fatal(err)
		}
		want[i], text = float32(f), append(append(text, v...), ',')
	}
	text[len(text)-1] = ']'
	s := &scanner{b: append([]byte("["), text...)}
	x, err := s.data(tensor.Float32, tensor.Shape{n})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range x.Float32s() {
		if math.Float32bits(v) != math.Float32bits(want[i]) {
			t.Fatalf("number %d is %v, want %v", i, v, want[i])
		}
	}
}

func BenchmarkParse(b *testing.B) {
	x := make([]float32, 3*224*224)
	r := testseed.Rand(b)
	text := []byte(`{"inputs":[{"name":"x","shape":[1,3,224,224],"datatype":"FP32","data":[`)
	for range x {
		text = append(strconv.AppendFloat(text, float64(float32(r.NormFloat64())), 'g', -1, 64), ',')
	}
	text = append(text[:len(text)-1], "]}]}"...)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := parseInfer(text, nil); err != nil {
			b.Fatal(err)
		}
	}
}
