package rest

import (
	"encoding/json"
	"testing"

	"github.com/octet-ml/octet/serve"
)

// Whatever a client sends is a request or an error that blames it, and what is taken is valid
// JSON whose data fills its shape.
func FuzzInfer(f *testing.F) {
	f.Add([]byte(`{"id":"1","inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[[1.5,-2e3]]}],"outputs":[{"name":"y","parameters":{"classification":2}}]}`), 0)
	f.Add([]byte(`{"inputs":[{"data":["AAAA"],"name":"x","shape":[1],"datatype":"BYTES"}],"parameters":{"timeout":5}}`), 0)
	f.Add([]byte(`{"inputs":[{"name":"x","shape":[2],"datatype":"INT16","parameters":{"binary_data_size":4}}]}abcd`), 4)
	f.Add([]byte(`{"inputs":[{"name":"x","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":8}}]}`+"\x04\x00\x00\x00abcd"), 8)
	f.Fuzz(func(t *testing.T, b []byte, tail int) {
		tail = min(max(tail, 0), len(b))
		head, rest := b[:len(b)-tail], b[len(b)-tail:]
		q, err := parseInfer(head, rest)
		if err != nil {
			if e := serve.AsError(err); e.Code != serve.Invalid && e.Code != serve.Unimplemented {
				t.Fatalf("%d %v", e.Code, err)
			}
			return
		}
		if !json.Valid(head) {
			t.Fatalf("%q is no JSON, and was taken", head)
		}
		for _, in := range q.Inputs {
			if n, err := in.Shape.CheckedNumel(); err != nil || in.Data == nil && n != len(in.Images) || in.Data != nil && n != in.Data.Numel() {
				t.Fatalf("%+v", in)
			}
		}
	})
}

func FuzzParts(f *testing.F) {
	f.Add([]byte("--B\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n\r\nxyz\r\n--B--\r\n"), "B")
	f.Add([]byte("--B\r\n\r\n\r\n--B"), "B")
	f.Fuzz(func(t *testing.T, b []byte, boundary string) {
		files, err := parts(b, boundary)
		if e := serve.AsError(err); e != nil && e.Code != serve.Invalid && e.Code != serve.TooLarge {
			t.Fatal(err)
		}
		if err == nil && len(files) == 0 {
			t.Fatal("no file, and no error")
		}
	})
}
