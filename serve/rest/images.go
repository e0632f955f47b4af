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

// images answers a request that is image files: the likeliest classes of each, or all outputs
// of a model that gives none. The query's top says how many classes, 5 by default.
func (h *handler) images(w http.ResponseWriter, r *http.Request, name, version string, files []file) {
	top := 5
	if text := r.URL.Query().Get("top"); text != "" {
		var err error
		if top, err = strconv.Atoi(text); err != nil || top < 1 {
			failWith(w, http.StatusBadRequest, "top="+text+": a number of classes from 1 up")
			return
		}
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
	rows := rowsOf(done, len(files))
	if rows == nil {
		head, _, err := write(done, func(string) bool { return false })
		if err != nil {
			fail(w, err)
			return
		}
		send(w, r, head, nil)
		return
	}
	list := []classified{}
	for i, row := range rows {
		list = append(list, classified{files[i].name, octet.TopK(row, top, m.Labels)})
	}
	answer(w, http.StatusOK, struct {
		Model       string       `json:"model_name"`
		Version     string       `json:"model_version"`
		Predictions []classified `json:"predictions"`
	}{done.Model, done.Version, list})
}

// rowsOf are the numbers of n inputs where the only output is classes; else nil.
func rowsOf(r *serve.Response, n int) [][]float32 {
	if len(r.Outputs) != 1 {
		return nil
	}
	y := r.Outputs[0].Data
	if y.DType() != tensor.Float32 || len(y.Shape()) < 2 || y.Dim(0) != n || y.Shape()[2:].Numel() != 1 {
		return nil
	}
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = y.Float32s()[i*y.Dim(1) : (i+1)*y.Dim(1)]
	}
	return rows
}
