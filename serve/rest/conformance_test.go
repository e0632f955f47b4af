package rest

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/serve"
	"github.com/octet-ml/octet/tensor"
)

func TestPaths(t *testing.T) {
	s := newServer(t, Options{Version: "v1.2.3"}, serve.Options{})
	for path, want := range map[string]string{
		"/v2/health/live":                                  `{"live":true}`,
		"/v2/health/ready":                                 `{"ready":true}`,
		"/v2/models/two/ready":                             `{"name":"two","ready":true}`,
		"/v2/models/two/versions/1/ready":                  `{"name":"two","ready":true}`,
		"/v2/models/t%77o/ready":                           `{"name":"two","ready":true}`,
		"/v2/models/fashion_resnet8":                       `{"name":"fashion_resnet8","versions":["1"],"platform":"octet_pytorch","inputs":[{"name":"x","datatype":"FP32","shape":[-1,1,-1,-1]}],"outputs":[{"name":"fc","datatype":"FP32","shape":[-1,10]}]}`,
		"/v2/models/two/versions/1":                        `{"name":"two","versions":["1"],"platform":"octet_onnx","inputs":[{"name":"a","datatype":"FP32","shape":[-1,2]},{"name":"b","datatype":"FP32","shape":[-1,2]},{"name":"i","datatype":"INT64","shape":[3]}],"outputs":[{"name":"sum","datatype":"FP32","shape":[-1,2]},{"name":"same","datatype":"INT64","shape":[3]}]}`,
		"/v2/models/fashion_resnet8/versions/1/ready?x=%2": `{"name":"fashion_resnet8","ready":true}`,
	} {
		if r := s.get(t, path); r.status != http.StatusOK || strings.TrimSpace(string(r.body)) != want || r.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s, want %s", path, r.status, r.body, want)
		}
	}
	for _, path := range []string{"/v2", "/v2/"} {
		d := s.get(t, path).document(t)
		if list, ok := d["extensions"].([]any); d["name"] != "octet" || d["version"] != "v1.2.3" || !ok || len(list) == 0 {
			t.Errorf("%s: %v", path, d)
		}
	}
	for path, part := range map[string]string{
		"/": "", "/v1/models/two": "", "/v2/models": "", "/v2/model/two": "", "/v2/models/two/versions/1/infer/x": "", "/v2/models//ready": "", "/metrics": "", "/debug/pprof/": "",
		"/v2/models/none": "not served", "/v2/models/two/versions/7": `no version "7"`, "/v2/models/none/ready": "not served",
		"/v2/models/two/versions/one": `no version "one"`, "/v2/models/..%2Ftwo": "not served", "/v2/models/none/stats": "not served",
	} {
		s.get(t, path).refused(t, path, http.StatusNotFound, part)
	}
	for path, allow := range map[string]string{"/v2/health/live": "GET", inferTwo: "POST", "/v2/repository/index": "POST", "/v2/models/stats": "GET"} {
		method := map[string]string{"GET": http.MethodDelete, "POST": http.MethodGet}[allow]
		r := s.send(t, method, path, nil)
		if r.refused(t, path, http.StatusMethodNotAllowed, allow); r.header.Get("Allow") != allow {
			t.Errorf("%s: Allow is %q", path, r.header.Get("Allow"))
		}
	}
	s.host.Drain()
	s.get(t, "/v2/health/ready").refused(t, "draining", http.StatusServiceUnavailable, "about to end")
	if r := s.get(t, "/v2/health/live"); r.status != http.StatusOK {
		t.Error("a server that drains is alive")
	}
	var doc struct{ Paths map[string]map[string]any }
	if err := json.Unmarshal(s.get(t, "/v2/docs/openapi.json").body, &doc); err != nil {
		t.Fatal(err)
	}
	for path, methods := range doc.Paths { // what the document lists is there
		path = strings.NewReplacer("{model}", "two", "{version}", "1").Replace(path)
		for m := range methods {
			if r := s.send(t, strings.ToUpper(m), path, nil); r.status == http.StatusNotFound || r.status == http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d", m, path, r.status)
			}
		}
	}
}

// JSON in, JSON out: flat or nested, fields in any order, outputs in the order asked for.
func TestInferJSON(t *testing.T) {
	s := newServer(t, Options{}, serve.Options{})
	inputs := `"inputs":[{"name":"i","shape":[3],"datatype":"INT64","data":[1,-2,9223372036854775807]},` +
		`{"data":[[1,2.5],[3e0,-0.25]],"datatype":"FP32","shape":[2,2],"name":"a"},` +
		`{"name":"b","shape":[2,2],"datatype":"FP32","data":[10,20,30,40],"parameters":{"unknown":{"deep":[1,null]}}}]`
	r := s.post(t, inferTwo, `{"id":"a b","unknown":[true,{"x":"\u0041"}],`+inputs+`}`)
	want := `{"model_name":"two","model_version":"1","id":"a b","outputs":[{"name":"sum","datatype":"FP32","shape":[2,2],"data":[11,22.5,33,39.75]},{"name":"same","datatype":"INT64","shape":[3],"data":[1,-2,9223372036854775807]}]}`
	if r.status != http.StatusOK || string(r.body) != want {
		t.Errorf("%d %s\nwant %s", r.status, r.body, want)
	}
	r = s.post(t, inferTwo, `{`+inputs+`,"outputs":[{"name":"same"},{"name":"sum"}]}`)
	if d := r.document(t); d["id"] != nil || d["outputs"].([]any)[0].(map[string]any)["name"] != "same" {
		t.Errorf("%s", r.body)
	}
	r = s.post(t, inferTwo, `{`+inputs+`,"outputs":[{"name":"same"}]}`)
	if d := r.document(t); len(d["outputs"].([]any)) != 1 {
		t.Errorf("%s", r.body)
	}
	x := noise(t, 2)
	text, err := json.Marshal(x.Float32s())
	if err != nil {
		t.Fatal(err)
	}
	r = s.post(t, inferDemo, `{"inputs":[{"name":"x","shape":[2,1,28,28],"datatype":"FP32","data":`+string(text)+`}]}`)
	var got struct{ Outputs []struct{ Data []float32 } }
	if err := json.Unmarshal(r.body, &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(s.logits(t, serve.Input{Data: x}).Float32s(), got.Outputs[0].Data); d != "" {
		t.Error(d)
	}
}

// Binary tensors in and out, as tritonclient sends them by default.
func TestInferBinary(t *testing.T) {
	s := newServer(t, Options{}, serve.Options{})
	x := noise(t, 3)
	want := s.logits(t, serve.Input{Data: x}).Bytes()
	for _, more := range []string{
		`,"parameters":{"binary_data_output":true}`,
		`,"outputs":[{"name":"fc","parameters":{"binary_data":true}}]`,
		`,"parameters":{"binary_data_output":false},"outputs":[{"name":"fc","parameters":{"binary_data":true}}]`,
	} {
		body, length := binaryRequest(x, more)
		r := s.post(t, inferDemo, body, headLength, length)
		n, err := strconv.Atoi(r.header.Get(headLength))
		if err != nil || n > len(r.body) || r.header.Get("Content-Type") != "application/octet-stream" {
			t.Fatalf("%s: %d %v %s", more, r.status, r.header, r.body)
		}
		head := reply{body: r.body[:n]}.document(t)["outputs"].([]any)[0].(map[string]any)
		if size := head["parameters"].(map[string]any)["binary_data_size"]; size != float64(len(want)) || head["data"] != nil || !bytes.Equal(r.body[n:], want) {
			t.Errorf("%s: %v", more, head)
		}
	}
	for _, more := range []string{"", `,"parameters":{"binary_data_output":true},"outputs":[{"name":"fc","parameters":{"binary_data":false}}]`} {
		body, length := binaryRequest(x, more)
		if r := s.post(t, inferDemo, body, headLength, length); r.header.Get(headLength) != "" || r.document(t)["outputs"] == nil {
			t.Errorf("%s: %v", more, r.header)
		}
	}
	// Two inputs in binary and one in JSON; the binary ones follow in the order of the inputs.
	ab := make([]byte, 16)
	for i, v := range []uint32{0x3f800000, 0x40000000, 0x40400000, 0x40800000} { // 1 2 3 4
		binary.LittleEndian.PutUint32(ab[4*i:], v)
	}
	head := `{"inputs":[{"name":"b","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}},{"name":"i","shape":[3],"datatype":"INT64","data":[1,2,3]},{"name":"a","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}}],"outputs":[{"name":"sum"}]}`
	if r := s.post(t, inferTwo, head+string(ab), headLength, fmt.Sprint(len(head))); !strings.Contains(string(r.body), `"data":[4,6]`) {
		t.Errorf("%s", r.body)
	}
}

// A body of nothing but elements, header 0.
func TestInferRaw(t *testing.T) {
	s := newServer(t, Options{}, serve.Options{})
	s.post(t, inferDemo, "abcd", headLength, "0").refused(t, "two free sizes", http.StatusBadRequest, "does not tell the sizes")
	s.post(t, inferTwo, "abcd", headLength, "0").refused(t, "three inputs", http.StatusBadRequest, "has 3")
}

func TestClassification(t *testing.T) {
	s := newServer(t, Options{}, serve.Options{})
	x := noise(t, 2)
	body, length := binaryRequest(x, `,"outputs":[{"name":"fc","parameters":{"classification":3}}]`)
	var d struct {
		Outputs []struct {
			Datatype string
			Shape    []int
			Data     []string
		}
	}
	if err := json.Unmarshal(s.post(t, inferDemo, body, headLength, length).body, &d); err != nil {
		t.Fatal(err)
	}
	if o := d.Outputs[0]; o.Datatype != "BYTES" || !cmp.Equal(o.Shape, []int{2, 3}) || len(o.Data) != 6 || strings.Count(o.Data[0], ":") != 2 {
		t.Errorf("%+v", o)
	}
	body, length = binaryRequest(x, `,"outputs":[{"name":"fc","parameters":{"classification":-1}}]`)
	s.post(t, inferDemo, body, headLength, length).refused(t, "-1 classes", http.StatusBadRequest, "whole number")
	s.post(t, inferTwo, `{"inputs":[{"name":"a","shape":[1,2],"datatype":"FP32","data":[1,2]},{"name":"b","shape":[1,2],"datatype":"FP32","data":[1,2]},{"name":"i","shape":[3],"datatype":"INT64","data":[1,2,3]}],"outputs":[{"name":"same","parameters":{"classification":1}}]}`).
		refused(t, "classes of INT64", http.StatusBadRequest, "no classes")
}

// Image files: BYTES in JSON and in binary, as a body, in a form.
func TestImages(t *testing.T) {
	s := newServer(t, Options{}, serve.Options{MaxInput: 4 * 28 * 28 * 8})
	a, b := picture(t), picture(t)
	want := s.logits(t, serve.Input{Shape: tensor.Shape{2}, Images: [][]byte{a, b}})
	text := fmt.Sprintf(`{"inputs":[{"name":"x","shape":[2],"datatype":"BYTES","data":[%q,%q]}]}`, base64.StdEncoding.EncodeToString(a), base64.StdEncoding.EncodeToString(b))
	var got struct{ Outputs []struct{ Data []float32 } }
	if err := json.Unmarshal(s.post(t, inferDemo, text).body, &got); err != nil || !cmp.Equal(want.Float32s(), got.Outputs[0].Data) {
		t.Errorf("%v %+v", err, got)
	}
	var raw []byte
	for _, f := range [][]byte{a, b} {
		raw = append(binary.LittleEndian.AppendUint32(raw, uint32(len(f))), f...)
	}
	head := fmt.Sprintf(`{"inputs":[{"name":"x","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":%d}}]}`, len(raw))
	if err := json.Unmarshal(s.post(t, inferDemo, head+string(raw), headLength, fmt.Sprint(len(head))).body, &got); err != nil || !cmp.Equal(want.Float32s(), got.Outputs[0].Data) {
		t.Errorf("%v %+v", err, got)
	}
	var answer struct {
		Predictions []struct {
			Image string
			Top   []struct {
				Class int
				Label string
			}
		}
	}
	r := s.post(t, inferDemo+"?top=2", string(a), "Content-Type", "image/png")
	if err := json.Unmarshal(r.body, &answer); err != nil || len(answer.Predictions) != 1 || len(answer.Predictions[0].Top) != 2 || answer.Predictions[0].Top[0].Label == "" {
		t.Errorf("%v %s", err, r.body)
	}
	form, kind := formOf(t, a, b)
	r = s.post(t, inferDemo, form, "Content-Type", kind)
	if err := json.Unmarshal(r.body, &answer); err != nil || len(answer.Predictions) != 2 || answer.Predictions[1].Image != "1.png" || len(answer.Predictions[0].Top) != 5 {
		t.Errorf("%v %s", err, r.body)
	}
	for what, content := range map[string]string{"a name": "/etc/passwd", "an address": "https://example.org/cat.jpg", "nothing": "", "half": string(a[:len(a)/2])} {
		s.post(t, inferDemo, content, "Content-Type", "image/jpeg").refused(t, what, http.StatusBadRequest, "image")
		text := fmt.Sprintf(`{"inputs":[{"name":"x","shape":[1],"datatype":"BYTES","data":[%q]}]}`, base64.StdEncoding.EncodeToString([]byte(content)))
		s.post(t, inferDemo, text).refused(t, what, http.StatusBadRequest, "image")
	}
	form, kind = formOf(t, a, a, a, a, a, a, a, a, a)
	s.post(t, inferDemo, form, "Content-Type", kind).refused(t, "nine images", http.StatusRequestEntityTooLarge, "fewer at a time")
	s.post(t, inferDemo+"?top=0", string(a), "Content-Type", "image/png").refused(t, "top=0", http.StatusBadRequest, "top=0")
	s.post(t, inferTwo, string(a), "Content-Type", "image/png").refused(t, "no image model", http.StatusBadRequest, "no image files")
	s.post(t, inferDemo, "x", "Content-Type", "multipart/form-data").refused(t, "no boundary", http.StatusBadRequest, "boundary")
	s.post(t, inferDemo, "x", "Content-Type", kind).refused(t, "no form", http.StatusBadRequest, "no file")
	s.post(t, inferDemo, "--B\r\nContent-Disposition: form-data; name=\"image\"\r\n\r\ncat.jpg\r\n--B--\r\n", "Content-Type", "multipart/form-data; boundary=B").
		refused(t, "a field", http.StatusBadRequest, `"image" is no file`)
}

// The query's top asks for classes in place of numbers, whatever the input.
func TestTop(t *testing.T) {
	s := newServer(t, Options{}, serve.Options{})
	x := noise(t, 2)
	var got struct {
		Predictions []struct{ Top []octet.Prediction }
	}
	body, length := binaryRequest(x, "")
	r := s.post(t, inferDemo+"?top=3", body, headLength, length)
	if err := json.Unmarshal(r.body, &got); err != nil || len(got.Predictions) != 2 {
		t.Fatalf("%v %s", err, r.body)
	}
	m, err := s.host.Metadata("fashion_resnet8", "")
	if err != nil {
		t.Fatal(err)
	}
	y := s.logits(t, serve.Input{Data: x})
	for i, p := range got.Predictions {
		if want := octet.TopK(y.Float32s()[i*10:(i+1)*10], 3, m.Labels); !cmp.Equal(p.Top, want) {
			t.Errorf("row %d: %v, and the logits say %v", i, p.Top, want)
		}
	}
	image := picture(t)
	text := fmt.Sprintf(`{"inputs":[{"name":"x","shape":[1],"datatype":"BYTES","data":[%q]}]}`, base64.StdEncoding.EncodeToString(image))
	if a, b := s.post(t, inferDemo+"?top=3", text), s.post(t, inferDemo+"?top=3", string(image), "Content-Type", "image/png"); !bytes.Equal(a.body, b.body) {
		t.Errorf("an image as BYTES: %s, as a body: %s", a.body, b.body)
	}
	s.post(t, inferDemo+"?top=x", body, headLength, length).refused(t, "top=x", http.StatusBadRequest, "top=x")
	body, length = binaryRequest(x, `,"outputs":[{"name":"fc","parameters":{"classification":3}}]`)
	s.post(t, inferDemo+"?top=3", body, headLength, length).refused(t, "both", http.StatusBadRequest, "ask for its numbers")
	s.post(t, inferTwo+"?top=3", `{"inputs":[{"name":"a","shape":[1,2],"datatype":"FP32","data":[1,2]},{"name":"b","shape":[1,2],"datatype":"FP32","data":[1,2]},{"name":"i","shape":[3],"datatype":"INT64","data":[1,2,3]}]}`).
		refused(t, "no classes", http.StatusBadRequest, "FP32 [N, classes]")
}

func formOf(t *testing.T, files ...[]byte) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i, f := range files {
		p, err := w.CreateFormFile("image", fmt.Sprintf("%d.png", i))
		if err == nil {
			_, err = p.Write(f)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

func TestRepository(t *testing.T) {
	s := newServer(t, Options{}, serve.Options{})
	for _, body := range []string{"", "{}", `{"ready":true}`} {
		if r := s.post(t, "/v2/repository/index", body); string(r.body) != `[{"name":"fashion_resnet8","version":"1","state":"READY","reason":""},{"name":"two","version":"1","state":"READY","reason":""}]`+"\n" {
			t.Errorf("%s: %s", body, r.body)
		}
	}
	s.post(t, "/v2/repository/index", `{"ready":1}`).refused(t, "ready: 1", http.StatusBadRequest, "true or false")
	s.post(t, "/v2/repository/models/two/load", "").refused(t, "load", http.StatusForbidden, "--control")
	s.post(t, "/v2/repository/models/two/unload", "").refused(t, "unload", http.StatusForbidden, "--control")
	s = newServer(t, Options{}, serve.Options{Control: true})
	for _, c := range []string{"unload", "load"} {
		if r := s.post(t, "/v2/repository/models/two/"+c, `{"parameters":{"unload_dependents":false}}`); r.status != http.StatusOK {
			t.Errorf("%s: %d %s", c, r.status, r.body)
		}
		if r := s.get(t, "/v2/models/two/ready"); (r.status == http.StatusOK) != (c == "load") || c == "unload" && r.status != http.StatusServiceUnavailable {
			t.Errorf("after %s: %d", c, r.status)
		}
	}
	s.post(t, "/v2/repository/models/two/load", `{"parameters":{"config":"{}"}}`).refused(t, "config", http.StatusBadRequest, "parameter config")
	s.post(t, "/v2/repository/models/two/load", `{"parameters":{"file:1/m.onnx":"AAAA"}}`).refused(t, "a file", http.StatusBadRequest, "without files")
	for _, name := range []string{"../two", "/etc/passwd", "http://example.org/m.onnx", demo} {
		s.post(t, "/v2/repository/models/"+url.PathEscape(name)+"/load", "").refused(t, name, http.StatusNotFound, "no model")
	}
}

func TestStatistics(t *testing.T) {
	s := newServer(t, Options{}, serve.Options{})
	body, length := binaryRequest(noise(t, 4), "")
	s.post(t, inferDemo, body, headLength, length)
	s.post(t, inferDemo, `{"inputs":[]}`)
	var d struct {
		Stats []struct {
			Name       string
			Inferences int              `json:"inference_count"`
			Executions int              `json:"execution_count"`
			Stages     map[string]count `json:"inference_stats"`
			Batches    []struct {
				Size int `json:"batch_size"`
			} `json:"batch_stats"`
		} `json:"model_stats"`
	}
	if err := json.Unmarshal(s.get(t, "/v2/models/fashion_resnet8/stats").body, &d); err != nil || len(d.Stats) != 1 {
		t.Fatal(err, d)
	}
	if m := d.Stats[0]; m.Inferences != 4 || m.Executions != 1 || m.Stages["success"].Count != 1 || m.Stages["fail"].Count != 1 || m.Batches[0].Size != 4 {
		t.Errorf("%+v", m)
	}
	if err := json.Unmarshal(s.get(t, "/v2/models/stats").body, &d); err != nil || len(d.Stats) != 2 {
		t.Error(err, d)
	}
}

// count is a number of events.
type count struct{ Count int }
