package rest

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/octet-ml/octet/serve"
	"github.com/octet-ml/octet/tensor"
)

// headLength is the header with the length of the JSON in front of binary data.
const headLength = "Inference-Header-Content-Length"

// infer answers a request for a model: the protocol's, or image files.
func (h *handler) infer(name, version string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		// Whoever may not infer now need not send a body for it.
		if err := h.host.Admit(name, version); err != nil {
			refuse(w, r, err)
			return
		}
		if r.ContentLength > h.opts.MaxBody {
			fail(w, h.tooLarge())
			return
		}
		release, err := h.reserve(r)
		if err != nil {
			refuse(w, r, err)
			return
		}
		defer release()
		kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		lead, _ := strconv.Atoi(r.Header.Get(headLength)) // read judges it
		c, err := h.body(w, r, lead)
		if err != nil {
			fail(w, err)
			return
		}
		switch {
		case strings.HasPrefix(kind, "image/"):
			h.images(w, r, name, version, []file{{"", c.text}})
		case kind == "multipart/form-data":
			files, err := parts(c.text, params["boundary"])
			if err != nil {
				fail(w, err)
				return
			}
			h.images(w, r, name, version, files)
		default:
			h.tensors(w, r, name, version, c)
		}
	}
}

// tensors answers a request of the protocol; where its query has top, as image files are.
func (h *handler) tensors(w http.ResponseWriter, r *http.Request, name, version string, c content) {
	q, err := h.read(r, name, version, c.text)
	if err != nil {
		fail(w, err)
		return
	}
	top, err := topOf(r)
	if err != nil {
		fail(w, err)
		return
	}
	if r.Header.Get(headLength) == "" { // JSON is read into other memory: the next body may have its own now
		h.free(c)
		c = content{}
	}
	done, err := h.host.Infer(r.Context(), name, version, &q.Request)
	if err != nil { // perhaps another request's goroutine still computes with what is in the body
		fail(w, err)
		return
	}
	defer h.free(c)
	if top > 0 {
		h.classes(w, name, done, top)
		return
	}
	head, data, err := write(done, q.binaryOf)
	if err != nil {
		fail(w, err)
		return
	}
	send(w, r, head, data)
}

// read parses a request.
func (h *handler) read(r *http.Request, name, version string, body []byte) (*inferRequest, error) {
	text := r.Header.Get(headLength)
	if text == "" {
		return parseInfer(body, nil)
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > len(body) {
		return nil, serve.Errorf(serve.Invalid, "%s is %q, and the body has %d bytes", headLength, text, len(body))
	}
	if n == 0 {
		return h.raw(name, version, body)
	}
	return parseInfer(body[:n], body[n:])
}

// raw is a request that is the elements of the model's only input, for a batch of one.
func (h *handler) raw(name, version string, body []byte) (*inferRequest, error) {
	m, err := h.host.Metadata(name, version)
	if err != nil {
		return nil, err
	}
	if len(m.Inputs) != 1 {
		return nil, serve.Errorf(serve.Invalid, "a body of nothing but elements is for models with one input; %s has %d", name, len(m.Inputs))
	}
	p := m.Inputs[0]
	d, err := serve.ParseDatatype(p.Datatype)
	if err != nil {
		return nil, err
	}
	shape, known, free := tensor.Shape(p.Shape).Clone(), d.Size(), -1
	for i, n := range shape {
		switch {
		case n >= 0:
			known *= n
		case i == 0 && len(shape) > 1:
			shape[i] = 1
		case free >= 0:
			return nil, serve.Errorf(serve.Invalid, "a body of nothing but elements does not tell the sizes of input %s, %v: send the request in JSON with a shape", p.Name, p.Shape)
		default:
			free = i
		}
	}
	if free >= 0 && known > 0 {
		shape[free] = len(body) / known
	}
	in, err := serve.Raw(p.Name, p.Datatype, shape, body)
	if err != nil {
		return nil, err
	}
	return &inferRequest{Request: serve.Request{Inputs: []serve.Input{in}}, binary: true}, nil
}

// send writes an answer: JSON, and binary data behind it.
func send(w http.ResponseWriter, r *http.Request, head []byte, data [][]byte) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	if data != nil {
		header.Set("Content-Type", "application/octet-stream")
		header.Set(headLength, strconv.Itoa(len(head)))
	}
	all := append([][]byte{head}, data...)
	encoding, packed, err := pack(r.Header.Get("Accept-Encoding"), all...)
	switch {
	case err != nil:
		fail(w, err)
		return
	case encoding != "":
		header.Set("Content-Encoding", encoding)
		all = [][]byte{packed}
	}
	size := 0
	for _, b := range all {
		size += len(b)
	}
	header.Set("Content-Length", strconv.Itoa(size))
	w.WriteHeader(http.StatusOK)
	for _, b := range all {
		if _, err := w.Write(b); err != nil {
			return // the client has gone
		}
	}
}
