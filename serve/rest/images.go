package rest

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/serve"
	"github.com/octet-ml/octet/tensor"
)

// file is an image file of a request.
type file struct {
	name    string // as the client calls it; may be empty
	content []byte
}

// parts are the files of a multipart body, in their order.
func parts(body []byte, boundary string) ([]file, error) {
	if boundary == "" {
		return nil, serve.Errorf(serve.Invalid, "multipart/form-data without a boundary")
	}
	const most = 1 << 12 // parts of a request
	var files []file
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for range most {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			if len(files) == 0 {
				return nil, serve.Errorf(serve.Invalid, "the form has no file: curl -F image=@cat.jpg sends one")
			}
			return files, nil
		}
		if err != nil {
			return nil, serve.Errorf(serve.Invalid, "multipart/form-data: %v", err)
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return nil, serve.Errorf(serve.Invalid, "multipart/form-data: %v", err)
		}
		if p.FileName() == "" {
			return nil, serve.Errorf(serve.Invalid, "the form's field %q is no file: curl -F image=@cat.jpg sends one, with its content", p.FormName())
		}
		files = append(files, file{p.FileName(), content})
	}
	return nil, serve.Errorf(serve.TooLarge, "the form has more than %d parts", most)
}

// classified is the answer to an image file.
type classified struct {
	Image string             `json:"image,omitempty"` // its name, where it has one
	Top   []octet.Prediction `json:"top"`
}

// topOf is how many classes the query of a request asks for, 0 where it does not.
func topOf(r *http.Request) (int, error) {
	text := r.URL.Query().Get("top")
	if text == "" {
		return 0, nil
	}
	top, err := strconv.Atoi(text)
	if err != nil || top < 1 {
		return 0, serve.Errorf(serve.Invalid, "top=%s: a number of classes from 1 up", text)
	}
	return top, nil
}

// images answers a request that is image files: the likeliest classes of each, or all outputs
// of a model that gives none. The query's top says how many classes, 5 by default.
func (h *handler) images(w http.ResponseWriter, r *http.Request, name, version string, files []file) {
	top, err := topOf(r)
	if err != nil {
		fail(w, err)
		return
	}
	m, err := h.host.Metadata(name, version)
	if err != nil {
		fail(w, err)
		return
	}
	if len(m.Inputs) != 1 {
		failWith(w, http.StatusBadRequest, "model "+name+" has "+strconv.Itoa(len(m.Inputs))+" inputs, and takes no image files")
		return
	}
	in := serve.Input{Name: m.Inputs[0].Name, Shape: tensor.Shape{len(files)}}
	for _, f := range files {
		in.Images = append(in.Images, f.content)
	}
	done, err := h.host.Infer(r.Context(), name, version, &serve.Request{Inputs: []serve.Input{in}})
	if err != nil {
		fail(w, err)
		return
	}
	rows := rowsOf(done)
	if len(rows) != len(files) {
		head, _, err := write(done, func(string) bool { return false })
		if err != nil {
			fail(w, err)
			return
		}
		send(w, r, head, nil)
		return
	}
	if top == 0 {
		top = 5
	}
	list := predictions(rows, top, m.Labels)
	for i := range list {
		list[i].Image = files[i].name
	}
	answerClasses(w, done, list)
}

// classes answers a request of tensors with the likeliest classes of each row.
func (h *handler) classes(w http.ResponseWriter, name string, done *serve.Response, top int) {
	rows := rowsOf(done)
	if rows == nil {
		failWith(w, http.StatusBadRequest, "top="+strconv.Itoa(top)+": model "+name+" does not answer with one output FP32 [N, classes]: ask for its numbers")
		return
	}
	m, err := h.host.Metadata(done.Model, done.Version)
	if err != nil {
		fail(w, err)
		return
	}
	answerClasses(w, done, predictions(rows, top, m.Labels))
}

func predictions(rows [][]float32, top int, labels []string) []classified {
	list := []classified{}
	for _, row := range rows {
		list = append(list, classified{Top: octet.TopK(row, top, labels)})
	}
	return list
}

func answerClasses(w http.ResponseWriter, done *serve.Response, list []classified) {
	answer(w, http.StatusOK, struct {
		Model       string       `json:"model_name"`
		Version     string       `json:"model_version"`
		Predictions []classified `json:"predictions"`
	}{done.Model, done.Version, list})
}

// rowsOf are the numbers of each input where the only output is classes; else nil.
func rowsOf(r *serve.Response) [][]float32 {
	if len(r.Outputs) != 1 || r.Outputs[0].Data == nil {
		return nil
	}
	return serve.ClassRows(r.Outputs[0].Data)
}
